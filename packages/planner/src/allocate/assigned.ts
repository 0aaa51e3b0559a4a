/** What the previous plan gave to whom, by host: the memory that keeps ids and names still. */
import { resourceKey, type HostPlan, type Plan } from '@sallyport/model';

export type Assigned = {
  /** By subnet key. */
  readonly bridges: ReadonlyMap<string, number>;
  /** By `linkKey`. */
  readonly links: ReadonlyMap<string, number>;
  /** By `tunnelKey`. */
  readonly tunnels: ReadonlyMap<string, number>;
  /** By VNet key. */
  readonly outbound: ReadonlyMap<string, string>;
  /** By key of VNet, network interface or instance. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** VICI names by connection key, by instance key: they are unique in their instance only. */
  readonly tunnelNames: ReadonlyMap<string, ReadonlyMap<string, string>>;
};

const nothing: Assigned = {
  bridges: new Map(),
  links: new Map(),
  tunnels: new Map(),
  outbound: new Map(),
  namespaces: new Map(),
  tunnelNames: new Map(),
};

/** A network interface has one veth pair, a VNet that reaches the Internet too, an instance two. */
export function linkKey(ownerKey: string, leg: 'eth0' | 'internet' | 'public' | 'vnet'): string {
  return `${ownerKey} ${leg}`;
}

/** One connection has a tunnel in each instance of its gateway. */
export function tunnelKey(instanceKey: string, connectionKey: string): string {
  return `${instanceKey} ${connectionKey}`;
}

export function assignedBy(previous: Plan | undefined): (host: string) => Assigned {
  const byHost = new Map((previous?.hosts ?? []).map((host) => [host.host, assignedOn(host)]));
  return (host) => byHost.get(host) ?? nothing;
}

function assignedOn(host: HostPlan): Assigned {
  const { vnets, networkInterfaces, instances } = host;
  return {
    bridges: new Map(vnets.flatMap(({ subnets }) => subnets.map(({ subnet, bridgeId }) => [resourceKey(subnet), bridgeId] as const))),
    links: new Map([
      ...vnets.flatMap(({ vnet, outbound }) =>
        outbound === undefined ? [] : [[linkKey(resourceKey(vnet), 'internet'), outbound.linkId] as const],
      ),
      ...networkInterfaces.map((nic) => [linkKey(resourceKey(nic.networkInterface), 'eth0'), nic.linkId] as const),
      ...instances.flatMap((instance) => {
        const key = resourceKey(instance.id);
        return [[linkKey(key, 'public'), instance.public.linkId] as const, [linkKey(key, 'vnet'), instance.vnet.linkId] as const];
      }),
    ]),
    tunnels: new Map(
      instances.flatMap(({ id, tunnels }) =>
        tunnels.map(({ connection, ifId }) => [tunnelKey(resourceKey(id), resourceKey(connection)), ifId] as const),
      ),
    ),
    outbound: new Map(
      vnets.flatMap(({ vnet, outbound }) => (outbound === undefined ? [] : [[resourceKey(vnet), outbound.address] as const])),
    ),
    namespaces: new Map([
      ...vnets.map(({ vnet, namespace }) => [resourceKey(vnet), namespace] as const),
      ...networkInterfaces.map(({ networkInterface, namespace }) => [resourceKey(networkInterface), namespace] as const),
      ...instances.map(({ id, namespace }) => [resourceKey(id), namespace] as const),
    ]),
    tunnelNames: new Map(
      instances.map(({ id, tunnels }) => [
        resourceKey(id),
        new Map(tunnels.map(({ connection, name }) => [resourceKey(connection), name] as const)),
      ]),
    ),
  };
}
