/**
 * Effective routes of each VNet's router: of the VNet as a whole, and of each subnet that has others because of its route table or
 * because it is private. After connections: only what a planned tunnel reaches goes to its gateway, and Internet traffic
 * where the gateway has a default site, whether that is reached or not: without it, it is lost and never goes another way.
 * https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
 */
import {
  asRouteTable,
  asVirtualNetworkGateway,
  containsAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  type RouteTable,
  type VnetRoute,
} from '@sallyport/model';
import { vnetAddress, type Context, type Draft, type DraftInstance, type DraftSubnet, type DraftVnet } from '../draft.ts';
import { completeTable, defaultRoute, selectRoutes, systemRoutes } from '../routes/effective.ts';

export function planEffectiveRoutes(draft: Draft): Draft {
  const instances = Map.groupBy(draft.instances, ({ vnetKey }) => vnetKey);
  const vnets = draft.vnets.map((vnet) => withRoutes(draft.context, vnet, instances.get(vnet.key) ?? []));
  return { ...draft, vnets };
}

function withRoutes(context: Context, vnet: DraftVnet, instances: readonly DraftInstance[]): DraftVnet {
  const learned = instances.flatMap((instance) => routesToGateway(context, instance));
  const system = systemRoutes(vnet.addressPrefixes, vnet.outbound !== undefined);
  // In the VNet's own table subnets are the bridges'.
  const onBridges = new Set(vnet.subnets.map(({ cidr }) => formatCidr(cidr)));
  const routes = selectRoutes([...system, ...learned]).filter(({ prefix }) => !onBridges.has(prefix));
  const gateways = instances.map(vnetAddress);
  return { ...vnet, routes, subnets: vnet.subnets.map((subnet) => withOwnRoutes(context, vnet, subnet, { system, learned, gateways })) };
}

type Others = { readonly system: readonly VnetRoute[]; readonly learned: readonly VnetRoute[]; readonly gateways: readonly string[] };

function withOwnRoutes(context: Context, vnet: DraftVnet, subnet: DraftSubnet, { system, learned, gateways }: Others): DraftSubnet {
  const table = asRouteTable(context.index.get(subnet.routeTable ?? ''));
  const hasOwn = table !== undefined && (table.properties.routes.length > 0 || table.properties.disableBgpRoutePropagation);
  if (!hasOwn && !subnet.isPrivate) return subnet;
  const candidates = [
    ...(subnet.isPrivate ? systemRoutes(vnet.addressPrefixes, false) : system),
    ...(table?.properties.disableBgpRoutePropagation === true ? [] : learned),
    ...(table === undefined ? [] : userRoutes(table, vnet, gateways)),
  ].map((route) => (subnet.isPrivate && route.nextHopType === 'Internet' ? { ...route, nextHopType: 'None' as const } : route));
  return { ...subnet, routes: completeTable(selectRoutes(candidates), vnet.subnets) };
}

function routesToGateway({ index }: Context, instance: DraftInstance): readonly VnetRoute[] {
  const hasDefaultSite = asVirtualNetworkGateway(index.get(instance.gateway))?.properties.gatewayDefaultSite !== undefined;
  const prefixes = new Set([
    ...(hasDefaultSite ? [defaultRoute] : []),
    ...instance.tunnels.flatMap(({ remotePrefixes }) => remotePrefixes),
  ]);
  const nextHops = [vnetAddress(instance)];
  return [...prefixes].map((prefix) => ({ prefix, source: 'VirtualNetworkGateway', nextHopType: 'VirtualNetworkGateway', nextHops }));
}

function userRoutes(table: RouteTable, vnet: DraftVnet, gateways: readonly string[]): readonly VnetRoute[] {
  return table.properties.routes.flatMap(({ properties: { addressPrefix, nextHopType, nextHopIpAddress } }): readonly VnetRoute[] => {
    const cidr = parseCidr(addressPrefix ?? '');
    if (cidr?.family !== 4) return [];
    const route = { prefix: formatCidr(cidr), source: 'User' as const, nextHops: [] };
    switch (nextHopType) {
      case 'VirtualNetworkGateway':
        return [{ ...route, nextHopType, nextHops: gateways }];
      case 'VirtualAppliance':
        return [{ ...route, nextHopType, nextHops: isInSubnet(vnet, nextHopIpAddress) ? [nextHopIpAddress ?? ''] : [] }];
      case 'Internet':
        return [{ ...route, nextHopType: vnet.outbound === undefined ? 'None' : nextHopType }];
      case 'None':
      case 'VnetLocal':
        return [{ ...route, nextHopType }];
    }
  });
}

/** Azure lets an appliance be in a peered network too; peerings carry nothing yet. */
export function isInSubnet(vnet: Pick<DraftVnet, 'subnets'>, text: string | undefined): boolean {
  const address = parseAddress(text ?? '');
  return address !== undefined && vnet.subnets.some(({ cidr }) => containsAddress(cidr, address));
}
