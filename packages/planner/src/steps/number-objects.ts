/**
 * Gives every object of the draft its ids and names, host by host, and so ends the draft. Last, because only now it is
 * known what exists; in one place, because an id is unique over all kinds of objects that share its number space.
 */
import { resourceKey, resourceName, type HostPlan, type InstancePlan, type NetworkInterfacePlan, type VnetPlan } from '@sallyport/model';
import { linkKey, tunnelKey, type Assigned } from '../allocate/assigned.ts';
import { allocateIds } from '../allocate/ids.ts';
import { allocateNames, type NameRequest } from '../allocate/names.ts';
import type { Draft, DraftInstance, DraftNetworkInterface, DraftVnet } from '../draft.ts';
import { compareText } from '../resource-index.ts';
import { routerAddress } from '../router-address.ts';

type OnHost = {
  readonly vnets: readonly DraftVnet[];
  readonly networkInterfaces: readonly DraftNetworkInterface[];
  readonly instances: readonly DraftInstance[];
};

/** Every object on the host has an entry: they were made from the same lists. */
type Numbers = {
  readonly bridges: ReadonlyMap<string, number>;
  readonly links: ReadonlyMap<string, number>;
  readonly tunnels: ReadonlyMap<string, number>;
  readonly namespaces: ReadonlyMap<string, string>;
};

/** The fabric's own namespace. */
const reservedNamespaces: ReadonlySet<string> = new Set(['public']);
const nothingReserved: ReadonlySet<string> = new Set();

export function numberObjects(draft: Draft, hosts: readonly string[]): readonly HostPlan[] {
  const vnets = Map.groupBy(draft.vnets, ({ host }) => host);
  const networkInterfaces = Map.groupBy(draft.networkInterfaces, ({ host }) => host);
  const instances = Map.groupBy(draft.instances, ({ host }) => host);
  return hosts.map((host) => {
    const own: OnHost = {
      vnets: vnets.get(host) ?? [],
      networkInterfaces: networkInterfaces.get(host) ?? [],
      instances: instances.get(host) ?? [],
    };
    const assigned = draft.context.assigned(host);
    const numbers = numbersOf(own, assigned);
    return {
      host,
      publicNetworks: draft.publicNetworks,
      vnets: own.vnets.map((vnet) => vnetPlan(vnet, numbers)),
      networkInterfaces: own.networkInterfaces.map((networkInterface) => networkInterfacePlan(networkInterface, numbers)),
      instances: own.instances.map((instance) => instancePlan(instance, numbers, assigned)),
    };
  });
}

function numbersOf({ vnets, networkInterfaces, instances }: OnHost, assigned: Assigned): Numbers {
  const bridgeKeys = vnets.flatMap(({ subnets }) => subnets.map(({ key }) => key));
  const linkKeys = [
    ...vnets.flatMap(({ key, outbound }) => (outbound === undefined ? [] : [linkKey(key, 'internet')])),
    ...networkInterfaces.map(({ key }) => linkKey(key, 'eth0')),
    ...instances.flatMap(({ key }) => [linkKey(key, 'public'), linkKey(key, 'vnet')]),
  ];
  const tunnelKeys = instances.flatMap(({ key, tunnels }) => tunnels.map(({ connection }) => tunnelKey(key, resourceKey(connection))));
  const named: readonly NameRequest[] = [
    ...vnets.map(({ key, name }) => ({ key, name, compose: (stem: string) => `vnet-${stem}` })),
    ...networkInterfaces.map(({ key, name }) => ({ key, name, compose: (stem: string) => `nic-${stem}` })),
    ...instances.map(({ key, gatewayName: name, role }) => ({ key, name, compose: (stem: string) => `gw-${stem}-${role.slice(-1)}` })),
  ];
  return {
    bridges: allocateIds(bridgeKeys.toSorted(compareText), assigned.bridges),
    links: allocateIds(linkKeys.toSorted(compareText), assigned.links),
    tunnels: allocateIds(tunnelKeys.toSorted(compareText), assigned.tunnels),
    namespaces: allocateNames(
      named.toSorted((a, b) => compareText(a.key, b.key)),
      assigned.namespaces,
      reservedNamespaces,
    ),
  };
}

function vnetPlan(draft: DraftVnet, { bridges, links, namespaces }: Numbers): VnetPlan {
  const { key, vnet, addressPrefixes, subnets, routes, outbound } = draft;
  return {
    vnet,
    namespace: of(namespaces, key),
    addressPrefixes,
    subnets: subnets.map((subnet) => ({
      subnet: subnet.id,
      bridgeId: of(bridges, subnet.key),
      router: `${routerAddress(subnet.cidr)}/${subnet.cidr.length}`,
      ...(subnet.routes === undefined ? {} : { routes: subnet.routes }),
    })),
    routes,
    ...(outbound === undefined ? {} : { outbound: { linkId: of(links, linkKey(key, 'internet')), ...outbound } }),
  };
}

function networkInterfacePlan(draft: DraftNetworkInterface, { links, namespaces }: Numbers): NetworkInterfacePlan {
  const { key, networkInterface, vnet, subnet, address, router, forwards } = draft;
  const [namespace, linkId] = [of(namespaces, key), of(links, linkKey(key, 'eth0'))];
  return { networkInterface, namespace, linkId, vnet, subnet, address, router, forwards };
}

function instancePlan(draft: DraftInstance, { links, tunnels, namespaces }: Numbers, assigned: Assigned): InstancePlan {
  const { key, id, gateway, role, bandwidth } = draft;
  const names = allocateNames(
    draft.tunnels.map(({ connection }) => ({ key: resourceKey(connection), name: resourceName(connection), compose: (stem) => stem })),
    assigned.tunnelNames.get(key) ?? new Map(),
    nothingReserved,
  );
  return {
    id,
    gateway,
    role,
    namespace: of(namespaces, key),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    public: { linkId: of(links, linkKey(key, 'public')), ...draft.public },
    vnet: { linkId: of(links, linkKey(key, 'vnet')), ...draft.vnet },
    tunnels: draft.tunnels.map((tunnel) => {
      const { connection, ...rest } = tunnel;
      const connectionKey = resourceKey(connection);
      return { connection, name: of(names, connectionKey), ifId: of(tunnels, tunnelKey(key, connectionKey)), ...rest };
    }),
  };
}

function of<T>(numbers: ReadonlyMap<string, T>, key: string): T {
  const value = numbers.get(key);
  if (value === undefined) throw new Error(`nothing allocated for ${key}`);
  return value;
}
