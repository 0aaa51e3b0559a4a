/** Report only: resources that are on hosts through others (public addresses, local network gateways, route tables) and those on their way out. */
import { asConnection, asVirtualNetworkGateway, resourceKey, types } from '@sallyport/model';
import type { Draft } from '../draft.ts';
import { notPlanned, planned } from '../reason.ts';
import type { ResourceType } from '../resource-index.ts';

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
  const entriesOf = (type: ResourceType, because: string): Draft['report'] =>
    index.list(type).map(({ key, resource }) => {
      const hosts = hostsOf.get(key);
      return hosts === undefined ? notPlanned(resource, 'NotInUse', because) : planned(resource, [...hosts].toSorted(), []);
    });
  const report = [
    ...entriesOf(types.publicIpAddress, 'no planned gateway uses it'),
    ...entriesOf(types.localNetworkGateway, 'no planned connection uses it'),
    ...index
      .list(types.routeTable)
      .map(({ resource }) => notPlanned(resource, 'RouteTableNotSupported', 'user-defined routes are not applied yet')),
    ...index
      .list(types.networkSecurityGroup)
      .map(({ resource }) => notPlanned(resource, 'NetworkSecurityGroupNotSupported', 'its rules are not applied')),
    ...index.deleting.map(({ resource }) => notPlanned(resource, 'Deleting', 'it is being deleted')),
  ];
  return { ...draft, report: [...draft.report, ...report] };
}
