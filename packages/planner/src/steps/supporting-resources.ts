/** Report only: resources that are on hosts through others (public addresses, local network gateways, route tables) and those on their way out. */
import { asConnection, asRouteTable, asVirtualNetworkGateway, parseCidr, resourceKey, types, type Resource } from '@sallyport/model';
import type { Draft } from '../draft.ts';
import { gapsOf, notPlanned, planned, type Gap } from '../reason.ts';
import type { ResourceType } from '../resource-index.ts';
import { isInSubnet } from './effective-routes.ts';

export function reportSupportingResources(draft: Draft): Draft {
  const { index } = draft.context;
  const hostsOf = new Map<string, Set<string>>();
  const use = (id: string | undefined, host: string): void => {
    const key = resourceKey(id ?? '');
    hostsOf.set(key, (hostsOf.get(key) ?? new Set()).add(host));
  };
  for (const { gateway, host, role, tunnels } of draft.instances) {
    const instance = asVirtualNetworkGateway(index.get(gateway))?.allocated.instances.find((one) => one.role === role);
    use(instance?.publicIPAddressId, host);
    for (const { connection } of tunnels) use(asConnection(index.get(connection))?.properties.localNetworkGateway2?.id, host);
  }
  for (const { host, subnets } of draft.vnets) for (const { routeTable } of subnets) use(routeTable, host);
  const entriesOf = (type: ResourceType, because: string, gaps: (resource: Resource) => readonly Gap[] = () => []): Draft['report'] =>
    index.list(type).map(({ key, resource }) => {
      const hosts = hostsOf.get(key);
      return hosts === undefined ? notPlanned(resource, 'NotInUse', because) : planned(resource, [...hosts].toSorted(), gaps(resource));
    });
  const report = [
    ...entriesOf(types.publicIpAddress, 'no planned gateway uses it'),
    ...entriesOf(types.localNetworkGateway, 'no planned connection uses it'),
    ...entriesOf(types.routeTable, 'no planned subnet uses it', (resource) => gapsOfRouteTable(draft, resource)),
    ...index
      .list(types.networkSecurityGroup)
      .map(({ resource }) => notPlanned(resource, 'NetworkSecurityGroupNotSupported', 'its rules are not applied')),
    ...index.deleting.map(({ resource }) => notPlanned(resource, 'Deleting', 'it is being deleted')),
  ];
  return { ...draft, report: [...draft.report, ...report] };
}

function gapsOfRouteTable({ vnets }: Draft, resource: Resource): readonly Gap[] {
  const routes = asRouteTable(resource)?.properties.routes ?? [];
  const users = vnets.filter(({ subnets }) => subnets.some(({ routeTable }) => resourceKey(routeTable ?? '') === resourceKey(resource.id)));
  const named = (list: typeof routes): string => list.map(({ name }) => name).join(', ');
  const others = routes.filter(({ properties }) => parseCidr(properties.addressPrefix ?? '')?.family !== 4);
  const lost = routes.filter(
    ({ properties: { nextHopType, nextHopIpAddress } }) =>
      nextHopType === 'VirtualAppliance' && users.some((vnet) => !isInSubnet(vnet, nextHopIpAddress)),
  );
  return gapsOf([
    [others.length > 0, 'RoutePrefixNotSupported', `routes of service tags and of IPv6 are not applied (${named(others)})`],
    [
      lost.length > 0,
      'ApplianceOutsideVirtualNetwork',
      `the appliance is in no subnet of the virtual network: packets are dropped (${named(lost)})`,
    ],
  ]);
}
