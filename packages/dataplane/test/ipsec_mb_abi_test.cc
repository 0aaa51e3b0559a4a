/** What esp/ipsec_mb.h declares, against the header of whoever has libipsec-mb-dev installed; nothing to compare with elsewhere. */
#include "check.h"
#include "esp/ipsec_mb.h"

#if __has_include(<intel-ipsec-mb.h>)
#include <intel-ipsec-mb.h>
#endif

using namespace xfrmd;

#ifdef IMB_VERSION_NUM
#if IMB_VERSION_NUM < 0x20000
static_assert(offsetof(IpsecMbManager, used_arch) == offsetof(IMB_MGR, used_arch));
static_assert(offsetof(IpsecMbManager, error) == offsetof(IMB_MGR, imb_errno));
static_assert(offsetof(IpsecMbManager, others) == offsetof(IMB_MGR, get_next_job));
static_assert(offsetof(IpsecMbManager, gcm_encrypt) == offsetof(IMB_MGR, gcm128_enc));
static_assert(offsetof(IpsecMbManager, gcm_encrypt[2]) == offsetof(IMB_MGR, gcm256_enc));
static_assert(offsetof(IpsecMbManager, gcm_decrypt) == offsetof(IMB_MGR, gcm128_dec));
static_assert(offsetof(IpsecMbManager, gcm_expand) == offsetof(IMB_MGR, gcm128_pre));
static_assert(offsetof(IpsecMbManager, gcm_expand[2]) == offsetof(IMB_MGR, gcm256_pre));
static_assert(IpsecMb::kKeyBytes >= sizeof(gcm_key_data) && IpsecMb::kKeyAlignment >= alignof(gcm_key_data));
static_assert(IpsecMb::kContextBytes >= sizeof(gcm_context_data) && alignof(gcm_context_data) <= 16);
static_assert(IMB_ARCH_SSE == 2);
#endif
#endif

TEST(where_the_header_is_the_library_is_used) {
#if defined(IMB_VERSION_NUM) && defined(__x86_64__)
  CHECK(IpsecMb::find() != nullptr);
  if (IpsecMb::find() != nullptr) printf("libIPSec_MB %s, header " IMB_VERSION_STR "\n", IpsecMb::find()->version().c_str());
#else
  printf("no header of libIPSec_MB; the library is %s\n", IpsecMb::find() == nullptr ? "not here" : "here");
#endif
}

RUN_TESTS
