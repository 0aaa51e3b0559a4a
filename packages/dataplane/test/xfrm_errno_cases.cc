/** The table of xfrm_errno_cases.h. */
#include "xfrm_errno_cases.h"

namespace requests {
namespace {

const auto same = [](auto&) {};
const auto nothing = [](MessageWriter&) {};
const auto gcm = [](MessageWriter& w) { with_gcm(w); };
const xfrm_encap_tmpl kNatT{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};

std::vector<uint8_t> algorithms(std::initializer_list<std::pair<uint16_t, std::vector<uint8_t>>> list) {
  return sa_with(same, [&](MessageWriter& w) {
    for (const auto& [type, value] : list) w.attribute_bytes(type, value);
    w.attribute(XFRMA_ENCAP, kNatT);
  });
}

std::vector<ErrnoCase> framing() {
  return {
      {"type without a handler", {}, plain(XFRM_MSG_REPORT, xfrm_user_report{}), {EINVAL, ""}},
      {"type beyond the last", {}, plain(XFRM_MSG_MAX + 1, uint32_t{0}), {EINVAL, ""}},
      {"NEWSA cut short", {}, plain(XFRM_MSG_NEWSA, sa_id(kPeer, 1)), {EINVAL, "Invalid header length"}},
      {"DELSA cut short", {}, plain(XFRM_MSG_DELSA, uint32_t{0}), {EINVAL, "Invalid header length"}},
      {"NEWPOLICY cut short", {}, plain(XFRM_MSG_NEWPOLICY, uint32_t{0}), {EINVAL, "Invalid header length"}},
      {"FLUSHSA empty", {}, MessageWriter(XFRM_MSG_FLUSHSA, NLM_F_REQUEST | NLM_F_ACK, 1, 0).finish(), {EINVAL, "Invalid header length"}},
      {"FLUSHPOLICY empty", {}, MessageWriter(XFRM_MSG_FLUSHPOLICY, NLM_F_REQUEST | NLM_F_ACK, 1, 0).finish(), {}},
      {"attribute shorter than its type", {}, sa_with(same, [](MessageWriter& w) { with_gcm(w).attribute(XFRMA_MARK, uint32_t{1}); }), {ERANGE, "Attribute failed policy validation"}},
      {"algorithm attribute cut short", {}, algorithms({{XFRMA_ALG_AEAD, std::vector<uint8_t>(40)}}), {ERANGE, "Attribute failed policy validation"}},
      {"attribute type unknown", {}, sa_with(same, [](MessageWriter& w) { with_gcm(w).attribute(60, uint32_t{1}); }), {},
       Answer{EINVAL, "Unknown attribute type"}},
      {"request flag missing", {}, plain(XFRM_MSG_NEWSA, sa_id(kPeer, 1), nothing, NLM_F_ACK), {}},
  };
}

std::vector<ErrnoCase> associations() {
  const auto esn = [](auto& info) { info.flags = XFRM_STATE_ESN, info.replay_window = 0; };
  const auto with_state = [](std::vector<uint8_t> state) {
    return [state](MessageWriter& w) { with_gcm(w).attribute_bytes(XFRMA_REPLAY_ESN_VAL, state); };
  };
  return {
      {"NEWSA twice", {an_sa()}, an_sa(), {EEXIST, ""}},
      {"UPDSA of nothing", {}, sa_with(same, gcm, XFRM_MSG_UPDSA), {ESRCH, ""}},
      {"UPDSA of an SA", {an_sa()}, sa_with(same, gcm, XFRM_MSG_UPDSA), {}},
      {"UPDSA without its encapsulation", {an_sa()}, sa_with(same, [](MessageWriter& w) {
         w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)); }, XFRM_MSG_UPDSA), {EINVAL, ""}},
      {"family unknown", {}, sa_with([](auto& info) { info.family = 77; }), {EINVAL, "Invalid address family"}},
      {"selector family unknown", {}, sa_with([](auto& info) { info.sel.family = 77; }), {EINVAL, "Invalid address family in selector"}},
      {"selector prefix too long", {}, sa_with([](auto& info) { info.sel.family = AF_INET, info.sel.prefixlen_d = 33; }), {EINVAL, "Invalid prefix length in selector (must be <= 32 for IPv4)"}},
      {"selector prefix too long, IPv6", {}, sa_with([](auto& info) { info.sel.family = AF_INET6, info.sel.prefixlen_s = 129; }), {EINVAL, "Invalid prefix length in selector (must be <= 128 for IPv6)"}},
      {"protocol unknown", {}, sa_with([](auto& info) { info.id.proto = IPPROTO_TCP; }), {EINVAL, "Unsupported protocol"}},
      {"AH with AEAD", {}, sa_with([](auto& info) { info.id.proto = IPPROTO_AH; }), {EINVAL, "Missing required attribute for AH: AUTH_TRUNC or AUTH"}},
      {"COMP with AEAD", {}, sa_with([](auto& info) { info.id.proto = IPPROTO_COMP; }), {EINVAL, "Missing required attribute for COMP: COMP"}},
      {"mode unknown", {}, sa_with([](auto& info) { info.mode = 9; }), {EINVAL, "Unsupported mode"}},
      {"transport mode", {}, sa_with([](auto& info) { info.mode = XFRM_MODE_TRANSPORT; }), {}},
      {"transport mode with a selector of another family", {}, sa_with([](auto& info) { info.mode = XFRM_MODE_TRANSPORT, info.sel.family = AF_INET6; }), {EPROTONOSUPPORT, "Only tunnel modes can accommodate a change of family"}},
      {"transport mode with a selector of no family", {}, sa_with([](auto& info) { info.mode = XFRM_MODE_TRANSPORT, info.flags = XFRM_STATE_AF_UNSPEC; }), {}},
      {"no algorithm", {}, algorithms({}), {EINVAL, "Missing required attribute for ESP: at least one of AUTH, AUTH_TRUNC, CRYPT, AEAD"}},
      {"IPComp in an ESP SA", {}, algorithms({{XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)}, {XFRMA_ALG_COMP, algorithm("deflate", 0)}}), {EINVAL, "Invalid attribute for ESP: COMP"}},
      {"AEAD beside a cipher", {}, algorithms({{XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)}, {XFRMA_ALG_CRYPT, algorithm("aes", 16)}}), {EINVAL, "Invalid attribute combination for ESP: AEAD can't be used with AUTH, AUTH_TRUNC, CRYPT"}},
      {"AEAD unknown", {}, algorithms({{XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(nonsense))", 36, 128)}}), {ENOSYS, "Requested AEAD algorithm not found"}},
      {"AEAD with an ICV it does not have", {}, algorithms({{XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 120)}}), {ENOSYS, "Requested AEAD algorithm not found"}},
      {"AEAD key of no size", {}, algorithms({{XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 30, 128)}}), {EINVAL, "Kernel was unable to initialize cryptographic operations"}},
      {"AEAD key longer than the attribute", {}, algorithms({{XFRMA_ALG_AEAD, [] { auto a = algorithm("rfc4106(gcm(aes))", 36, 128); a.resize(90); return a; }()}}), {EINVAL, "Invalid AEAD attribute length"}},
      {"cipher unknown", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("nonsense", 16)}, {XFRMA_ALG_AUTH, algorithm("sha1", 20)}}), {ENOSYS, "Requested CRYPT algorithm not found"}},
      {"cipher key of no size", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 15)}, {XFRMA_ALG_AUTH, algorithm("sha1", 20)}}), {EINVAL, ""}},
      {"integrity unknown", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}, {XFRMA_ALG_AUTH, algorithm("nonsense", 20)}}), {ENOSYS, "Requested AUTH algorithm not found"}},
      {"integrity unknown, truncated", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}, {XFRMA_ALG_AUTH_TRUNC, algorithm("nonsense", 20, 96)}}), {ENOSYS, "Requested AUTH_TRUNC algorithm not found"}},
      {"ICV longer than the hash", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}, {XFRMA_ALG_AUTH_TRUNC, algorithm("hmac(sha1)", 20, 200)}}), {EINVAL, "Invalid length requested for truncated ICV"}},
      {"cipher key longer than the attribute", {}, algorithms({{XFRMA_ALG_CRYPT, [] { auto a = algorithm("aes", 16); a.resize(70); return a; }()}, {XFRMA_ALG_AUTH, algorithm("sha1", 20)}}), {EINVAL, "Invalid AUTH/CRYPT/COMP attribute length"}},
      {"integrity key longer than the attribute", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}, {XFRMA_ALG_AUTH_TRUNC, [] { auto a = algorithm("sha1", 20, 96); a.resize(80); return a; }()}}), {EINVAL, "Invalid AUTH_TRUNC attribute length"}},
      {"integrity alone", {}, algorithms({{XFRMA_ALG_AUTH, algorithm("sha1", 20)}}), {EINVAL, "ESP: AEAD or CRYPT must be provided"}},
      {"encryption without integrity", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}}), {},
       Answer{EINVAL, "Encryption without integrity is not supported"}},
      {"short names", {}, algorithms({{XFRMA_ALG_CRYPT, algorithm("aes", 16)}, {XFRMA_ALG_AUTH, algorithm("sha1", 20)}}), {}},
      {"encapsulation unknown", {}, sa_with(same, [](MessageWriter& w) {
         w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)).attribute(XFRMA_ENCAP, xfrm_encap_tmpl{9, 1, 1, {}}); }), {EINVAL, "Unsupported encapsulation type for ESP"}},
      {"mapping threshold without encapsulation", {}, sa_with(same, [](MessageWriter& w) {
         w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)).attribute(XFRMA_MTIMER_THRESH, uint32_t{9}); }), {EINVAL, "MTIMER_THRESH attribute can only be set on ENCAP states"}},
      {"TFC padding in transport mode", {}, sa_with([](auto& info) { info.mode = XFRM_MODE_TRANSPORT; }, [](MessageWriter& w) { with_gcm(w).attribute(XFRMA_TFCPAD, uint32_t{100}); }), {EINVAL, "TFC padding can only be used in tunnel mode"}},
      {"ESN without its state", {}, sa_with(esn), {EINVAL, "Missing required attribute for ESN"}},
      {"ESN with an empty window", {}, sa_with(esn, with_state(esn_state(0, 1))), {EINVAL, "ESN replay window must be > 0"}},
      {"ESN with a window beyond its bitmap", {}, sa_with(esn, with_state(esn_state(64, 1))), {EINVAL, "ESN replay window is too large for the chosen bitmap size"}},
      {"ESN with a bitmap cut short", {}, sa_with(esn, with_state(esn_state(64, 2, 4))), {EINVAL, "ESN attribute is too short to fit the full bitmap length"}},
      {"ESN with a bitmap too large", {}, sa_with(esn, with_state(esn_state(64, 129))), {EINVAL, "ESN bitmap length must be <= 128"}},
      {"ESN beside a legacy window", {}, sa_with([](auto& info) { info.flags = XFRM_STATE_ESN; }, with_state(esn_state(64, 2))), {EINVAL, "ESN not compatible with legacy replay_window"}},
      {"ESN with 4096 packets", {}, sa_with(esn, with_state(esn_state(4096, 128))), {}},
      {"GETSA of nothing", {}, plain(XFRM_MSG_GETSA, sa_id(kPeer, 9)), {ESRCH, ""}},
      {"GETSA with another family", {an_sa()}, plain(XFRM_MSG_GETSA, [] { auto id = sa_id(kPeer, 0x4444); id.family = AF_INET6; return id; }()), {ESRCH, ""}},
      {"GETSA by a mark it does not have", {an_sa()}, plain(XFRM_MSG_GETSA, sa_id(kPeer, 0x4444), [](MessageWriter& w) { w.attribute(XFRMA_MARK, xfrm_mark{5, 0xff}); }), {}},
      {"DELSA of nothing", {}, plain(XFRM_MSG_DELSA, sa_id(kPeer, 9)), {ESRCH, ""}},
      {"DELSA of a protocol without SPIs", {}, plain(XFRM_MSG_DELSA, [] { auto id = sa_id(kPeer, 9); id.proto = IPPROTO_DSTOPTS; return id; }()), {EINVAL, ""}},
      {"DELSA", {an_sa()}, plain(XFRM_MSG_DELSA, sa_id(kPeer, 0x4444)), {}},
      {"FLUSHSA of nothing", {}, plain(XFRM_MSG_FLUSHSA, xfrm_usersa_flush{IPPROTO_ESP}), {}},
      {"EXPIRE of nothing", {}, plain(XFRM_MSG_EXPIRE, [] { xfrm_user_expire e{}; e.state = sa_info(kUs, kPeer, 9); return e; }()), {ENOENT, ""}},
      {"EXPIRE", {an_sa()}, plain(XFRM_MSG_EXPIRE, [] { xfrm_user_expire e{}; e.state = sa_info(kUs, kPeer, 0x4444); return e; }()), {}},
  };
}

/** What the kernel does and this engine does not; it says so instead of doing something else. */
std::vector<ErrnoCase> beyond_this_engine() {
  const auto with = [](uint16_t type, auto value) { return sa_with(same, [=](MessageWriter& w) { with_gcm(w).attribute(type, value); }); };
  const auto marked = [](uint32_t mark) {
    return sa_with(same, [=](MessageWriter& w) {
      w.attribute_bytes(XFRMA_ALG_AEAD, algorithm("rfc4106(gcm(aes))", 36, 128)).attribute(XFRMA_ENCAP, kNatT).attribute(XFRMA_MARK, xfrm_mark{mark, 0xff});
    });
  };
  return {
      {"BEET mode", {}, sa_with([](auto& info) { info.mode = XFRM_MODE_BEET; }), {}, Answer{EPROTONOSUPPORT, "Only tunnel and transport mode are supported"}},
      {"TFC padding", {}, with(XFRMA_TFCPAD, uint32_t{100}), {}, Answer{EOPNOTSUPP, "Attribute that this engine does not have"}},
      {"output mark", {}, with(XFRMA_SET_MARK, uint32_t{7}), {}, Answer{EOPNOTSUPP, "Attribute that this engine does not have"}},
      {"mark beside an if_id", {}, with(XFRMA_MARK, xfrm_mark{5, 0xff}), {}, Answer{EOPNOTSUPP, "A mark beside an if_id is not supported"}},
      {"mark of nothing beside an if_id", {}, with(XFRMA_MARK, xfrm_mark{0, 0}), {}},
      {"SPI of zero", {}, sa_with([](auto& info) { info.id.spi = 0; }), {}, Answer{EINVAL, "SPI is zero"}},
      {"a marked SA beside one that answers to every mark", {an_sa()}, marked(5), {EEXIST, ""}},
      {"two SAs apart by their marks", {marked(4)}, marked(5), {}, Answer{EEXIST, ""}},
  };
}

std::vector<uint8_t> alloc(uint8_t protocol, uint32_t low, uint32_t high) {
  xfrm_userspi_info request{};
  request.info = sa_info(kPeer, kUs, 0);
  request.info.id.proto = protocol;
  request.min = low, request.max = high;
  return plain(XFRM_MSG_ALLOCSPI, request);
}

std::vector<ErrnoCase> spis_and_counters() {
  const auto larval_id = ae_id(kUs, 0x5000);
  const auto replace = uint16_t{NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE};
  const auto state = [](MessageWriter& w) { w.attribute(XFRMA_REPLAY_VAL, xfrm_replay_state{5, 6, 7}); };
  const auto long_sa = sa_with([](auto& info) { info.flags = XFRM_STATE_ESN, info.replay_window = 0; },
                               [](MessageWriter& w) { with_gcm(w).attribute_bytes(XFRMA_REPLAY_ESN_VAL, esn_state(64, 2)); });
  return {
      {"ALLOCSPI range upside down", {}, alloc(IPPROTO_ESP, 5, 4), {EINVAL, ""}},
      {"ALLOCSPI for TCP", {}, alloc(IPPROTO_TCP, 0x5000, 0x5000), {EINVAL, ""}},
      {"ALLOCSPI IPComp beyond 16 bits", {}, alloc(IPPROTO_COMP, 0x5000, 0x10000), {EINVAL, ""}},
      {"ALLOCSPI taken", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, alloc(IPPROTO_ESP, 0x5000, 0x5000), {ENOENT, ""}},
      {"NEWSA on an allotted SPI", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, new_sa(sa_info(kPeer, kUs, 0x5000)), {EEXIST, ""}},
      {"UPDSA on an allotted SPI", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, new_sa(sa_info(kPeer, kUs, 0x5000), XFRM_MSG_UPDSA), {}},
      {"EXPIRE on an allotted SPI", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, plain(XFRM_MSG_EXPIRE, [] { xfrm_user_expire e{}; e.state = sa_info(kPeer, kUs, 0x5000); return e; }()), {EINVAL, ""}},
      {"GETAE on an allotted SPI", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, plain(XFRM_MSG_GETAE, larval_id), {}},
      {"GETAE of nothing", {}, plain(XFRM_MSG_GETAE, ae_id(kPeer, 9)), {ESRCH, ""}},
      {"GETAE", {an_sa()}, plain(XFRM_MSG_GETAE, ae_id(kPeer, 0x4444)), {}},
      {"NEWAE without a value", {an_sa()}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), nothing, replace), {EINVAL, ""}},
      {"NEWAE without NLM_F_REPLACE", {an_sa()}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), state), {EINVAL, ""}},
      {"NEWAE of nothing", {}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), state, replace), {ESRCH, ""}},
      {"NEWAE on an allotted SPI", {alloc(IPPROTO_ESP, 0x5000, 0x5000)}, plain(XFRM_MSG_NEWAE, larval_id, state, replace), {EINVAL, ""}},
      {"NEWAE", {an_sa()}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), state, replace), {}},
      {"NEWAE with another bitmap", {long_sa}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), [](MessageWriter& w) { w.attribute_bytes(XFRMA_REPLAY_ESN_VAL, esn_state(64, 3)); }, replace), {EINVAL, ""}},
      {"NEWAE with a window beyond the bitmap", {long_sa}, plain(XFRM_MSG_NEWAE, ae_id(kPeer, 0x4444), [](MessageWriter& w) { w.attribute_bytes(XFRMA_REPLAY_ESN_VAL, esn_state(65, 2)); }, replace), {EINVAL, ""}},
  };
}

std::vector<ErrnoCase> policies() {
  const auto templates = [](std::initializer_list<xfrm_user_tmpl> list) {
    return [list = std::vector(list)](MessageWriter& w) {
      w.attribute_bytes(XFRMA_TMPL, {reinterpret_cast<const uint8_t*>(list.data()), list.size() * sizeof(xfrm_user_tmpl)});
    };
  };
  const auto with = [&](auto change) { return policy_with(change, nothing); };
  const auto tmpl = [&](auto change) {
    auto wanted = template_of(IPPROTO_ESP, XFRM_MODE_TUNNEL);
    change(wanted);
    return policy_with(same, templates({wanted}));
  };
  const auto t = template_of(IPPROTO_ESP, XFRM_MODE_TRANSPORT);
  const auto one = policy_with(same, templates({template_of(IPPROTO_ESP, XFRM_MODE_TUNNEL)}));
  const auto expire = [](auto change) { xfrm_user_polexpire e{}; e.pol = policy_info(XFRM_POLICY_OUT); change(e); return plain(XFRM_MSG_POLEXPIRE, e); };
  return {
      {"NEWPOLICY twice", {one}, one, {EEXIST, ""}},
      {"UPDPOLICY of nothing", {}, policy_with(same, nothing, XFRM_MSG_UPDPOLICY), {}},
      {"share unknown", {}, with([](auto& info) { info.share = 9; }), {EINVAL, "Invalid policy share"}},
      {"action unknown", {}, with([](auto& info) { info.action = 9; }), {EINVAL, "Invalid policy action"}},
      {"selector without family", {}, with([](auto& info) { info.sel.family = 0; }), {EINVAL, "Invalid selector family"}},
      {"prefix too long", {}, with([](auto& info) { info.sel.prefixlen_d = 33; }), {EINVAL, "Invalid prefix length in selector (must be <= 32 for IPv4)"}},
      {"prefix too long, IPv6", {}, with([](auto& info) { info.sel.family = AF_INET6, info.sel.prefixlen_d = 129; }), {EINVAL, "Invalid prefix length in selector (must be <= 128 for IPv6)"}},
      {"direction unknown", {}, with([](auto& info) { info.dir = 9; }), {EINVAL, "Invalid policy direction"}},
      {"index of another direction", {}, with([](auto& info) { info.index = 0x102; }), {EINVAL, "Policy index doesn't match direction"}},
      {"policy type unknown", {}, policy_with(same, [](MessageWriter& w) { w.attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{7, 0, 0}); }), {EINVAL, "Invalid policy type"}},
      {"sub-policy", {}, policy_with(same, [](MessageWriter& w) { w.attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{XFRM_POLICY_TYPE_SUB, 0, 0}); }), {},
       Answer{EINVAL, "Invalid policy type"}},  // as in a kernel without CONFIG_XFRM_SUB_POLICY
      {"seven templates", {}, policy_with(same, templates({t, t, t, t, t, t, t})), {EINVAL, "Template count must be <= XFRM_MAX_DEPTH (6)"}},
      {"template protocol", {}, tmpl([](auto& each) { each.id.proto = IPPROTO_TCP; }), {EINVAL, "Invalid XFRM protocol in template"}},
      {"template family", {}, tmpl([](auto& each) { each.family = 77; }), {EINVAL, "Invalid family in template"}},
      {"template mode", {}, tmpl([](auto& each) { each.mode = 9; }), {EINVAL, "Mode in template must be < XFRM_MODE_MAX (5)"}},
      {"template that changes the family in transport mode", {}, tmpl([](auto& each) { each.mode = XFRM_MODE_TRANSPORT, each.family = AF_INET6; }), {EINVAL, "Mode in template doesn't support a family change"}},
      {"optional tunnel outbound", {}, tmpl([](auto& each) { each.optional = 1; }), {EINVAL, "Mode in optional template not allowed in outbound policy"}},
      {"optional tunnel inbound", {}, policy_with([](auto& info) { info.dir = XFRM_POLICY_IN; }, [&](MessageWriter& w) {
         auto each = template_of(IPPROTO_ESP, XFRM_MODE_TUNNEL); each.optional = 1; w.attribute(XFRMA_TMPL, each); }), {}},
      {"GETPOLICY of nothing", {}, plain(XFRM_MSG_GETPOLICY, policy_id(XFRM_POLICY_OUT)), {ENOENT, ""}},
      {"GETPOLICY direction unknown", {}, plain(XFRM_MSG_GETPOLICY, policy_id(9)), {EINVAL, "Invalid policy direction"}},
      {"GETPOLICY index of another direction", {one}, plain(XFRM_MSG_GETPOLICY, [] { auto id = policy_id(XFRM_POLICY_OUT); id.index = 0x102; return id; }()), {ENOENT, ""}},
      {"GETPOLICY by a mark it does not have", {one}, plain(XFRM_MSG_GETPOLICY, policy_id(XFRM_POLICY_OUT), [](MessageWriter& w) { w.attribute(XFRMA_MARK, xfrm_mark{5, 0xff}); }), {ENOENT, ""}},
      {"DELPOLICY of nothing", {}, plain(XFRM_MSG_DELPOLICY, policy_id(XFRM_POLICY_OUT)), {ENOENT, ""}},
      {"DELPOLICY", {one}, plain(XFRM_MSG_DELPOLICY, policy_id(XFRM_POLICY_OUT)), {}},
      {"FLUSHPOLICY of a type unknown", {}, MessageWriter(XFRM_MSG_FLUSHPOLICY, NLM_F_REQUEST | NLM_F_ACK, 1, 0).attribute(XFRMA_POLICY_TYPE, xfrm_userpolicy_type{7, 0, 0}).finish(), {EINVAL, "Invalid policy type"}},
      {"POLEXPIRE of nothing", {}, expire(same), {ENOENT, ""}},
      {"POLEXPIRE", {one}, expire(same), {}},
      {"POLEXPIRE direction unknown", {one}, expire([](auto& e) { e.pol.dir = 9; }), {EINVAL, "Invalid policy direction"}},
      {"thresholds too long", {}, plain(XFRM_MSG_NEWSPDINFO, uint32_t{0}, [](MessageWriter& w) { w.attribute(XFRMA_SPD_IPV4_HTHRESH, xfrmu_spdhthresh{33, 32}); }), {EINVAL, ""}},
      {"thresholds cut short", {}, plain(XFRM_MSG_NEWSPDINFO, uint32_t{0}, [](MessageWriter& w) { w.attribute(XFRMA_SPD_IPV4_HTHRESH, uint8_t{33}); }), {ERANGE, "Attribute failed policy validation"}},
      {"defaults out of range", {}, plain(XFRM_MSG_SETDEFAULT, xfrm_userpolicy_default{9, 9, 9}), {}},
  };
}

std::vector<ErrnoCase> migrations() {
  const auto out = new_policy(XFRM_POLICY_OUT, 0);
  const auto ask = [](std::vector<xfrm_user_migrate> moves, uint32_t if_id = 7, uint8_t direction = XFRM_POLICY_OUT) {
    return plain(XFRM_MSG_MIGRATE, policy_id(direction), [&](MessageWriter& w) {
      w.attribute(XFRMA_IF_ID, if_id);
      w.attribute_bytes(XFRMA_MIGRATE, {reinterpret_cast<const uint8_t*>(moves.data()), moves.size() * sizeof(xfrm_user_migrate)});
    });
  };
  const auto good = migration(kPeer, kPeer + 7);
  auto unset = good;
  unset.new_daddr = {};
  auto other = good;
  other.reqid = 99;
  return {
      {"MIGRATE without moves", {out}, plain(XFRM_MSG_MIGRATE, policy_id(XFRM_POLICY_OUT)), {EINVAL, ""}},
      {"MIGRATE seven moves", {out}, ask(std::vector(7, good)), {EINVAL, ""}},
      {"MIGRATE to no address", {out}, ask({unset}), {EINVAL, ""}},
      {"MIGRATE the same twice", {out}, ask({good, good}), {EINVAL, ""}},
      {"MIGRATE direction unknown", {out}, ask({good}, 7, 9), {EINVAL, ""}},
      {"MIGRATE without policy", {}, ask({good}), {ENOENT, ""}},
      {"MIGRATE with another if_id", {out}, ask({good}, 8), {ENOENT, ""}},
      {"MIGRATE no template fits", {out}, ask({other}), {ENODATA, ""}},
      {"MIGRATE a policy without SA", {out}, ask({good}), {}},
      {"MIGRATE", {out, an_sa()}, ask({good}), {}},
      {"MIGRATE onto an SA that is there", {out, an_sa(), new_sa(sa_info(kUs, kPeer + 7, 0x4444))}, ask({good}), {ENODATA, ""}},
  };
}

}  // namespace

std::vector<ErrnoCase> errno_cases() {
  std::vector<ErrnoCase> all;
  for (auto part : {framing(), associations(), beyond_this_engine(), spis_and_counters(), policies(), migrations()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace requests
