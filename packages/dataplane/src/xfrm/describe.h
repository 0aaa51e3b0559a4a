/** SAs and policies as messages, field by field and attribute by attribute as the kernel writes them (copy_to_user_*). */
#pragma once
#include "xfrm/peer.h"
#include "xfrm/sad.h"
#include "xfrm/spd.h"

namespace xfrmd {

/** Who a message answers: the sequence number and port id of a request, or nobody. */
struct Origin {
  uint32_t sequence = 0, port_id = 0;
  static Origin of(const NetlinkMessage& request) { return {request.header.nlmsg_seq, request.header.nlmsg_pid}; }
};

/** NEWSA, or UPDSA in an event. */
std::vector<uint8_t> describe_sa(const SaRecord& record, const Origin& origin, uint16_t flags = 0, uint16_t type = XFRM_MSG_NEWSA);
std::vector<uint8_t> describe_deleted_sa(const SaRecord& record, const Origin& origin);
/** NEWPOLICY, or UPDPOLICY in an event. */
std::vector<uint8_t> describe_policy(const PolicyRecord& record, const Origin& origin, uint16_t flags = 0, uint16_t type = XFRM_MSG_NEWPOLICY);
std::vector<uint8_t> describe_deleted_policy(const PolicyRecord& record, bool by_index, const Origin& origin);
std::vector<uint8_t> describe_expired_policy(const PolicyRecord& record, bool is_hard, const Origin& origin);
/** NEWAE; `flags` (XFRM_AE_*) choose the thresholds. */
std::vector<uint8_t> describe_counters(const SaRecord& record, uint32_t flags, const Origin& origin);

/** XFRMA_MARK and XFRMA_IF_ID where they are not zero, in this order. */
void write_lane(MessageWriter& writer, uint32_t if_id, const Mark& mark);

/** Sends messages that belong to one dump in datagrams small enough for any reader's buffer, then NLMSG_DONE. */
class Dump {
 public:
  Dump(XfrmPeer& peer, uint32_t sequence) : peer_(peer), sequence_(sequence) {}
  void add(const std::vector<uint8_t>& message);
  void finish();

 private:
  // charon reads into one page.
  static constexpr size_t kDatagramBytes = 4096;
  void flush();

  XfrmPeer& peer_;
  uint32_t sequence_;
  std::vector<uint8_t> pending_;
};

}  // namespace xfrmd
