/** Transforms, with each library that does AES-GCM: published vectors, round trips of every suite with and without ESN, every damaged byte refused. */
#include "base/bytes.h"
#include "check.h"
#include <openssl/evp.h>

#include <algorithm>

#include "esp/transform.h"
#include "gcm_libraries.h"

using namespace xfrmd;

namespace {

std::unique_ptr<Transform> make(const char* encryption, size_t key_bytes, const char* integrity, size_t icv, bool extended = false) {
  TransformKeys keys;
  keys.encryption = integrity == nullptr ? find_aead(encryption) : find_encryption(encryption);
  std::vector<uint8_t> key(key_bytes + keys.encryption->salt);
  for (size_t i = 0; i < key.size(); i++) key[i] = static_cast<uint8_t>(i + 1);
  keys.encryption_key = SecretBytes(key);
  if (integrity != nullptr) {
    keys.integrity = find_integrity(integrity);
    keys.integrity_key = SecretBytes(std::vector<uint8_t>(keys.integrity->full_bits / 8, 0x5a));
  }
  keys.icv_bytes = icv;
  return Transform::make(std::move(keys), extended);
}

struct Suite {
  const char* encryption;
  size_t key;
  const char* integrity;
  size_t icv;
};
constexpr Suite kSuites[] = {
    {"rfc4106(gcm(aes))", 16, nullptr, 16}, {"rfc4106(gcm(aes))", 24, nullptr, 16},    {"rfc4106(gcm(aes))", 32, nullptr, 16},
    {"rfc4106(gcm(aes))", 32, nullptr, 12}, {"rfc4106(gcm(aes))", 32, nullptr, 8},     {"rfc7539esp(chacha20,poly1305)", 32, nullptr, 16},
    {"aes", 16, "sha1", 12},                {"cbc(aes)", 24, "hmac(sha256)", 16},      {"aes", 32, "hmac(sha384)", 24},
    {"aes", 32, "hmac(sha512)", 32},        {"des3_ede", 24, "hmac(sha1)", 12},        {"des3_ede", 24, "hmac(sha256)", 16},
    {"rfc3686(ctr(aes))", 16, "sha1", 12},  {"rfc3686(ctr(aes))", 32, "hmac(sha256)", 16}, {"cipher_null", 0, "hmac(sha256)", 16},
    {"aes", 32, "md5", 12},                 {"rfc4106(gcm(aes))", 16, nullptr, 8},      {"rfc4106(gcm(aes))", 16, nullptr, 12},
    {"rfc4106(gcm(aes))", 24, nullptr, 8},  {"rfc4106(gcm(aes))", 24, nullptr, 12},     {"rfc4543(gcm(aes))", 16, nullptr, 16},
    {"rfc4543(gcm(aes))", 24, nullptr, 16}, {"rfc4543(gcm(aes))", 32, nullptr, 16},     {"rfc3686(ctr(aes))", 24, "hmac(sha512)", 32},
    {"rfc3686(ctr(aes))", 32, "hmac(sha384)", 24}, {"cbc(aes)", 16, "md5", 12},         {"cbc(des)", 8, "sha1", 12},
    {"cipher_null", 0, "hmac(sha512)", 32}, {"cipher_null", 0, "md5", 12},
};

/** OpenSSL may come without its legacy provider; such an SA is refused. */
bool may_be_absent(const Suite& suite) { return std::string_view(suite.encryption) == "cbc(des)"; }

std::vector<uint8_t> seal(Transform& transform, uint64_t sequence, std::span<const uint8_t> plain) {
  std::vector<uint8_t> packet(plain.size() + transform.overhead());
  CHECK(transform.seal(swap_if_little(uint32_t{0x4321}), sequence, plain, packet.data()));
  return packet;
}

}  // namespace

// Published packets of draft-mcgrew-gcm-test-01 section 4: 128-bit key with ESN, 128-bit, 192-bit.
TEST(gcm_published_packets) {
  const struct {
    const char *key, *salt, *header, *iv, *plain, *sealed;
    uint32_t sequence_high;
    bool extended;
  } vectors[] = {
      {"4c80cdefbb5d10da906ac73c3613a634", "2e443b68", "0000432100000000", "4956ed7e3b244cfe",
       "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b00"
       "0021000101020201",
       "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
       "61bc17d768fd9732459018148f6cbe722fd04796562dfdb4",
       0x87654321, true},
      {"feffe9928665731c6d6a8f9467308308", "cafebabe", "0000a5f80000000a", "facedbaddecaf888",
       "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001",
       "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1"
       "83b70d3aa8bc6ee4c309e9d85a41ad4a",
       0, false},
      {"feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabe", "0000a5f80000000a", "facedbaddecaf888",
       "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
       "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc7795457b9652037f5318027b5b4cd7a636", 0, false},
  };
  for (const auto& vector : vectors) {
    TransformKeys keys;
    keys.encryption = find_aead("rfc4106(gcm(aes))");
    keys.encryption_key = SecretBytes(check::hex(std::string(vector.key) + vector.salt));
    keys.icv_bytes = 16;
    const auto transform = Transform::make(std::move(keys), vector.extended);
    auto packet = check::hex(std::string(vector.header) + vector.iv + vector.sealed);
    const auto plain = check::hex(vector.plain);
    CHECK(transform->open(packet, vector.sequence_high));
    CHECK(check::equal(std::span(packet).subspan(16, plain.size()), plain));
  }
}

// draft-mcgrew-gcm-test-01: GMAC, where IV and payload are only authenticated.
TEST(gmac_published_packet) {
  TransformKeys keys;
  keys.encryption = find_aead("rfc4543(gcm(aes))");
  keys.encryption_key = SecretBytes(check::hex("4c80cdefbb5d10da906ac73c3613a63422433c64"));
  keys.icv_bytes = 16;
  const auto transform = Transform::make(std::move(keys), false);
  const std::string plain = "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201";
  const auto published = check::hex("0000432100000007" "0000000000000000" + plain + "f2a9a836e155106aa8dcd618e4099aaa");
  auto packet = published;
  CHECK(transform->open(packet, 0));
  CHECK(packet == published);
}

// RFC 7634 appendix A.
TEST(chacha20_poly1305_published_packet) {
  TransformKeys keys;
  keys.encryption = find_aead("rfc7539esp(chacha20,poly1305)");
  keys.encryption_key = SecretBytes(check::hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3"));
  keys.icv_bytes = 16;
  const auto transform = Transform::make(std::move(keys), false);
  auto packet = check::hex(
      "0102030400000005" "1011121314151617"
      "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
      "cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43");
  CHECK(transform->open(packet, 0));
  CHECK(check::equal(std::span(packet).subspan(16, 88),
                     check::hex("45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b"
                                "1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204")));
}

// RFC 3602 §4 case 1 and RFC 3686 §6 vectors 1, 2, 4 and 7: ciphertexts, here behind SPI and number with an HMAC of our own.
TEST(published_ciphertexts_of_cbc_and_ctr) {
  const struct {
    const char *encryption, *key, *iv, *sealed, *plain;
  } vectors[] = {
      {"cbc(aes)", "06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41", "e353779c1079aeb82708942dbe77181a",
       "53696e676c6520626c6f636b206d7367"},
      {"rfc3686(ctr(aes))", "ae6852f8121067cc4bf7a5765577f39e00000030", "0000000000000000", "e4095d4fb7a7b3792d6175a3261311b8",
       "53696e676c6520626c6f636b206d7367"},
      {"rfc3686(ctr(aes))", "7e24067817fae0d743d6ce1f32539163006cb6db", "c0543b59da48d90b",
       "5104a106168a72d9790d41ee8edad388eb2e1efc46da57c8fce630df9141be28", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},
      {"rfc3686(ctr(aes))", "16af5b145fc9f579c175f93e3bfb0eed863d06ccfdb7851500000048", "36733c147d6d93cb", "4b55384fe259c9c84e7935a003cbe928",
       "53696e676c6520626c6f636b206d7367"},
      {"rfc3686(ctr(aes))", "776beff2851db06f4c8a0542c8696f6c6a81af1eec96b4d37fc1d689e6c1c10400000060", "db5672c97aa8f0b2",
       "145ad01dbf824ec7560863dc71e3e0c0", "53696e676c6520626c6f636b206d7367"},
  };
  for (const auto& vector : vectors) {
    const std::vector<uint8_t> mac_key(20, 0x5a);
    TransformKeys keys;
    keys.encryption = find_encryption(vector.encryption);
    keys.encryption_key = SecretBytes(check::hex(vector.key));
    keys.integrity = find_integrity("hmac(sha1)");
    keys.integrity_key = SecretBytes(mac_key);
    keys.icv_bytes = 12;
    const auto transform = Transform::make(std::move(keys), false);
    auto packet = check::hex(std::string("0000432100000001") + vector.iv + vector.sealed);
    uint8_t digest[20];
    size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, mac_key.data(), mac_key.size(), packet.data(), packet.size(), digest, sizeof digest, &size);
    packet.insert(packet.end(), digest, digest + 12);
    CHECK(transform->open(packet, 0));
    const auto plain = check::hex(vector.plain);
    CHECK(check::equal(std::span(packet).subspan(8 + transform->iv_size(), plain.size()), plain));
  }
}

// What we seal must decrypt under OpenSSL's plain AES-CBC.
TEST(cbc_matches_plain_aes_cbc) {
  const auto transform = make("aes", 16, "sha1", 12);
  const std::vector<uint8_t> plain(64, 0x33);
  const auto packet = seal(*transform, 1, plain);
  std::vector<uint8_t> key(16);
  for (size_t i = 0; i < key.size(); i++) key[i] = static_cast<uint8_t>(i + 1);
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  std::vector<uint8_t> opened(plain.size() + 16);
  int size = 0;
  EVP_DecryptInit_ex(context, EVP_aes_128_cbc(), nullptr, key.data(), &packet[8]);
  EVP_CIPHER_CTX_set_padding(context, 0);
  EVP_DecryptUpdate(context, opened.data(), &size, &packet[24], static_cast<int>(plain.size()));
  EVP_CIPHER_CTX_free(context);
  opened.resize(plain.size());
  CHECK(opened == plain);
}

// The ICV is the leftmost 96 bits of HMAC-SHA1 over SPI, number, IV and ciphertext, and the high half with ESN (RFC 4303 §2.8).
TEST(null_hmac_matches_openssl_hmac) {
  for (const bool extended : {false, true}) {
    const auto transform = make("cipher_null", 0, "sha1", 12, extended);
    const std::vector<uint8_t> plain(40, 0x44);
    const auto packet = seal(*transform, 0x2'0000'0007, plain);
    std::vector<uint8_t> covered(packet.begin(), packet.end() - 12);
    if (extended) covered.insert(covered.end(), {0, 0, 0, 2});
    const std::vector<uint8_t> key(20, 0x5a);
    uint8_t digest[20];
    size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA1", nullptr, key.data(), key.size(), covered.data(), covered.size(), digest, sizeof digest, &size);
    CHECK(check::equal(std::span(packet).last(12), std::span(digest).first(12)));
  }
}

TEST(every_suite_opens_what_it_seals) {
  for (const Suite& suite : kSuites)
    for (const bool extended : {false, true}) {
      const auto transform = make(suite.encryption, suite.key, suite.integrity, suite.icv, extended);
      if (transform == nullptr && may_be_absent(suite)) continue;
      CHECK(transform != nullptr && transform->icv_size() == suite.icv);
      for (size_t blocks = 1; blocks < 100; blocks += 7) {
        std::vector<uint8_t> plain(transform->block() * blocks);
        for (size_t i = 0; i < plain.size(); i++) plain[i] = static_cast<uint8_t>(i * 13 + blocks);
        const uint64_t sequence = extended ? 0x7'0000'0000 + blocks : blocks;
        auto packet = seal(*transform, sequence, plain);
        CHECK(load32(&packet[4]) == static_cast<uint32_t>(sequence));
        CHECK(transform->open(packet, static_cast<uint32_t>(sequence >> 32)));
        CHECK(check::equal(std::span(packet).subspan(8 + transform->iv_size(), plain.size()), plain));
      }
    }
}

// Every length around a cipher block and around the strides of vectorised code; keys and ICVs of every size.
TEST(gcm_libraries_open_each_others_packets) {
  const GcmLibrary tested = gcm_library();
  for (const size_t key : {16u, 24u, 32u})
    for (const size_t icv : {8u, 12u, 16u})
      for (const bool extended : {false, true}) {
        const auto ours = make("rfc4106(gcm(aes))", key, nullptr, icv, extended);
        CHECK(use_gcm_library(GcmLibrary::OpenSsl));
        const auto reference = make("rfc4106(gcm(aes))", key, nullptr, icv, extended);
        CHECK(use_gcm_library(tested));
        for (size_t size = 4; size < 1500; size += size < 600 ? 4 : 52) {
          std::vector<uint8_t> plain(size);
          for (size_t i = 0; i < size; i++) plain[i] = static_cast<uint8_t>(i * 31 + size);
          const uint64_t sequence = (extended ? 0x5'0000'0000 : 0) + size;
          auto packet = seal(*ours, sequence, plain);
          CHECK(packet == seal(*reference, sequence, plain));
          CHECK(ours->open(packet, static_cast<uint32_t>(sequence >> 32)));
          CHECK(check::equal(std::span(packet).subspan(16, size), plain));
        }
      }
}

TEST(every_damaged_byte_is_refused) {
  for (const Suite& suite : kSuites) {
    const auto transform = make(suite.encryption, suite.key, suite.integrity, suite.icv, true);
    if (transform == nullptr && may_be_absent(suite)) continue;
    const std::vector<uint8_t> plain(48, 0x77);
    const auto packet = seal(*transform, 9, plain);
    for (size_t i = 0; i < packet.size(); i++) {
      auto damaged = packet;
      damaged[i] ^= 0x80;
      CHECK(!transform->open(damaged, 0));
    }
    auto wrong_high = packet;
    CHECK(!transform->open(wrong_high, 1));
    auto intact = packet;
    CHECK(transform->open(intact, 0));
  }
}

TEST(odd_ciphertext_lengths_are_refused) {
  const auto transform = make("aes", 32, "hmac(sha256)", 16);
  for (size_t size = transform->overhead() + 1; size < transform->overhead() + 80; size++) {
    std::vector<uint8_t> packet(size, 0x11);
    CHECK(!transform->open(packet, 0));
  }
}

TEST(cbc_ivs_do_not_repeat) {
  const auto transform = make("des3_ede", 24, "sha1", 12);
  const std::vector<uint8_t> plain(16, 0);
  std::vector<std::vector<uint8_t>> seen;
  for (uint64_t i = 1; i < 1200; i++) {  // across a refill of the pool
    const auto packet = seal(*transform, i, plain);
    seen.emplace_back(packet.begin() + 8, packet.begin() + 16);
  }
  std::ranges::sort(seen);
  CHECK(std::ranges::adjacent_find(seen) == seen.end());
}

TEST(names_and_sizes) {
  CHECK(find_aead("rfc4309(ccm(aes))") == nullptr);
  CHECK(find_encryption("blowfish") == nullptr);
  CHECK(find_integrity("xcbc(aes)") == nullptr);
  CHECK(!allows_key_size(*find_encryption("aes"), 20));
  CHECK(!allows_key_size(*find_encryption("aes"), 0));
  CHECK(allows_key_size(*find_encryption("cipher_null"), 0));
  CHECK(!allows_key_size(*find_encryption("des"), 16) && allows_key_size(*find_encryption("des"), 8));
  CHECK(find_integrity("sha256")->default_truncated_bits == 96);
}

int main() { return gcm_libraries::run_with_each(); }
