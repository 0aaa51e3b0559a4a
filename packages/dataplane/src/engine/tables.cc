/** Publish, unlink, retire: always in this order. */
#include "engine/tables.h"

namespace xfrmd {

void Tables::replace_outer(Sa& sa, OuterHeader outer) {
  const OuterHeader* before = sa.outer.exchange(new OuterHeader(std::move(outer)), std::memory_order_acq_rel);
  epoch_.retire(std::unique_ptr<const OuterHeader>(before));
}

void Tables::move_sa(Sa& sa, OuterHeader outer) {
  const SaKey before = sa.key();
  sas_.put({outer.destination.address, before.spi, before.protocol}, &sa);
  replace_outer(sa, std::move(outer));
  if (sa.key() != before) sas_.erase(before);
}

Tables::OwnedInterface& Tables::owned(uint32_t if_id) {
  OwnedInterface& entry = owned_interfaces_[if_id];
  if (entry.interface == nullptr) {
    entry.interface = std::make_shared<Interface>();
    interfaces_.put(if_id, entry.interface.get());
  }
  return entry;
}

void Tables::drop_if_empty(uint32_t if_id) {
  const auto found = owned_interfaces_.find(if_id);
  if (found == owned_interfaces_.end() || found->second.tun != nullptr) return;
  for (const auto& list : found->second.lists)
    if (list != nullptr) return;
  interfaces_.erase(if_id);
  epoch_.retire(std::move(found->second.interface));
  owned_interfaces_.erase(found);
}

void Tables::publish_policies(uint32_t if_id, uint8_t direction, std::shared_ptr<const PolicyList> list) {
  OwnedInterface& entry = owned(if_id);
  Interface& interface = *entry.interface;
  auto& slot = direction == XFRM_POLICY_OUT ? interface.out : direction == XFRM_POLICY_IN ? interface.in : interface.forward;
  if (list != nullptr && list->empty()) list = nullptr;
  slot.store(list.get(), std::memory_order_release);
  epoch_.retire(std::exchange(entry.lists[direction], std::move(list)));
  drop_if_empty(if_id);
}

void Tables::publish_tun(std::shared_ptr<Tun> tun) {
  OwnedInterface& entry = owned(tun->if_id);
  entry.interface->tun.store(tun.get(), std::memory_order_release);
  epoch_.retire(std::exchange(entry.tun, std::move(tun)));
}

void Tables::remove_tun(std::shared_ptr<Tun> tun) {
  const auto found = owned_interfaces_.find(tun->if_id);
  if (found == owned_interfaces_.end() || found->second.tun != tun) return;
  found->second.interface->tun.store(nullptr, std::memory_order_release);
  epoch_.retire(std::move(found->second.tun));
  found->second.tun = nullptr;
  drop_if_empty(tun->if_id);
}

void Tables::publish_captures(std::shared_ptr<const CaptureList> captures) {
  captures_.publish(captures.get());
  epoch_.retire(std::exchange(owned_captures_, std::move(captures)));
}

void Tables::publish_sockets(std::shared_ptr<const SocketList> sockets) {
  sockets_.store(sockets.get(), std::memory_order_release);
  epoch_.retire(std::exchange(owned_sockets_, std::move(sockets)));
}

}  // namespace xfrmd
