/** The methods of the control socket: parameters in, result out. Nothing here holds state of its own. */
#pragma once
#include "capture/recorder.h"
#include "control/parameters.h"
#include "control/xfrm_server.h"
#include "sandbox/confinement.h"

namespace xfrmd {

class Methods {
 public:
  Methods(DataPlane& plane, XfrmService& service, XfrmServer& server, const Confinement& confinement, Recorder& recorder);

  /** @throws MethodError (unknown-method, invalid-parameter), std::system_error */
  Json call(const std::string& method, const Json& params);

 private:
  Json health() const;
  Json create_tunnel(const Json& params);
  Json delete_tunnel(const Json& params);
  Json list_tunnels() const;
  Json statistics();
  Json stop_capture(const Json& params);
  Json list_captures() const;

  DataPlane& plane_;
  XfrmService& service_;
  XfrmServer& server_;
  const Confinement& confinement_;
  Recorder& recorder_;
  const uint64_t started_at_;
};

}  // namespace xfrmd
