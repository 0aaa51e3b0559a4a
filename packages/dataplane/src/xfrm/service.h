/**
 * The XFRM netlink interface: takes requests, changes SAD and SPD, answers and sends events as the kernel does
 * (net/xfrm/xfrm_user.c, linux/xfrm.h). Runs on the control thread.
 */
#pragma once
#include <set>

#include "base/log.h"
#include "engine/data_plane.h"
#include "xfrm/peer.h"
#include "xfrm/sad.h"
#include "xfrm/spd.h"

namespace xfrmd {

class XfrmService {
 public:
  explicit XfrmService(DataPlane& plane) : plane_(plane), sad_(plane.tables()), spd_(plane.tables(), sad_) {}

  void add_peer(XfrmPeer& peer) { peers_.insert(&peer); }
  void remove_peer(XfrmPeer& peer) { peers_.erase(&peer); }

  /** One datagram: one or more requests. Answers through the peer. */
  void handle(XfrmPeer& peer, Bytes datagram);
  void handle_notices();
  /** Time-based expiry; call about once a second. */
  void tick();
  /** Removes the SAs and policies that a process made; it is gone for certain. */
  void forget_owner(pid_t pid);

  Sad& sad() { return sad_; }
  Spd& spd() { return spd_; }

 private:
  void dispatch(XfrmPeer& peer, const NetlinkMessage& message);
  void allocate_spi(XfrmPeer& peer, const NetlinkMessage& message);
  void new_sa(XfrmPeer& peer, const NetlinkMessage& message);
  void delete_sa(const NetlinkMessage& message);
  void get_sa(XfrmPeer& peer, const NetlinkMessage& message);
  void get_ae(XfrmPeer& peer, const NetlinkMessage& message);
  void get_sad_info(XfrmPeer& peer, const NetlinkMessage& message);
  void expire_request(const NetlinkMessage& message);
  void flush_sa(const NetlinkMessage& message);
  void new_policy(XfrmPeer& peer, const NetlinkMessage& message);
  void delete_or_get_policy(XfrmPeer& peer, const NetlinkMessage& message);
  void get_spd_info(XfrmPeer& peer, const NetlinkMessage& message);
  void flush_policy();

  SaRecord& require_sa(const xfrm_usersa_id& id);
  void remove_sa(const SaKey& key);
  void apply_path_mtu(Sa& sa);
  void apply_path_mtu(const Address& destination);
  void on(const AcquireNotice& notice);
  void on(const MappingNotice& notice);
  void on(const LimitNotice& notice);
  void on(const PathMtuNotice& notice);

  // events.cc
  void multicast(unsigned group, const std::vector<uint8_t>& message);
  void send_expire(const SaRecord& record, bool is_hard);
  void send_acquire(const PolicyRecord& record, const FlowKey& flow);
  void send_mapping(const SaRecord& record, const Endpoint& source);
  void expire(const SaKey& key, bool is_hard);

  DataPlane& plane_;
  Sad sad_;
  Spd spd_;
  std::set<XfrmPeer*> peers_;
  LogLimiter refusal_log_;
};

/** NEWSA and NEWPOLICY messages that describe what is there. */
std::vector<uint8_t> describe_sa(const SaRecord& record, uint16_t flags, uint32_t sequence, uint32_t port_id);
std::vector<uint8_t> describe_policy(const PolicyRecord& record, uint16_t flags, uint32_t sequence, uint32_t port_id);

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
