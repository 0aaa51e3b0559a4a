/**
 * The XFRM netlink interface: takes requests, changes SAD and SPD, answers and sends events as the kernel does
 * (net/xfrm/xfrm_user.c, linux/xfrm.h). Runs on the control thread.
 */
#pragma once
#include <fcntl.h>

#include <set>

#include "base/log.h"
#include "engine/data_plane.h"
#include "xfrm/describe.h"

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
  /** False when the request was a dump: its end is the acknowledgement. */
  bool dispatch(XfrmPeer& peer, const NetlinkMessage& message);

  // service_sa.cc
  uint64_t patience() const;
  void allocate_spi(XfrmPeer& peer, const NetlinkMessage& message);
  void new_sa(XfrmPeer& peer, const NetlinkMessage& message);
  void delete_sa(const NetlinkMessage& message);
  void get_sa(XfrmPeer& peer, const NetlinkMessage& message);
  void dump_sas(XfrmPeer& peer, const NetlinkMessage& message);
  void flush_sas(const NetlinkMessage& message);
  void get_sad_info(XfrmPeer& peer, const NetlinkMessage& message);
  void expire_sa(const NetlinkMessage& message);
  SaRecord& require_sa(const xfrm_usersa_id& id, const Mark& mark);
  void remove_sa(const SaKey& key);
  void apply_path_mtu(Sa& sa);
  void apply_path_mtu(const Address& destination);

  // service_counters.cc
  void get_counters(XfrmPeer& peer, const NetlinkMessage& message);
  void set_counters(const NetlinkMessage& message);

  // service_migrate.cc
  void migrate(const NetlinkMessage& message);
  void move_sa(const SaKey& key, const xfrm_user_migrate& move, const std::optional<xfrm_encap_tmpl>& encap);

  // service_policy.cc
  void new_policy(XfrmPeer& peer, const NetlinkMessage& message);
  void delete_or_get_policy(XfrmPeer& peer, const NetlinkMessage& message);
  void dump_policies(XfrmPeer& peer, const NetlinkMessage& message);
  void flush_policies(const NetlinkMessage& message);
  void expire_policy(const NetlinkMessage& message);
  PolicyRecord& require_policy(const PolicyName& name, const xfrm_userpolicy_id& id);
  void get_spd_info(XfrmPeer& peer, const NetlinkMessage& message);
  void set_spd_info(const NetlinkMessage& message);
  void get_default(XfrmPeer& peer, const NetlinkMessage& message);
  void set_default(const NetlinkMessage& message);

  // service_events.cc
  void on(const AcquireNotice& notice);
  void on(const MappingNotice& notice);
  void on(const LimitNotice& notice);
  void on(const PathMtuNotice& notice);
  bool is_heard(unsigned group) const;
  void multicast(unsigned group, const std::vector<uint8_t>& message);
  void announce(const SaRecord& record, const NetlinkMessage& request);
  void send_expire(const SaRecord& record, bool is_hard, uint32_t port_id);
  void send_acquire(const PolicyRecord& record, const FlowKey& flow);
  int interface_index(uint32_t lane) const;
  bool names_other_interface(const xfrm_selector& selector, uint32_t lane) const {
    return selector.ifindex != 0 && selector.ifindex != interface_index(lane);
  }
  void send_mapping(const SaRecord& record, const Endpoint& source);
  void expire(const SaKey& key, bool is_hard);
  void expire(PolicyRecord& record, bool is_hard, const Origin& origin);
  void tick_sas();
  void tick_counters();
  void tick_policies();

  DataPlane& plane_;
  // Opened before files are closed to this process, and read whenever an SPI is asked for: daemons write it when they start.
  const Fd patience_setting_{::open("/proc/sys/net/core/xfrm_acq_expires", O_RDONLY | O_CLOEXEC)};
  Sad sad_;
  Spd spd_;
  std::set<XfrmPeer*> peers_;
  xfrmu_spdhthresh thresholds4_{32, 32}, thresholds6_{128, 128};
  xfrm_userpolicy_default defaults_{XFRM_USERPOLICY_ACCEPT, XFRM_USERPOLICY_ACCEPT, XFRM_USERPOLICY_ACCEPT};
  uint32_t acquire_sequence_ = 0;
  LogLimiter refusal_log_;
};

}  // namespace xfrmd
