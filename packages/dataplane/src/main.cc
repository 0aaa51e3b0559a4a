/**
 * xfrmd: the Linux XFRM interface and ESP in user space. See docs/architecture/dataplane.md.
 *   xfrmd --directory DIR [--workers N] [--gcm openssl|ipsec-mb]
 * Opens DIR/xfrm.sock and DIR/control.sock, prints one line when ready, runs until SIGTERM or SIGINT. DIR is the caller's, 0700.
 */
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_server.h"
#include "esp/gcm_library.h"
#include "sandbox/confinement.h"
#include "sandbox/privileges.h"

namespace {

using namespace xfrmd;

struct Options {
  std::string directory;
  size_t workers = 0;
  std::optional<GcmLibrary> gcm;  // nothing: the fastest that is there
};

// More than this many packet threads has not been measured to help.
constexpr size_t kMaxWorkers = 64;

bool parse_options(int count, char** values, Options& options) {
  for (int i = 1; i < count; i++) {
    const std::string_view name = values[i];
    if (i + 1 >= count) return false;
    const std::string_view value = values[++i];
    if (name == "--directory") {
      options.directory = value;
    } else if (name == "--workers") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.workers);
      if (error != std::errc() || end != value.data() + value.size() || options.workers == 0 || options.workers > kMaxWorkers) return false;
    } else if (name == "--gcm") {
      for (const auto library : {GcmLibrary::OpenSsl, GcmLibrary::IpsecMb})
        if (value == gcm_library_name(library)) options.gcm = library;
      if (!options.gcm) return false;
    } else {
      return false;
    }
  }
  return !options.directory.empty();
}

/** Before any SA, and before the process gives up what loading a library may need. @throws when the one asked for is not here */
void choose_gcm_library(std::optional<GcmLibrary> wanted) {
  if (wanted && !use_gcm_library(*wanted))
    throw std::runtime_error(std::string("AES-GCM by ") + gcm_library_name(*wanted) + ": the library is not installed or does not work here");
  if (!wanted) use_gcm_library(GcmLibrary::IpsecMb);
}

/** One thread does all on up to two processors; beyond that half of them receive and half send. */
size_t default_workers() {
  constexpr size_t kEnough = 8;
  const size_t processors = std::thread::hardware_concurrency();
  return processors <= 2 ? 1 : std::min(processors, kEnough);
}

Fd signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);  // before any thread starts
  return Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/** The one folder that files may be made in from now on. */
std::string make_captures_folder(const std::string& directory) {
  std::string folder = directory + "/captures";
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) throw std::system_error(errno, std::generic_category(), folder);
  return folder;
}

void run(const Options& options) {
  raise_descriptor_limit();
  choose_gcm_library(options.gcm);
  RawSockets raw_sockets = RawSockets::open();  // needs CAP_NET_RAW
  drop_privileges();
  const Fd signals = signal_descriptor();
  EventLoop loop;
  DataPlane plane(options.workers != 0 ? options.workers : default_workers(), std::move(raw_sockets));
  XfrmService service(plane);
  XfrmServer xfrm_server(loop, plane, service, options.directory + "/xfrm.sock");
  Confinement confinement;
  const std::string captures = make_captures_folder(options.directory);
  Recorder recorder(plane.tables(), captures, [&] { confinement.confine_worker(); });
  Methods methods(plane, service, xfrm_server, confinement, recorder);
  ControlServer control_server(loop, methods, options.directory + "/control.sock");
  loop.add(plane.notices().fd(), EPOLLIN, [&](uint32_t) { service.handle_notices(); });
  loop.add(signals.get(), EPOLLIN, [&](uint32_t) { loop.stop(); });
  const std::unique_ptr<DataPlane, decltype([](DataPlane* running) { running->stop(); })> stops_first(&plane);
  confinement = Confinement::enter(captures);
  plane.start([&] { confinement.confine_worker(); });
  log_info("xfrmd %s: %zu workers, AES-GCM by %s", XFRMD_VERSION, plane.worker_count(), describe_gcm_library(gcm_library()).c_str());
  if (::write(STDOUT_FILENO, "xfrmd ready\n", 12) < 0) log_warn("nobody reads that xfrmd is ready");
  uint64_t last_tick = steady_seconds();
  loop.run([&] {
    if (const uint64_t now = steady_seconds(); now != last_tick) {
      last_tick = now;
      service.tick();
    }
    constexpr int kTickMs = 1000, kReclaimMs = 5;
    return plane.collect() ? kReclaimMs : kTickMs;
  });
  log_info("stopping");
  plane.stop();
  plane.remove_links();
}

}  // namespace

int main(int count, char** values) {
  Options options;
  if (!parse_options(count, values, options)) {
    fprintf(stderr, "usage: xfrmd --directory DIR [--workers N] [--gcm openssl|ipsec-mb]\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  try {
    run(options);
    return 0;
  } catch (const std::exception& error) {
    log_error("%s", error.what());
    return 1;
  }
}
