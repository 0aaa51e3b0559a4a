/** Blocks in native byte order, as the section header's magic number says. */
#include "capture/pcapng.h"

#include "base/bytes.h"

namespace xfrmd {
namespace {

enum BlockType : uint32_t { kSection = 0x0a0d0d0a, kInterface = 1, kStatistics = 5, kPacket = 6 };
enum Option : uint16_t { kEnd = 0, kInterfaceName = 2, kPacketFlags = 2, kInterfaceReceived = 4, kInterfaceDropped = 5, kTimeResolution = 9 };

/** Appends one block; the length at both its ends is put in last. */
class Block {
 public:
  Block(std::vector<uint8_t>& out, BlockType type) : out_(out), start_(out.size()) { word(type).word(0); }
  ~Block() {
    const auto length = static_cast<uint32_t>(out_.size() - start_ + sizeof(uint32_t));
    word(length);
    store_raw(&out_[start_ + 4], length);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <class T>
  Block& put(T value) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
    out_.insert(out_.end(), bytes, bytes + sizeof value);
    return *this;
  }
  Block& word(uint32_t value) { return put(value); }
  /** A point in time, the upper half first. */
  Block& time(uint64_t nanoseconds) { return word(static_cast<uint32_t>(nanoseconds >> 32)).word(static_cast<uint32_t>(nanoseconds)); }
  Block& bytes(std::span<const uint8_t> data) {
    out_.insert(out_.end(), data.begin(), data.end());
    out_.resize(out_.size() + (4 - data.size() % 4) % 4);
    return *this;
  }
  Block& option(Option code, std::span<const uint8_t> data) {
    return put<uint16_t>(code).put(static_cast<uint16_t>(data.size())).bytes(data);
  }
  template <class T>
  Block& option(Option code, T value) {
    return option(code, std::span(reinterpret_cast<const uint8_t*>(&value), sizeof value));
  }
  Block& end_of_options() { return word(kEnd); }

 private:
  std::vector<uint8_t>& out_;
  const size_t start_;
};

}  // namespace

std::vector<uint8_t> Pcapng::start(const std::string& name, uint32_t snap_length) {
  std::vector<uint8_t> out;
  constexpr uint32_t kByteOrder = 0x1a2b3c4d;
  constexpr uint64_t kUnknownLength = UINT64_MAX;
  Block(out, kSection).word(kByteOrder).put<uint16_t>(1).put<uint16_t>(0).put(kUnknownLength);
  constexpr uint16_t kRawIp = 101;  // LINKTYPE_RAW
  constexpr uint8_t kNanoseconds = 9;
  Block(out, kInterface)
      .put(kRawIp)
      .put<uint16_t>(0)
      .word(snap_length)
      .option(kInterfaceName, std::span(reinterpret_cast<const uint8_t*>(name.data()), name.size()))
      .option(kTimeResolution, kNanoseconds)
      .end_of_options();
  return out;
}

void Pcapng::add_packet(std::vector<uint8_t>& out, const CaptureRing::Record& record, std::span<const uint8_t> bytes) {
  constexpr uint32_t kInbound = 1, kOutbound = 2;
  Block(out, kPacket)
      .word(0)
      .time(record.nanoseconds)
      .word(record.stored)
      .word(record.length)
      .bytes(bytes)
      .option(kPacketFlags, record.is_inbound ? kInbound : kOutbound)
      .end_of_options();
}

std::vector<uint8_t> Pcapng::end(uint64_t nanoseconds, uint64_t seen, uint64_t dropped) {
  std::vector<uint8_t> out;
  Block(out, kStatistics).word(0).time(nanoseconds).option(kInterfaceReceived, seen).option(kInterfaceDropped, dropped).end_of_options();
  return out;
}

}  // namespace xfrmd
