/**
 * One line on the control socket, from JSON to the answer of the real methods. This process may not make network devices, so
 * createTunnel ends at the kernel's refusal, and startCapture for want of a folder. Besides: what was parsed prints to something that parses again.
 */
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "control/control_server.h"
#include "require.h"

using namespace xfrmd;

namespace {

void give_up_network_administration() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  REQUIRE(::syscall(SYS_capget, &header, data) == 0);
  data[0].effective &= ~(1u << CAP_NET_ADMIN);
  data[0].permitted &= ~(1u << CAP_NET_ADMIN);
  REQUIRE(::syscall(SYS_capset, &header, data) == 0);
}

/** The socket's folder is only needed while it is bound. */
std::string bound_once(const char* text) {
  std::string folder = text;
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  return folder;
}

struct World {
  const std::string folder = bound_once("/tmp/sp-fuzz-XXXXXX");
  DataPlane plane{1};
  XfrmService service{plane};
  EventLoop loop;
  XfrmServer server{loop, plane, service, folder + "/xfrm.sock"};
  Confinement confinement;
  Recorder recorder{plane.tables(), "/nonexistent", [] {}};
  Methods methods{plane, service, server, confinement, recorder};
  World() {
    ::unlink((folder + "/xfrm.sock").c_str());
    ::rmdir(folder.c_str());
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* world = (silence_log(), give_up_network_administration(), new World);
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  if (const auto value = Json::parse(line)) REQUIRE(Json::parse(value->print()));
  const std::string reply = answer(world->methods, line);
  REQUIRE(!reply.empty() && reply.find('\n') == reply.size() - 1);
  const auto parsed = Json::parse(std::string_view(reply).substr(0, reply.size() - 1));
  REQUIRE(parsed && parsed->find("id") != nullptr && (parsed->find("result") != nullptr) != (parsed->find("error") != nullptr));
  return 0;
}
