/**
 * Which library does AES-GCM: OpenSSL, which is always there, or Intel's multi-buffer crypto for IPsec where it is installed.
 * One choice for the process, made before its first SA. All other algorithms are OpenSSL's.
 */
#pragma once
#include <string>

namespace xfrmd {

enum class GcmLibrary { OpenSsl, IpsecMb };

/** False, and nothing changes, when the library is not there or does not work as it should. */
bool use_gcm_library(GcmLibrary wanted);
GcmLibrary gcm_library();

/** "openssl" and "ipsec-mb": the words of the command line and the control protocol. */
const char* gcm_library_name(GcmLibrary library);
/** With its version, for people. */
std::string describe_gcm_library(GcmLibrary library);

}  // namespace xfrmd
