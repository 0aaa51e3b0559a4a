/**
 * Which leg of its instance a tunnel's own packets (IKE, ESP) use: the public one, or the VNet's where the connection starts at the
 * gateway's private address. Pure. What goes through a tunnel is no concern of this.
 */
import type { InstancePlan, TunnelPlan } from '@sallyport/model';

export type OuterLeg = 'public' | 'vnet';

export function outerLeg(instance: Pick<InstancePlan, 'vnet'>, tunnel: TunnelPlan): OuterLeg {
  return tunnel.ike.localAddress === vnetAddress(instance) ? 'vnet' : 'public';
}

/** Addresses of the peers that are called from the VNet leg, sorted. The planner names no host names among them. */
export function privatePeers(instance: InstancePlan): readonly string[] {
  const tunnels = instance.tunnels.filter((tunnel) => outerLeg(instance, tunnel) === 'vnet');
  return [...new Set(tunnels.map(({ ike }) => ike.remoteAddress))].toSorted();
}

/** The instance's own address in the VNet, no mask. */
export function vnetAddress({ vnet }: Pick<InstancePlan, 'vnet'>): string {
  return vnet.address.split('/')[0] ?? '';
}
