/** The process's choice. */
#include "esp/gcm_library.h"

#include <openssl/crypto.h>

#include <atomic>

#include "esp/ipsec_mb.h"

namespace xfrmd {
namespace {

std::atomic<GcmLibrary> chosen{GcmLibrary::OpenSsl};

}  // namespace

bool use_gcm_library(GcmLibrary wanted) {
  if (wanted == GcmLibrary::IpsecMb && IpsecMb::find() == nullptr) return false;
  chosen.store(wanted, std::memory_order_relaxed);
  return true;
}

GcmLibrary gcm_library() { return chosen.load(std::memory_order_relaxed); }

const char* gcm_library_name(GcmLibrary library) { return library == GcmLibrary::IpsecMb ? "ipsec-mb" : "openssl"; }

std::string describe_gcm_library(GcmLibrary library) {
  if (library == GcmLibrary::OpenSsl) return OpenSSL_version(OPENSSL_VERSION_STRING) == nullptr ? "OpenSSL" : std::string("OpenSSL ") + OpenSSL_version(OPENSSL_VERSION_STRING);
  const IpsecMb* found = IpsecMb::find();
  return found == nullptr ? "libIPSec_MB" : "libIPSec_MB " + found->version();
}

}  // namespace xfrmd
