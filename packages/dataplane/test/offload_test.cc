/** Segmentation and coalescing are each other's inverse; broken offload headers are refused. */
#include "check.h"
#include "net/coalesce.h"
#include "net/segment.h"
#include "packets.h"

using namespace xfrmd;

namespace {

using Frame = std::vector<uint8_t>;

/** Collects what would be written to a TUN. */
class Recorder final : public FrameSink {
 public:
  void write_frame(void*, std::span<const iovec> parts) override {
    VirtioHeader header;
    std::memcpy(&header, parts[0].iov_base, sizeof header);
    Frame frame;
    for (const iovec& part : parts.subspan(1)) {
      const auto* data = static_cast<const uint8_t*>(part.iov_base);
      frame.insert(frame.end(), data, data + part.iov_len);
    }
    headers.push_back(header);
    frames.push_back(frame);
  }
  std::vector<VirtioHeader> headers;
  std::vector<Frame> frames;
};

std::vector<Frame> split(Frame frame, const VirtioHeader& header) {
  frame.resize(frame.size() + kTailRoom);
  auto packet = parse_packet({frame.data(), frame.size() - kTailRoom});
  std::vector<Frame> segments;
  if (!packet) return segments;
  auto segmenter = Segmenter::make(*packet, header);
  if (!segmenter) return segments;
  while (const auto segment = segmenter->next()) {
    segments.emplace_back(segment->begin(), segment->end());
    std::memset(segment->data() + segment->size(), 0xee, kTailRoom);  // what ESP does with the room
  }
  return segments;
}

void add_all(Coalescer& coalescer, std::vector<Frame>& frames) {
  for (Frame& frame : frames) coalescer.add(nullptr, *parse_packet(frame), true);
  coalescer.flush();
}

}  // namespace

TEST(coalesced_then_split_gives_the_same_packets) {
  for (const int version : {4, 6})
    for (const size_t last : {700u, 1300u}) {
      std::vector<Frame> original;
      for (uint32_t i = 0; i < 10; i++) {
        original.push_back(packets::tcp(version, 1000 + i * 1300, i == 9 ? last : 1300, i == 9 ? 0x18 : 0x10, check::hex("0101080a0000000100000002")));
        if (version == 4) {
          store16(&original.back()[4], static_cast<uint16_t>(100 + i));
          store_ipv4_checksum(original.back().data(), 20);
        }
      }
      auto frames = original;
      Recorder recorder;
      Coalescer coalescer(recorder);
      add_all(coalescer, frames);
      CHECK(recorder.frames.size() == 1);
      CHECK(recorder.headers[0].gso_size == 1300 && recorder.headers[0].flags == kVirtioNeedsChecksum);
      CHECK(split(recorder.frames[0], recorder.headers[0]) == original);
    }
}

TEST(udp_round_trip) {
  for (const int version : {4, 6}) {
    std::vector<Frame> original(6, packets::udp(version, 900));
    original.push_back(packets::udp(version, 100));
    if (version == 4)
      for (size_t i = 0; i < original.size(); i++) {
        store16(&original[i][4], static_cast<uint16_t>(100 + i));
        store_ipv4_checksum(original[i].data(), 20);
      }
    auto frames = original;
    Recorder recorder;
    Coalescer coalescer(recorder);
    add_all(coalescer, frames);
    CHECK(recorder.frames.size() == 1 && recorder.headers[0].gso_type == kVirtioGsoUdp);
    CHECK(split(recorder.frames[0], recorder.headers[0]) == original);
  }
}

TEST(many_flows_in_turn_are_each_put_together) {
  constexpr size_t kFlows = 50, kRounds = 4;
  std::vector<Frame> frames;
  for (size_t round = 0; round < kRounds; round++)
    for (size_t i = 0; i < kFlows; i++) {
      Frame frame = packets::udp(6, 200);
      store16(&frame[40], static_cast<uint16_t>(1000 + i));
      packets::finish_upper(frame, 40, IPPROTO_UDP, 6);
      frames.push_back(frame);
    }
  // One that can't be merged, in the middle of one flow: what comes before it goes before it, the other flows do not notice.
  Frame damaged = frames[7];
  damaged.back() ^= 1;
  frames.insert(frames.begin() + 2 * kFlows, damaged);
  Recorder recorder;
  Coalescer coalescer(recorder);
  add_all(coalescer, frames);
  CHECK(recorder.frames.size() == kFlows + 2);
  CHECK(recorder.headers[0].gso_size == 200 && recorder.frames[1] == damaged);
  size_t bytes = 0;
  for (const Frame& frame : recorder.frames) bytes += frame.size() - 48;
  CHECK(bytes == 200 * (kFlows * kRounds + 1));
}

TEST(does_not_merge_what_differs) {
  const auto merged_count = [](std::vector<Frame> frames) {
    Recorder recorder;
    Coalescer coalescer(recorder);
    add_all(coalescer, frames);
    return recorder.frames.size();
  };
  const Frame first = packets::tcp(4, 1, 1000);
  CHECK(merged_count({first, packets::tcp(4, 1001, 1000)}) == 1);
  CHECK(merged_count({first, packets::tcp(4, 1002, 1000)}) == 2);        // gap
  CHECK(merged_count({first, packets::tcp(4, 1001, 1200)}) == 2);        // longer than the first
  CHECK(merged_count({first, packets::tcp(4, 1001, 1000, 0x11)}) == 2);  // FIN
  Frame damaged = packets::tcp(4, 1001, 1000);
  damaged[100] ^= 1;
  CHECK(merged_count({first, damaged}) == 2);  // checksum wrong: passed on alone for the receiver to refuse
  Frame marked = packets::tcp(4, 1001, 1000);
  marked[1] = 3;
  store_ipv4_checksum(marked.data(), 20);
  CHECK(merged_count({first, marked}) == 2);  // congestion mark
  Frame accurate = packets::tcp(4, 1001, 1000);
  accurate[32] |= 1;
  packets::finish_upper(accurate, 20, IPPROTO_TCP, 16);
  CHECK(merged_count({first, accurate}) == 2);  // Accurate ECN bit
}

TEST(keeps_the_order_of_a_flow) {
  std::vector<Frame> frames{packets::tcp(4, 1, 1000), packets::tcp(4, 1001, 1000), packets::tcp(4, 2001, 0), packets::tcp(4, 2001, 500)};
  Recorder recorder;
  Coalescer coalescer(recorder);
  add_all(coalescer, frames);
  CHECK(recorder.frames.size() == 3);
  CHECK(recorder.frames[0].size() == 2040 && recorder.frames[1].size() == 40 && recorder.frames[2].size() == 540);
}

TEST(refuses_offload_headers_that_lie) {
  Frame frame = packets::tcp(4, 1, 4000);
  VirtioHeader header{kVirtioNeedsChecksum, kVirtioGsoTcp4, 40, 1000, 20, 16};
  CHECK(split(frame, header).size() == 4);
  auto wrong = header;
  wrong.gso_size = 0;
  CHECK(split(frame, wrong).empty());
  wrong = header;
  wrong.gso_type = kVirtioGsoTcp6;
  CHECK(split(frame, wrong).empty());
  wrong = header;
  wrong.gso_type = 3;  // UFO was never offered
  CHECK(split(frame, wrong).empty());
  Frame long_header = frame;
  long_header[32] = 0xf0;
  CHECK(split(long_header, header).size() == 4);  // 60 bytes of TCP header are legal
  Frame short_header = frame;
  short_header[32] = 0x40;
  CHECK(split(short_header, header).empty());
  auto packet = parse_packet(frame);
  wrong = header;
  wrong.checksum_start = 65'000;
  CHECK(!complete_checksum(*packet, wrong));
  wrong.checksum_start = static_cast<uint16_t>(frame.size() - 1);
  wrong.checksum_offset = 0;
  CHECK(!complete_checksum(*packet, wrong));
}

RUN_TESTS
