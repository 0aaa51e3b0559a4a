/** XFRMA_REPLAY_VAL and XFRMA_REPLAY_ESN_VAL: sequence numbers and window bitmaps in and out. */
#pragma once
#include "xfrm/sa_request.h"

namespace xfrmd {

/** What can be said without an SA. @throws Refusal EINVAL */
void verify_replay(const xfrm_usersa_info& info, const Attributes& attributes);

/** After verify_replay(). @throws Refusal EINVAL for windows that do not fit */
ReplayState parse_replay(const xfrm_usersa_info& info, const Attributes& attributes);

/** New numbers for an SA with that many words of bitmap (none: the short form) and that window. @throws Refusal EINVAL */
ReplayState parse_replay_update(const xfrm_usersa_info& info, uint32_t bitmap_words, uint32_t window, const Attributes& attributes);

/** Adds the attribute the SA was set up with: the long one with that many words of bitmap, the short one with none. */
void write_replay(MessageWriter& writer, const Sa& sa, uint32_t bitmap_words);

}  // namespace xfrmd
