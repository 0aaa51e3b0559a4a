/** Gives up what the engine does not need once its sockets are open. */
#pragma once

namespace xfrmd {

/**
 * Leaves CAP_NET_ADMIN (TUN devices, buffer sizes), sets no_new_privs, forbids core dumps and tracing by others of this user.
 * @throws std::system_error
 */
void drop_privileges();

}  // namespace xfrmd
