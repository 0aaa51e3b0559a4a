/** Gives up what the engine does not need once its sockets are open. */
#pragma once

namespace xfrmd {

/** Room for a TUN per tunnel: as many descriptors as the host lets us have. Call before drop_privileges(). */
void raise_descriptor_limit();

/**
 * Leaves CAP_NET_ADMIN (TUN devices, buffer sizes), sets no_new_privs, forbids core dumps and tracing by others of this user.
 * @throws std::system_error
 */
void drop_privileges();

}  // namespace xfrmd
