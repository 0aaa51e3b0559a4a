/**
 * Puts consecutive TCP or UDP packets of one flow back together before they go to a TUN, so that the kernel handles one
 * super-packet instead of forty (what GRO does in a network driver). Order within a flow is kept; a packet is only merged
 * when the kernel, splitting the result again, would produce the very packets that came in.
 */
#pragma once
#include <sys/uio.h>

#include <array>

#include "net/packet.h"
#include "net/virtio.h"

namespace xfrmd {

/** Where frames go; `device` is whatever was passed to Coalescer::add. parts[0] is the virtio header. */
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void write_frame(void* device, std::span<const iovec> parts) = 0;
};

class Coalescer {
 public:
  explicit Coalescer(FrameSink& sink) : sink_(sink) {}

  /** The packet's bytes must stay where they are until flush(). `merges_udp`: the device takes UDP super-packets (USO). */
  void add(void* device, const Packet& packet, bool merges_udp);
  void flush();

 private:
  static constexpr size_t kMaxFlows = 64;       // of one receive batch; more are flushed and start anew
  static constexpr size_t kMaxBytes = 65'000;   // an IP packet's length field, with room
  static constexpr size_t kMaxPackets = 64;     // UDP_MAX_SEGMENTS of kernels before 6.9

  struct Flow {
    void* device = nullptr;
    Packet first;
    size_t headers = 0, segment = 0, length = 0, count = 0;
    bool is_closed = false;
    uint32_t next_sequence = 0;
    VirtioHeader virtio;
    size_t used_parts = 0;
    std::array<iovec, kMaxPackets + 1> parts;  // the virtio header, the first packet, what follows of the others

    void put(void* data, size_t bytes) { parts[used_parts++] = {data, bytes}; }
  };

  static size_t mergeable_headers(const Packet& packet, bool merges_udp);
  static uint32_t hash(const void* device, const Packet& packet);
  static bool same_flow(const Flow& flow, void* device, const Packet& packet);
  static bool continues(const Flow& flow, const Packet& packet, size_t headers);
  static void append(Flow& flow, const Packet& packet, size_t headers);
  void start(Flow& flow, void* device, const Packet& packet, size_t headers);
  void emit(Flow& flow);
  void emit_single(void* device, const Packet& packet);

  FrameSink& sink_;
  // Hashes apart from the flows: looking through them touches four cache lines and not sixty-four.
  std::array<uint32_t, kMaxFlows> hashes_{};
  std::array<Flow, kMaxFlows> flows_;
  size_t used_ = 0;
};

}  // namespace xfrmd
