/** Algorithm attributes of an SA into transform keys and back, with the kernel's checks, errnos and words. */
#pragma once
#include "esp/transform.h"
#include "xfrm/netlink.h"

namespace xfrmd {

/** Which attributes an ESP SA may and must have, and that keys are as long as they say. @throws Refusal EINVAL */
void verify_algorithms(const Attributes& attributes);

/** After verify_algorithms(). @throws Refusal ENOSYS for an algorithm this engine lacks, EINVAL for keys that do not fit it */
TransformKeys parse_algorithms(const Attributes& attributes);

/** The attributes as the kernel shows them again: its own names, both forms of the integrity algorithm. Framed; holds the keys. */
SecretBytes describe_algorithms(const TransformKeys& keys);

}  // namespace xfrmd
