/**
 * Routes of each VNet's router beyond its connected subnets, as Azure's effective routes: what a gateway has learned goes to the
 * gateway, the rest of the VNet's own space and everything else is dropped. After connections, because only planned ones
 * count. One route per prefix is left, by Azure's precedence, so that the agent has nothing to choose.
 * https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
 */
import { compareCidr, formatCidr, parseCidr, type Cidr, type VnetRoute } from '@sallyport/model';
import type { Draft, DraftInstance, DraftVnet } from '../draft.ts';

/** Where Azure goes to the Internet: a VNet here has no way there yet, and what is not routed must not leak. */
const defaultRoute = '0.0.0.0/0';

export function planEffectiveRoutes(draft: Draft): Draft {
  const gateways = new Map<string, DraftInstance[]>();
  for (const instance of draft.instances) gateways.set(instance.vnetKey, [...(gateways.get(instance.vnetKey) ?? []), instance]);
  const vnets = draft.vnets.map((vnet) => ({ ...vnet, routes: routesOf(vnet, gateways.get(vnet.key) ?? []) }));
  return { ...draft, vnets };
}

function routesOf(vnet: DraftVnet, instances: readonly DraftInstance[]): readonly VnetRoute[] {
  const connected = new Set(vnet.subnets.map(({ cidr }) => formatCidr(cidr)));
  const routes = new Map<string, VnetRoute>();
  // Lowest precedence first; a later one replaces it. A prefix that is a subnet's own stays the bridge's.
  for (const prefix of [defaultRoute, ...vnet.addressPrefixes]) {
    if (!connected.has(prefix)) routes.set(prefix, { prefix, source: 'Default', nextHops: [] });
  }
  for (const { vnet: leg, tunnels } of instances) {
    const nextHop = leg.address.split('/')[0] ?? '';
    for (const prefix of tunnels.flatMap(({ remotePrefixes }) => remotePrefixes)) {
      if (!connected.has(prefix)) routes.set(prefix, { prefix, source: 'VirtualNetworkGateway', nextHops: [nextHop] });
    }
  }
  return [...routes.values()].toSorted((a, b) => compareCidr(cidr(a), cidr(b)));
}

function cidr({ prefix }: VnetRoute): Cidr {
  return parseCidr(prefix) ?? { family: 4, address: 0n, length: 0 };
}
