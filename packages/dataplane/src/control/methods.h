/** The methods of the control socket: parameters in, result out. Nothing here holds state of its own. */
#pragma once
#include <stdexcept>

#include "control/json.h"
#include "control/xfrm_server.h"
#include "sandbox/confinement.h"

namespace xfrmd {

class MethodError : public std::runtime_error {
 public:
  MethodError(const char* error_code, const std::string& message) : std::runtime_error(message), code(error_code) {}
  const char* const code;
};

class Methods {
 public:
  Methods(DataPlane& plane, XfrmService& service, XfrmServer& server, const Confinement& confinement);

  /** @throws MethodError (unknown-method, invalid-parameter), std::system_error */
  Json call(const std::string& method, const Json& params);

 private:
  Json health() const;
  Json create_tunnel(const Json& params);
  Json delete_tunnel(const Json& params);
  Json list_tunnels() const;
  Json statistics();

  DataPlane& plane_;
  XfrmService& service_;
  XfrmServer& server_;
  const Confinement& confinement_;
  const uint64_t started_at_;
};

}  // namespace xfrmd
