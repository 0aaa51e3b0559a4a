/** Why a packet was dropped. Counted per worker, summed in `statistics`; names are part of the control protocol. */
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

namespace xfrmd {

#define XFRMD_DROP_CAUSES(X)                                                                        \
  /* from the wire */                                                                               \
  X(UnknownSpi, "unknownSpi")                /* no SA for destination and SPI */                    \
  X(MalformedEsp, "malformedEsp")            /* too short, bad padding or next header */            \
  X(EncapsulationMismatch, "encapsulationMismatch") /* raw ESP for an SA with UDP encapsulation, or the reverse */ \
  X(Replayed, "replayed")                    /* behind or already in the window */                  \
  X(IntegrityFailed, "integrityFailed")      /* ICV wrong: forged or damaged */                     \
  X(InboundPolicy, "inboundPolicy")          /* authentic, but no policy of its SA allows it */     \
  X(MalformedInner, "malformedInner")        /* decrypted bytes are not an IP packet */             \
  X(EcnConflict, "ecnConflict")              /* outer CE, inner not ECN-capable: RFC 6040 */        \
  X(NoTunnel, "noTunnel")                    /* no TUN for the SA's if_id */                        \
  X(TunWriteFailed, "tunWriteFailed")        /* the kernel refused the frame */                     \
  X(IkeQueueFull, "ikeQueueFull")            /* the IKE daemon does not read fast enough */         \
  X(DummyPacket, "dummyPacket")              /* next header 59: traffic flow confidentiality */     \
  X(KeepAlive, "keepAlive")                  /* NAT keep-alive, nothing to do */                    \
  /* from a TUN */                                                                                  \
  X(MalformedFrame, "malformedFrame")        /* not an IP packet, or its offload header lies */     \
  X(NoPolicy, "noPolicy")                    /* no out policy of the if_id matches */               \
  X(PolicyBlock, "policyBlock")              /* the matching policy blocks */                       \
  X(NoSa, "noSa")                            /* policy without SA: acquired, packet not kept */     \
  X(PacketTooBig, "packetTooBig")            /* does not fit the path and must not be fragmented */ \
  X(SequenceOverflow, "sequenceOverflow")    /* 2^32 packets without ESN: rekey was missed */       \
  X(NoSocket, "noSocket")                    /* the SA's local endpoint was not handed over */      \
  X(SendFailed, "sendFailed")                /* the socket refused or was full */                   \
  /* both */                                                                                        \
  X(TransportAddress, "transportAddress")    /* transport mode: not between the ends of the SA */   \
  X(TransportFragment, "transportFragment")  /* transport mode takes whole packets (RFC 4303) */    \
  X(TransportOptions, "transportOptions")    /* transport mode: IPv4 options, headers for routers */  \
  X(SaExpired, "saExpired")                  /* hard limit of the SA reached */                     \
  X(CipherFailed, "cipherFailed")            /* OpenSSL failed */

enum class Drop : unsigned {
#define X(name, text) name,
  XFRMD_DROP_CAUSES(X)
#undef X
      Count
};

inline constexpr std::array<const char*, static_cast<size_t>(Drop::Count)> kDropNames = {
#define X(name, text) text,
    XFRMD_DROP_CAUSES(X)
#undef X
};

/** A counter with one writer and any number of readers: no locked instruction per packet. */
class Counter {
 public:
  void add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/** The same for any number of writers. */
class SharedCounter {
 public:
  void add(uint64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class DropCounters {
 public:
  void count(Drop cause, uint64_t packets = 1) { counters_[static_cast<size_t>(cause)].add(packets); }
  uint64_t get(size_t cause) const { return counters_[cause].get(); }

 private:
  std::array<Counter, static_cast<size_t>(Drop::Count)> counters_;
};

}  // namespace xfrmd
