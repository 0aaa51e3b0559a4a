/**
 * Keys are wiped before their memory goes back: every block that is freed, ours and OpenSSL's, is searched for key bytes while
 * SAs of every kind are made, used, shown, updated, refused and deleted.
 */
#include <malloc.h>
#include <openssl/crypto.h>

#include <cstdlib>

#include "base/log.h"
#include "check.h"
#include "gcm_libraries.h"
#include "xfrm_requests.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

namespace {

/** What algorithm() in xfrm_requests.h makes of a key: 0, 1, 2… The start of one is enough to know it by. */
constexpr uint8_t kKeyStart[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
std::atomic<bool> is_watching = false;
std::atomic<size_t> leaks = 0;

void inspect(const void* block, size_t size) {
#ifdef VALGRIND_MAKE_MEM_DEFINED
  (void)VALGRIND_MAKE_MEM_DEFINED(block, size);  // blocks are searched whole, whether they were written to or not
#endif
  if (is_watching && block != nullptr && memmem(block, size, kKeyStart, sizeof kKeyStart) != nullptr) leaks += 1;
}

}  // namespace

// The linker sends every call of free() here (--wrap).
extern "C" {
void __real_free(void* block);
void __wrap_free(void* block);
void __wrap_free(void* block) {
  inspect(block, block == nullptr ? 0 : malloc_usable_size(block));
  __real_free(block);
}
}

namespace {

void* openssl_allocate(size_t size, const char*, int) { return malloc(size); }
void openssl_free(void* block, const char*, int) { free(block); }
void* openssl_reallocate(void* block, size_t size, const char*, int) {
  if (block == nullptr) return malloc(size);
  void* fresh = malloc(size);
  if (fresh == nullptr) return nullptr;
  const size_t before = malloc_usable_size(block);
  memcpy(fresh, block, before < size ? before : size);
  free(block);
  return fresh;
}
const bool is_hooked = CRYPTO_set_mem_functions(openssl_allocate, openssl_reallocate, openssl_free) == 1;

}  // namespace

using namespace requests;

namespace {

class Listener final : public XfrmPeer {
 public:
  void send(std::vector<uint8_t> datagram) override {
    shown = shown || memmem(datagram.data(), datagram.size(), kKeyStart, sizeof kKeyStart) != nullptr;
  }
  bool shown = false;  // keys: GETSA's answer holds them
};

struct Suite {
  unsigned attribute, second;
  const char *name, *second_name;
  size_t key, second_key;
  int extra;
};
constexpr Suite kSuites[] = {
    {XFRMA_ALG_AEAD, 0, "rfc4106(gcm(aes))", nullptr, 36, 0, 128},
    {XFRMA_ALG_AEAD, 0, "rfc4543(gcm(aes))", nullptr, 20, 0, 128},
    {XFRMA_ALG_AEAD, 0, "rfc7539esp(chacha20,poly1305)", nullptr, 36, 0, 128},
    {XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH_TRUNC, "cbc(aes)", "hmac(sha256)", 32, 32, 128},
    {XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH, "rfc3686(ctr(aes))", "hmac(sha1)", 20, 20, -1},
    {XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH_TRUNC, "cbc(des3_ede)", "hmac(sha512)", 24, 64, 256},
};

std::vector<uint8_t> request(const Suite& suite, uint32_t spi, uint16_t type) {
  const xfrm_encap_tmpl encap{2, swap_if_little(uint16_t{4500}), swap_if_little(uint16_t{4500}), {}};
  MessageWriter writer(type, NLM_F_REQUEST | NLM_F_ACK, 1, 0);
  writer.fixed(sa_info(kUs, kPeer, spi)).attribute_bytes(static_cast<uint16_t>(suite.attribute), algorithm(suite.name, suite.key, suite.extra < 0 || suite.second != 0 ? -1 : suite.extra));
  if (suite.second != 0) writer.attribute_bytes(static_cast<uint16_t>(suite.second), algorithm(suite.second_name, suite.second_key, suite.extra));
  writer.attribute(XFRMA_ENCAP, encap);
  return writer.finish();
}

}  // namespace

TEST(the_search_finds_what_is_not_wiped) {
  CHECK(is_hooked);
  is_watching = true;
  void* careless = OPENSSL_memdup(kKeyStart, sizeof kKeyStart);
  OPENSSL_free(careless);
  { const std::vector<uint8_t> grown(kKeyStart, kKeyStart + sizeof kKeyStart); }  // wiped as all of ours are
  is_watching = false;
  CHECK(leaks == 1);
  leaks = 0;
}

TEST(no_freed_block_holds_a_key) {
  silence_log();
  for (const Suite& suite : kSuites) {
    DataPlane plane(1);
    XfrmService service(plane);
    Listener peer;
    service.add_peer(peer);
    peer.groups = UINT32_MAX;  // it hears of every change as well
    // Made before and freed after: these are the caller's.
    const auto add = request(suite, 0x1000, XFRM_MSG_NEWSA), update = request(suite, 0x1000, XFRM_MSG_UPDSA);
    auto refused = request(suite, 0x2000, XFRM_MSG_NEWSA);
    store_raw(refused.data() + sizeof(nlmsghdr) + offsetof(xfrm_usersa_info, mode), uint8_t{77});
    const SaKey key{Address::from_xfrm(AF_INET, v4(kPeer)), swap_if_little(uint32_t{0x1000}), IPPROTO_ESP};
    xfrm_usersa_id id{};
    id.daddr = v4(kPeer);
    id.spi = key.spi;
    id.family = AF_INET;
    id.proto = IPPROTO_ESP;
    const auto get = MessageWriter(XFRM_MSG_GETSA, NLM_F_REQUEST, 2, 0).fixed(id).finish();
    const auto dump = MessageWriter(XFRM_MSG_GETSA, NLM_F_REQUEST | NLM_F_DUMP, 2, 0).fixed(id).finish();
    const auto remove = MessageWriter(XFRM_MSG_DELSA, NLM_F_REQUEST, 2, 0).fixed(id).finish();
    is_watching = true;
    service.handle(peer, add);
    service.handle(peer, refused);
    const Sa* sa = plane.tables().find_sa(key);
    CHECK(sa != nullptr);
    if (sa != nullptr) {
      std::vector<uint8_t> plain(64, 0x99), packet(plain.size() + sa->transform->overhead());
      CHECK(sa->transform->seal(key.spi, 1, plain, packet.data()) && sa->transform->open(packet, 0));
    }
    service.handle(peer, get);
    service.handle(peer, dump);
    CHECK(peer.shown);
    service.handle(peer, update);
    service.handle(peer, remove);
    CHECK(plane.tables().find_sa(key) == nullptr);
    while (plane.collect()) {
    }
    is_watching = false;
    if (leaks != 0) fprintf(stderr, "%zu blocks with keys of %s\n", leaks.load(), suite.name);
    CHECK(leaks == 0);
    leaks = 0;
    plane.stop();
  }
}

int main() { return gcm_libraries::run_with_each(); }
