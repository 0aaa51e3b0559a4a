/** Rings, filters and files of captures, without packet threads. With them and tshark as the reader: capture.real.ts. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "capture/pcapng.h"
#include "capture/recorder.h"
#include "check.h"
#include "packets.h"

using namespace xfrmd;

namespace {

struct Folder {
  std::string path = "/tmp/sp-capture-XXXXXX";
  Folder() { CHECK(::mkdtemp(path.data()) != nullptr); }
  ~Folder() { CHECK(std::system(("rm -r " + path).c_str()) == 0); }
};

uint64_t size_of(const std::string& path) {
  struct stat info {};
  CHECK(::stat(path.c_str(), &info) == 0);
  return static_cast<uint64_t>(info.st_size);
}

CaptureSettings settings_of(const char* name) {
  CaptureSettings settings;
  settings.name = name;
  settings.max_bytes = 1 << 20;
  return settings;
}

const std::vector<uint8_t> kBody(1000, 0xab);

}  // namespace

TEST(a_full_ring_loses_the_newest_and_gives_the_rest_in_order) {
  CaptureRing ring(4096);
  uint32_t pushed = 0;
  while (ring.push({pushed, 1000, 1000, false}, {}, kBody)) pushed++;
  CHECK(pushed >= 3);
  uint8_t bytes[1000];
  uint32_t popped = 0;
  while (ring.pop(bytes, [&](const CaptureRing::Record& record, std::span<const uint8_t> got) {
    CHECK(record.nanoseconds == popped && check::equal(got, kBody));
  }))
    popped++;
  CHECK(popped == pushed);
  for (int i = 0; i < 100; i++) {  // round and round
    CHECK(ring.push({0, 1000, 333, true}, {kBody.data(), 20}, {kBody.data() + 20, 980}));
    CHECK(ring.pop(bytes, [&](const CaptureRing::Record& record, std::span<const uint8_t> got) {
      CHECK(record.is_inbound && got.size() == 333 && check::equal(got, std::span(kBody).first(333)));
    }));
  }
}

TEST(two_threads_share_a_ring) {
  CaptureRing ring(1 << 16);
  constexpr uint64_t kCount = 20'000;
  std::jthread producer([&] {
    for (uint64_t i = 0; i < kCount; i++)
      while (!ring.push({i, 100, 100, false}, {}, std::span(kBody).first(100))) std::this_thread::yield();
  });
  uint8_t bytes[100];
  for (uint64_t expected = 0; expected < kCount;)
    if (!ring.pop(bytes, [&](const CaptureRing::Record& record, std::span<const uint8_t>) { CHECK(record.nanoseconds == expected++); }))
      std::this_thread::yield();
}

TEST(filters_look_at_both_ends) {
  auto bytes = packets::udp(4, 10);  // 10.1.0.1:40000 to 10.2.0.1:53
  const FlowKey flow = FlowKey::of(*parse_packet(bytes));
  CaptureFilter filter;
  CHECK(filter.takes(flow));
  filter.port = swap_if_little(uint16_t{53});
  CHECK(filter.takes(flow));
  filter.protocol = IPPROTO_TCP;
  CHECK(!filter.takes(flow));
  filter.protocol = IPPROTO_UDP;
  filter.address = Address::from_bytes(AF_INET, "\x0a\x01\x00\x01");
  CHECK(filter.takes(flow));
  filter.address = Address::from_bytes(AF_INET, "\x0a\x01\x00\x02");
  CHECK(!filter.takes(flow));
  filter.address = Address::from_bytes(AF_INET6, "\x0a\x01\x00\x01\0\0\0\0\0\0\0\0\0\0\0\0");
  CHECK(!filter.takes(flow));
}

TEST(a_file_never_outgrows_its_limit_and_the_rest_is_counted) {
  const Folder folder;
  Tables tables;
  const Tap tap(tables.captures());
  Recorder recorder(tables, folder.path, [] {});
  recorder.start(settings_of("one"));
  Capture& capture = *tables.captures().current()->front();
  constexpr uint64_t kOffered = 2000;
  for (uint64_t i = 0; i < kOffered; i++) capture.offer(0, true, {}, kBody, i);
  const auto stopped = recorder.stop("one");
  CHECK(tables.captures().current() == nullptr);
  const auto progress = stopped->progress();
  CHECK(progress.is_full && progress.packets + progress.dropped == kOffered && progress.packets > 900);
  const uint64_t size = size_of(stopped->paths().front());
  CHECK(size == progress.bytes && size <= 1 << 20);
  struct stat info {};
  CHECK(::stat(stopped->paths().front().c_str(), &info) == 0 && (info.st_mode & 0777) == 0600);
}

TEST(a_ring_of_files_keeps_the_newest) {
  const Folder folder;
  Tables tables;
  const Tap tap(tables.captures());
  Recorder recorder(tables, folder.path, [] {});
  CaptureSettings settings = settings_of("round");
  settings.files = 4;
  recorder.start(settings);
  Capture& capture = *tables.captures().current()->front();
  for (uint64_t i = 0; i < 3000; i++) capture.offer(0, false, {}, kBody, i);
  const auto stopped = recorder.stop("round");
  const auto progress = stopped->progress();
  CHECK(!progress.is_full && progress.dropped == 0 && progress.packets == 3000 && progress.bytes > 3'000'000);
  CHECK(stopped->paths().size() == 4);
  uint64_t all = 0;
  for (const std::string& path : stopped->paths()) all += size_of(path);
  CHECK(all <= 1 << 20 && all > 3 << 18);
}

TEST(names_are_taken_once) {
  const Folder folder;
  Tables tables;
  const Tap tap(tables.captures());
  Recorder recorder(tables, folder.path, [] {});
  const auto fails_with = [&](const CaptureSettings& settings, int error) {
    try {
      recorder.start(settings);
    } catch (const std::system_error& refused) {
      return refused.code().value() == error;
    }
    return false;
  };
  recorder.start(settings_of("one"));
  CHECK(fails_with(settings_of("one"), EEXIST));
  recorder.stop("one");
  CHECK(fails_with(settings_of("one"), EEXIST));  // its file is there
  CHECK(recorder.running().empty() && recorder.stop("one") == nullptr);
  for (size_t i = 0; i < Recorder::kMaxCaptures; i++) recorder.start(settings_of(("n" + std::to_string(i)).c_str()));
  CHECK(fails_with(settings_of("more"), EMFILE));
}

RUN_TESTS
