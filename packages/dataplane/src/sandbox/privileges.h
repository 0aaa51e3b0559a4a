/** Capabilities and limits of the process. What it may ask of the kernel beyond them: confinement.h. */
#pragma once

namespace xfrmd {

/** Room for a TUN per tunnel: as many descriptors as the host lets us have. Call before drop_privileges(). */
void raise_descriptor_limit();

/**
 * Leaves CAP_NET_ADMIN (TUN devices, buffer sizes, marks), sets no_new_privs, forbids core dumps and tracing by others of this user.
 * @throws std::system_error
 */
void drop_privileges();

/** Of the calling thread, the last one too. @throws std::system_error */
void drop_all_capabilities();

}  // namespace xfrmd
