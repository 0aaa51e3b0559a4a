/** XFRMA_REPLAY_VAL and XFRMA_REPLAY_ESN_VAL: sequence numbers and window bitmaps in and out. */
#pragma once
#include "xfrm/sa_request.h"

namespace xfrmd {

/** @throws Refusal EINVAL for windows that do not fit */
ReplayState parse_replay(const xfrm_usersa_info& info, const Attributes& attributes);

/** Adds the attribute the SA was set up with. `uses_esn_form`: also for windows above 32 without ESN. */
void write_replay(MessageWriter& writer, const Sa& sa, bool uses_esn_form);

}  // namespace xfrmd
