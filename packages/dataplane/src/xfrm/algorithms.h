/** Algorithm attributes of an SA into transform keys, with the kernel's checks and errnos. */
#pragma once
#include "esp/transform.h"
#include "xfrm/netlink.h"

namespace xfrmd {

/** @throws Refusal ENOSYS for an algorithm this engine lacks, EINVAL for keys that do not fit it */
TransformKeys parse_algorithms(const Attributes& attributes);

}  // namespace xfrmd
