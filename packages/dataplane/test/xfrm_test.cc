/** The XFRM interface without sockets: answers, errnos, dumps, ownership, and malformed input of every kind. */
#include "check.h"
#include "xfrm_errno_cases.h"

using namespace requests;

namespace {

struct Fixture {
  DataPlane plane{1};
  XfrmService service{plane};
  RecordingPeer peer;
  Fixture() { service.add_peer(peer); }
  ~Fixture() { plane.stop(); }

  int ask(const std::vector<uint8_t>& message) {
    peer.clear();
    service.handle(peer, message);
    return peer.last_error;
  }
};

std::vector<uint8_t> sa_id_request(uint16_t type, uint32_t destination, uint32_t spi, uint16_t flags = NLM_F_REQUEST) {
  xfrm_usersa_id id{};
  id.daddr = v4(destination);
  id.spi = swap_if_little(spi);
  id.family = AF_INET;
  id.proto = IPPROTO_ESP;
  return MessageWriter(type, flags, 9, 0).fixed(id).finish();
}

SaKey key_at(uint32_t destination, uint32_t spi) { return {Address::from_xfrm(AF_INET, v4(destination)), swap_if_little(spi), IPPROTO_ESP}; }

uint32_t allotted_spi(Fixture& f, uint32_t low, uint32_t high) {
  xfrm_userspi_info request{};
  request.info = sa_info(kPeer, kUs, 0);
  request.min = low;
  request.max = high;
  f.ask(MessageWriter(XFRM_MSG_ALLOCSPI, NLM_F_REQUEST, 3, 0).fixed(request).finish());
  if (f.peer.types != std::vector<uint16_t>{XFRM_MSG_NEWSA}) return 0;
  return swap_if_little(load_raw<xfrm_usersa_info>(f.peer.messages[0].data() + sizeof(nlmsghdr)).id.spi);
}

}  // namespace

TEST(life_of_an_sa) {
  Fixture f;
  const uint32_t spi = allotted_spi(f, 0xc0000000, 0xcfffffff);
  CHECK(spi >= 0xc0000000 && spi <= 0xcfffffff);
  CHECK(f.ask(new_sa(sa_info(kPeer, kUs, spi))) == EEXIST);  // larval: only an update turns it into an SA
  CHECK(f.ask(new_sa(sa_info(kPeer, kUs, spi), XFRM_MSG_UPDSA)) == 0);
  CHECK(f.ask(new_sa(sa_info(kUs, kPeer, 0x1234))) == 0);
  CHECK(f.ask(new_sa(sa_info(kUs, kPeer, 0x1234))) == EEXIST);
  CHECK(f.ask(new_sa(sa_info(kUs, kPeer, 0x9999), XFRM_MSG_UPDSA)) == ESRCH);
  f.ask(sa_id_request(XFRM_MSG_GETSA, kPeer, 0x1234));
  CHECK(f.peer.types == std::vector<uint16_t>{XFRM_MSG_NEWSA});
  CHECK(load_raw<nlmsghdr>(f.peer.messages[0].data()).nlmsg_pid == 4711);
  CHECK(f.ask(sa_id_request(XFRM_MSG_DELSA, kPeer, 0x1234, NLM_F_REQUEST | NLM_F_ACK)) == 0);
  CHECK(f.ask(sa_id_request(XFRM_MSG_GETSA, kPeer, 0x1234)) == ESRCH);
  CHECK(f.service.sad().all().size() == 1);
}

TEST(get_returns_what_was_set) {
  Fixture f;
  f.ask(new_sa(sa_info(kUs, kPeer, 0x1234)));
  f.ask(sa_id_request(XFRM_MSG_GETSA, kPeer, 0x1234));
  Bytes rest = f.peer.messages.at(0);
  const auto message = next_message(rest);
  const Attributes attributes = Attributes::parse(*message, sizeof(xfrm_usersa_info));
  CHECK(check::equal(attributes.get(XFRMA_ALG_AEAD), algorithm("rfc4106(gcm(aes))", 36, 128)));
  CHECK(attributes.read<uint32_t>(XFRMA_IF_ID) == 7u);
  CHECK(attributes.has(XFRMA_ENCAP) && attributes.has(XFRMA_REPLAY_VAL));
}

TEST(spi_range_runs_out) {
  Fixture f;
  for (int i = 0; i < 4; i++) CHECK(allotted_spi(f, 0x1000, 0x1003) != 0);
  CHECK(allotted_spi(f, 0x1000, 0x1003) == 0);
  CHECK(f.peer.last_error == ENOENT);
  CHECK(allotted_spi(f, 5, 4) == 0);
  CHECK(f.peer.last_error == EINVAL);
}

TEST(policies_follow_their_sa) {
  Fixture f;
  CHECK(f.ask(new_policy(XFRM_POLICY_OUT, 0x1234)) == 0);
  CHECK(f.ask(new_policy(XFRM_POLICY_OUT, 0x1234)) == EEXIST);
  const PolicyRecord* record = f.service.spd().find({7, {}, XFRM_POLICY_OUT}, policy_info(XFRM_POLICY_OUT).sel);
  CHECK(record != nullptr && record->policy->sa.load() == nullptr);
  f.ask(new_sa(sa_info(kUs, kPeer, 0x1234)));
  CHECK(record->policy->sa.load() != nullptr && record->policy->sa.load()->config.key.spi == swap_if_little(uint32_t{0x1234}));
  f.ask(new_sa(sa_info(kUs, kPeer, 0x5678)));  // rekeyed: the policy moves when it is updated, not before
  CHECK(record->policy->sa.load()->config.key.spi == swap_if_little(uint32_t{0x1234}));
  CHECK(f.ask(new_policy(XFRM_POLICY_OUT, 0x5678, XFRM_MSG_UPDPOLICY)) == 0);
  CHECK(record->policy->sa.load()->config.key.spi == swap_if_little(uint32_t{0x5678}));
  f.ask(sa_id_request(XFRM_MSG_DELSA, kPeer, 0x5678));
  CHECK(record->policy->sa.load() == nullptr);
  CHECK(f.ask(new_policy(XFRM_POLICY_OUT, 0, XFRM_MSG_UPDPOLICY)) == 0);  // without SPI the newest that fits
  CHECK(record->policy->sa.load() != nullptr);
}

namespace {

/** As charon makes them in transport mode: the template has no addresses, the selector has. */
std::vector<uint8_t> transport_policy(uint32_t peer, uint8_t prefix, uint32_t spi = 0, uint16_t type = XFRM_MSG_NEWPOLICY) {
  xfrm_user_tmpl wanted{};
  wanted.id.proto = IPPROTO_ESP;
  wanted.id.spi = swap_if_little(spi);
  wanted.family = AF_INET;
  wanted.reqid = 1;
  wanted.mode = XFRM_MODE_TRANSPORT;
  auto info = policy_info(XFRM_POLICY_OUT);
  info.sel.daddr = v4(peer);
  info.sel.prefixlen_d = prefix;
  return MessageWriter(type, NLM_F_REQUEST | NLM_F_ACK, 1, 0).fixed(info).attribute(XFRMA_TMPL, wanted).attribute(XFRMA_IF_ID, uint32_t{7}).finish();
}

std::vector<uint8_t> transport_sa(uint32_t peer, uint32_t spi) {
  auto info = sa_info(kUs, peer, spi);
  info.mode = XFRM_MODE_TRANSPORT;
  return new_sa(info);
}

}  // namespace

TEST(transport_policies_find_the_sa_of_their_host) {
  Fixture f;
  const auto linked = [&](uint8_t prefix) -> uint32_t {
    auto selector = policy_info(XFRM_POLICY_OUT).sel;
    selector.daddr = v4(kPeer);
    selector.prefixlen_d = prefix;
    const PolicyRecord* record = f.service.spd().find({7, {}, XFRM_POLICY_OUT}, selector);
    const Sa* sa = record == nullptr ? nullptr : record->policy->sa.load();
    return sa == nullptr ? 0 : swap_if_little(sa->config.key.spi);
  };
  CHECK(f.ask(transport_policy(kPeer, 32)) == 0);
  CHECK(f.ask(new_sa(sa_info(kUs, kPeer, 0x1111))) == 0);
  CHECK(linked(32) == 0);  // tunnel mode
  CHECK(f.ask(transport_sa(kPeer + 1, 0x2222)) == 0);
  CHECK(linked(32) == 0);  // another host
  CHECK(f.ask(transport_sa(kPeer, 0x3333)) == 0);
  CHECK(linked(32) == 0x3333);
  CHECK(f.ask(transport_sa(kPeer, 0x4444)) == 0);
  CHECK(f.ask(transport_policy(kPeer, 32, 0x3333, XFRM_MSG_UPDPOLICY)) == 0 && linked(32) == 0x3333);  // by SPI
  CHECK(f.ask(transport_policy(kPeer, 32, 0, XFRM_MSG_UPDPOLICY)) == 0 && linked(32) == 0x4444);       // the newest
  // A policy for many hosts: the newest SA of any; which packets it may carry is asked per packet.
  CHECK(f.ask(transport_policy(kPeer, 24)) == 0 && linked(24) == 0x4444);
  CHECK(f.ask(transport_policy(kPeer, 24, 0x2222, XFRM_MSG_UPDPOLICY)) == 0 && linked(24) == 0x2222);
}

TEST(acquires_of_transport_mode_name_the_packets_ends) {
  Fixture f;
  f.peer.groups = 1u << (XFRMNLGRP_ACQUIRE - 1);
  CHECK(f.ask(transport_policy(kPeer, 24)) == 0);
  auto selector = policy_info(XFRM_POLICY_OUT).sel;
  selector.daddr = v4(kPeer);
  selector.prefixlen_d = 24;
  const uint32_t index = f.service.spd().find({7, {}, XFRM_POLICY_OUT}, selector)->info.index;
  FlowKey flow;
  flow.family = AF_INET;
  store_raw(flow.source, swap_if_little(kUs));
  store_raw(flow.destination, swap_if_little(kPeer + 3));
  f.peer.clear();
  f.plane.notices().post(AcquireNotice{7, index, flow});
  f.service.handle_notices();
  CHECK(f.peer.types == std::vector<uint16_t>{XFRM_MSG_ACQUIRE});
  const auto event = load_raw<xfrm_user_acquire>(f.peer.messages.at(0).data() + sizeof(nlmsghdr));
  CHECK(event.id.daddr.a4 == v4(kPeer + 3).a4 && event.saddr.a4 == v4(kUs).a4);
}

TEST(inbound_check_accepts_only_its_own_sa) {
  Fixture f;
  f.ask(new_policy(XFRM_POLICY_IN, 0));
  f.ask(new_sa(sa_info(kPeer, kUs, 0x2222)));
  auto other = sa_info(kPeer, kUs, 0x3333);
  other.reqid = 2;
  f.ask(new_sa(other));
  const PolicyRecord* record = f.service.spd().find({7, {}, XFRM_POLICY_IN}, policy_info(XFRM_POLICY_IN).sel);
  const auto sa_of = [&](uint32_t spi) {
    return f.plane.tables().find_sa({Address::from_xfrm(AF_INET, v4(kUs)), swap_if_little(spi), IPPROTO_ESP});
  };
  CHECK(record->policy->accepts(*sa_of(0x2222)));
  CHECK(!record->policy->accepts(*sa_of(0x3333)));
}

TEST(policy_errnos) {
  Fixture f;
  xfrm_userpolicy_id id{};
  id.sel = policy_info(XFRM_POLICY_OUT).sel;
  id.dir = XFRM_POLICY_OUT;
  CHECK(f.ask(MessageWriter(XFRM_MSG_GETPOLICY, NLM_F_REQUEST, 1, 0).fixed(id).finish()) == ENOENT);
  id.dir = 9;
  CHECK(f.ask(MessageWriter(XFRM_MSG_DELPOLICY, NLM_F_REQUEST, 1, 0).fixed(id).finish()) == EINVAL);
  auto info = policy_info(XFRM_POLICY_OUT);
  info.sel.prefixlen_d = 33;
  CHECK(f.ask(MessageWriter(XFRM_MSG_NEWPOLICY, NLM_F_REQUEST, 1, 0).fixed(info).finish()) == EINVAL);
  info = policy_info(5);
  CHECK(f.ask(MessageWriter(XFRM_MSG_NEWPOLICY, NLM_F_REQUEST, 1, 0).fixed(info).finish()) == EINVAL);
}

TEST(refused_algorithms_have_the_kernels_errno) {
  Fixture f;
  const xfrm_encap_tmpl encap{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};
  const auto ask = [&](auto add) {
    MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST, 1, 0);
    writer.fixed(sa_info(kUs, kPeer, 0x4444)).attribute(XFRMA_ENCAP, encap);
    add(writer);
    return f.ask(writer.finish());
  };
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4309(ccm(aes))", 19, 128)); }) == ENOSYS);
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 120)); }) == ENOSYS);
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4543(gcm(aes))", 36, 96)); }) == ENOSYS);
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 30, 128)); }) == EINVAL);
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_CRYPT, algorithm("aes", 16)); }) == EINVAL);  // no integrity
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AUTH, algorithm("sha1", 20)); }) == EINVAL);  // no encryption
  CHECK(ask([](auto&) {}) == EINVAL);
  CHECK(ask([](auto& w) {
          w.attribute_bytes(XFRMA_ALG_CRYPT, algorithm("blowfish", 16)).attribute_bytes(XFRMA_ALG_AUTH, algorithm("sha1", 20));
        }) == ENOSYS);
  CHECK(ask([](auto& w) {
          w.attribute_bytes(XFRMA_ALG_CRYPT, algorithm("aes", 16)).attribute_bytes(XFRMA_ALG_AUTH_TRUNC, algorithm("hmac(sha1)", 20, 200));
        }) == EINVAL);
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_AEAD, std::vector<uint8_t>(40)); }) == ERANGE);
  CHECK(ask([](auto& w) { with_gcm(w).attribute(XFRMA_TFCPAD, uint32_t{1}); }) == EOPNOTSUPP);
  CHECK(ask([](auto& w) { with_gcm(w).attribute(60, uint32_t{1}); }) == EINVAL);
  // A good one without NLM_F_ACK is not answered.
  CHECK(ask([](auto& w) { w.attribute_bytes(XFRMA_ALG_CRYPT, algorithm("aes", 16)).attribute_bytes(XFRMA_ALG_AUTH, algorithm("sha1", 20)); }) == -1);
  CHECK(f.peer.types.empty() && f.service.sad().all().size() == 1);
}

TEST(modes_and_encapsulation) {
  Fixture f;
  auto info = sa_info(kUs, kPeer, 2);
  info.mode = XFRM_MODE_TRANSPORT;
  CHECK(f.ask(new_sa(info)) == 0);
  info = sa_info(kUs, kPeer, 1);
  info.family = 77;
  CHECK(f.ask(new_sa(info)) == EINVAL);
  info = sa_info(kUs, kPeer, 1);
  info.flags = XFRM_STATE_ESN;
  CHECK(f.ask(new_sa(info)) == EINVAL);  // ESN needs its replay attribute
  MessageWriter raw(XFRM_MSG_NEWSA, NLM_F_REQUEST, 1, 0);
  raw.fixed(sa_info(kUs, kPeer, 1)).attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128));
  CHECK(f.ask(raw.finish()) == EPROTONOSUPPORT);
}

// The kernel takes most of these. Here they would change nothing, or something else than was meant.
TEST(what_would_have_no_effect_is_refused) {
  Fixture f;
  const auto sa_with = [&](uint16_t type, std::vector<uint8_t> value) {
    MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
    writer.fixed(sa_info(kUs, kPeer, 0x1234));
    return f.ask(with_gcm(writer).attribute_bytes(type, value).finish());
  };
  const std::vector<uint8_t> zeros(64);
  for (const uint16_t type : {XFRMA_TFCPAD, XFRMA_SET_MARK, XFRMA_SET_MARK_MASK, XFRMA_OFFLOAD_DEV, XFRMA_COADDR, XFRMA_SRCADDR, XFRMA_SEC_CTX,
                              XFRMA_KMADDRESS, XFRMA_ADDRESS_FILTER, XFRMA_PROTO})
    CHECK(sa_with(type, zeros) == EOPNOTSUPP);
  // Of kernels after 6.1: SA_DIR, NAT_KEEPALIVE_INTERVAL, SA_PCPU, the first of IPTFS.
  for (uint16_t type = XFRMA_MTIMER_THRESH + 1; type <= XFRMA_MTIMER_THRESH + 4; type++) CHECK(sa_with(type, {1, 0, 0, 0}) == EINVAL);
  for (const uint8_t flag : {XFRM_SA_XFLAG_OSEQ_MAY_WRAP, 0x80}) CHECK(sa_with(XFRMA_SA_EXTRA_FLAGS, {flag, 0, 0, 0}) == EOPNOTSUPP);
  auto elsewhere = sa_info(kUs, kPeer, 0x1234);
  elsewhere.sel.family = AF_INET;
  elsewhere.sel.ifindex = 1;
  CHECK(f.ask(new_sa(elsewhere)) == EOPNOTSUPP);
  CHECK(f.service.sad().all().empty());
  CHECK(sa_with(XFRMA_SA_EXTRA_FLAGS, {XFRM_SA_XFLAG_DONT_ENCAP_DSCP, 0, 0, 0}) == 0);

  const auto policy_with = [&](uint16_t type, std::vector<uint8_t> value) {
    return f.ask(plain(XFRM_MSG_NEWPOLICY, policy_info(XFRM_POLICY_OUT), [&](MessageWriter& w) { w.attribute_bytes(type, value); }));
  };
  for (const uint16_t type : {XFRMA_SEC_CTX, XFRMA_OFFLOAD_DEV, XFRMA_SET_MARK}) CHECK(policy_with(type, zeros) == EOPNOTSUPP);
  CHECK(policy_with(XFRMA_MTIMER_THRESH + 1, {1, 0, 0, 0}) == EINVAL);
  const auto for_algorithms = [](uint32_t mask) {
    auto wanted = template_of(IPPROTO_ESP, XFRM_MODE_TUNNEL);
    wanted.aalgos = wanted.ealgos = wanted.calgos = mask;
    return std::vector<uint8_t>(reinterpret_cast<uint8_t*>(&wanted), reinterpret_cast<uint8_t*>(&wanted + 1));
  };
  CHECK(policy_with(XFRMA_TMPL, for_algorithms(4)) == EOPNOTSUPP);
  CHECK(f.service.spd().size() == 0);
  CHECK(policy_with(XFRMA_TMPL, for_algorithms(UINT32_MAX)) == 0);

  f.ask(new_policy(XFRM_POLICY_OUT, 0));
  const auto migrate_with = [&](uint16_t type, const auto& value) {
    return f.ask(plain(XFRM_MSG_MIGRATE, policy_id(XFRM_POLICY_OUT), [&](MessageWriter& w) {
      w.attribute(XFRMA_IF_ID, uint32_t{7}).attribute(XFRMA_MIGRATE, migration(kPeer, kPeer + 7)).attribute(type, value);
    }));
  };
  CHECK(migrate_with(XFRMA_OFFLOAD_DEV, xfrm_user_offload{1, 0}) == EOPNOTSUPP);
  CHECK(migrate_with(XFRMA_ENCAP, xfrm_encap_tmpl{2, 0, swap_if_little(uint16_t{4500}), {}}) == EINVAL);
  CHECK(migrate_with(XFRMA_ENCAP, xfrm_encap_tmpl{7, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}}) == EINVAL);
  CHECK(f.service.sad().find(key_at(kPeer, 0x1234))->encap->encap_sport != 0);
  CHECK(migrate_with(XFRMA_ENCAP, xfrm_encap_tmpl{2, swap_if_little(uint16_t{4501}), swap_if_little(uint16_t{4500}), {}}) == 0);
  CHECK(f.service.sad().find(key_at(kPeer + 7, 0x1234))->sa->outer.load()->source.port == 4501);

  CHECK(f.ask(plain(XFRM_MSG_ACQUIRE, xfrm_user_acquire{})) == EOPNOTSUPP);
  for (const uint16_t type : {XFRM_MSG_REPORT, XFRM_MSG_MAPPING}) CHECK(f.ask(plain(type, xfrm_user_report{})) == EINVAL);
}

// Shown as on a kernel, where packets of another interface would meet it; into a tunnel none of them comes.
TEST(a_policy_for_another_interface_matches_nothing) {
  Fixture f;
  auto info = policy_info(XFRM_POLICY_OUT);
  info.sel.ifindex = 1;
  const auto add = [](MessageWriter& w) { w.attribute(XFRMA_TMPL, template_of(IPPROTO_ESP, XFRM_MODE_TUNNEL)).attribute(XFRMA_IF_ID, uint32_t{7}); };
  CHECK(f.ask(plain(XFRM_MSG_NEWPOLICY, info, add)) == 0);
  CHECK(f.service.spd().size() == 1);
  const auto offered = [&] {
    const Interface* tunnel = f.plane.tables().find_interface(7);
    const PolicyList* list = tunnel == nullptr ? nullptr : tunnel->out.load();
    return list == nullptr ? size_t{0} : list->size();
  };
  CHECK(offered() == 0);
  f.ask(new_policy(XFRM_POLICY_OUT, 0));
  CHECK(f.service.spd().size() == 2 && offered() == 1);
}

// XFRMA_REPLAY_THRESH, XFRMA_ETIMER_THRESH.
TEST(counters_are_told_by_themselves) {
  Fixture f;
  f.ask(new_sa(sa_info(kUs, kPeer, 0x1234)));
  f.peer.groups = 1u << (XFRMNLGRP_AEVENTS - 1);
  MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST, 1, 0);
  writer.fixed(sa_info(kUs, kPeer, 0x5678));
  f.ask(with_gcm(writer).attribute(XFRMA_REPLAY_THRESH, uint32_t{100}).attribute(XFRMA_ETIMER_THRESH, uint32_t{0}).finish());
  const auto told = [&] {
    f.peer.clear();
    f.service.tick();
    std::vector<std::pair<uint32_t, uint32_t>> spis_and_causes;
    for (const auto& message : f.peer.messages) {
      const auto id = load_raw<xfrm_aevent_id>(message.data() + sizeof(nlmsghdr));
      CHECK(load_raw<nlmsghdr>(message.data()).nlmsg_type == XFRM_MSG_NEWAE);
      spis_and_causes.emplace_back(swap_if_little(id.sa_id.spi), id.flags);
    }
    return spis_and_causes;
  };
  const auto number = [&](uint32_t spi, uint64_t value) { f.service.sad().find(key_at(kPeer, spi))->sa->last_sent.store(value); };
  using Events = std::vector<std::pair<uint32_t, uint32_t>>;
  CHECK(told().empty());
  number(0x1234, 2);  // the default is two
  number(0x5678, 99);
  CHECK((told() == Events{{0x1234, XFRM_AE_CR}}));
  CHECK(told().empty());
  number(0x5678, 100);
  CHECK((told() == Events{{0x5678, XFRM_AE_CR}}));
  f.peer.groups = 0;
  number(0x5678, 500);
  CHECK(told().empty());
}

TEST(mappings_are_told_as_often_as_asked) {
  for (const uint32_t threshold : {0u, 1000u}) {
    Fixture f;
    f.peer.groups = 1u << (XFRMNLGRP_MAPPING - 1);
    MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST, 1, 0);
    writer.fixed(sa_info(kPeer, kUs, 0x1234));
    f.ask(with_gcm(writer).attribute(XFRMA_MTIMER_THRESH, threshold).finish());
    const auto told = [&](uint16_t port) {
      f.peer.clear();
      f.plane.notices().post(MappingNotice{key_at(kUs, 0x1234), {Address::from_xfrm(AF_INET, v4(kPeer + 1)), port}});
      f.service.handle_notices();
      return f.peer.types.size();
    };
    CHECK(told(4500) == 1);
    CHECK(told(4500) == (threshold == 0 ? 1 : 0));
    CHECK(told(4501) == 1);  // another port is news
    CHECK(told(4501) == (threshold == 0 ? 1 : 0));
  }
}

TEST(esn_state_round_trip) {
  Fixture f;
  auto info = sa_info(kPeer, kUs, 0x777);
  info.flags = XFRM_STATE_ESN;
  info.replay_window = 0;
  std::vector<uint8_t> state(sizeof(xfrm_replay_state_esn) + 16);
  xfrm_replay_state_esn fixed{};
  fixed.bmp_len = 4;
  fixed.replay_window = 128;
  fixed.oseq = 5, fixed.oseq_hi = 1, fixed.seq = 1000, fixed.seq_hi = 2;
  memcpy(state.data(), &fixed, sizeof fixed);
  state[sizeof fixed + 3] = 0x40;
  MessageWriter writer(XFRM_MSG_NEWSA, NLM_F_REQUEST, 1, 0);
  writer.fixed(info);
  f.ask(with_gcm(writer).attribute_bytes(XFRMA_REPLAY_ESN_VAL, state).finish());
  f.ask(sa_id_request(XFRM_MSG_GETSA, kUs, 0x777));
  Bytes rest = f.peer.messages.at(0);
  const auto message = next_message(rest);
  CHECK(check::equal(Attributes::parse(*message, sizeof info).get(XFRMA_REPLAY_ESN_VAL), state));
}

TEST(dumps_end_and_are_packed_small) {
  Fixture f;
  for (uint32_t i = 1; i <= 50; i++) f.ask(new_sa(sa_info(kUs, kPeer, 0x1000 + i)));
  f.ask(sa_id_request(XFRM_MSG_GETSA, 0, 0, NLM_F_REQUEST | NLM_F_DUMP));
  CHECK(f.peer.types.size() == 51 && f.peer.types.back() == NLMSG_DONE);
  f.ask(MessageWriter(XFRM_MSG_GETPOLICY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0).finish());
  CHECK(f.peer.types == std::vector<uint16_t>{NLMSG_DONE});
}

TEST(a_dead_owner_leaves_nothing) {
  Fixture f;
  f.ask(new_sa(sa_info(kUs, kPeer, 0x1234)));
  f.ask(new_policy(XFRM_POLICY_OUT, 0x1234));
  RecordingPeer tool;
  tool.pid = 200;
  f.service.handle(tool, new_sa(sa_info(kUs, kPeer, 0x5678)));
  f.service.forget_owner(100);
  CHECK(f.service.sad().all().size() == 1);
  CHECK(f.service.spd().count(XFRM_POLICY_OUT) == 0);
}

TEST(byte_limits_expire) {
  Fixture f;
  f.peer.groups = 1u << (XFRMNLGRP_EXPIRE - 1);
  f.ask(new_sa(sa_info(kUs, kPeer, 0x1234)));
  const SaKey key{Address::from_xfrm(AF_INET, v4(kPeer)), swap_if_little(uint32_t{0x1234}), IPPROTO_ESP};
  f.peer.clear();
  f.plane.notices().post(LimitNotice{key, false});
  f.plane.notices().post(LimitNotice{key, false});
  f.service.handle_notices();
  CHECK(f.peer.types == std::vector<uint16_t>{XFRM_MSG_EXPIRE});  // once
  f.plane.notices().post(LimitNotice{key, true});
  f.service.handle_notices();
  CHECK(f.peer.types.size() == 2);
  CHECK(f.service.sad().find(key) == nullptr);
}

TEST(every_truncation_is_survived) {
  Fixture f;
  for (const auto& whole : {new_sa(sa_info(kUs, kPeer, 0x1234)), new_policy(XFRM_POLICY_OUT, 0x1234)})
    for (size_t size = 0; size < whole.size(); size++) {
      std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(size));
      if (size >= 4) store_raw(cut.data(), static_cast<uint32_t>(size));
      f.ask(cut);
    }
  CHECK(f.service.sad().all().size() <= 1);  // cut right before the if_id it is a whole request
}

TEST(random_changes_are_survived) {
  silence_log();
  Fixture f;
  uint64_t state = 1;
  for (int round = 0; round < 20'000; round++) {
    auto message = round % 2 == 0 ? new_sa(sa_info(kUs, kPeer, 0x1234)) : new_policy(XFRM_POLICY_OUT, 0x1234);
    for (int i = 0; i < 3; i++) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      message[(state >> 40) % message.size()] = static_cast<uint8_t>(state >> 32);
    }
    f.ask(message);
  }
  f.plane.collect();
}

RUN_TESTS
