/**
 * What namespaces, links, addresses and routes a host plan means on the lab fabric. Pure. Tunnel interfaces, tunnel
 * routes and forwarding through a gateway are not here: see the xfrm, routes and filter engines.
 *
 * Ours, and so removed when not planned: interfaces `l<number>` and `b<number>`, addresses on the interfaces named here,
 * routes and rules of protocol 213, the table `inet sallyport` of a VNet. Everything else in these namespaces (a lab's `s<n>` and `c<n>`) is left alone.
 */
import { formatCidr, parseCidr } from '@sallyport/model';
import type { HostPlan, InstancePlan, NetworkInterfacePlan, ResourceId, VnetPlan, VnetRoute } from '@sallyport/model';
import type { IpRoute } from '@sallyport/protocols';
import { internetDevice, outboundTable } from './outbound.ts';
import { privatePeers, vnetAddress } from '../outer-leg.ts';
import type { DeviceState, FabricState, NamespaceState, PairState, RouteState } from './state.ts';

/** rtm_protocol of routes and rules of the fabric; 214 is the tunnels'. 213 and 214 have no name in iproute2's rt_protos. */
export const fabricProtocol = 213;
const mainTable = 254;
/** Routes of a gateway's own packets (IKE, ESP): they must never follow a tunnel route that covers the peer's address. */
export const outerTable = 213;
/** The same for tunnels from the private address, whose peers are reached through the VNet. */
const privateOuterTable = 214;
const outerRulePriority = 1000;
/** Behind every tunnel route and blackhole, so that a tunnel for 0.0.0.0/0 wins for what is forwarded. */
const outerDefaultMetric = 100_000;
const lastResortMetric = 4_000_000_000;

export const publicNamespace = 'public';

const quiet = {
  'net.ipv6.conf.all.disable_ipv6': '1',
  'net.ipv6.conf.default.disable_ipv6': '1',
  'net.ipv4.conf.all.rp_filter': '0',
  'net.ipv4.conf.default.rp_filter': '0',
  'net.ipv4.conf.all.send_redirects': '0',
  'net.ipv4.conf.default.send_redirects': '0',
} as const;
const router = { ...quiet, 'net.ipv4.ip_forward': '1' } as const;

export function renderFabric(plan: HostPlan): FabricState {
  return {
    namespaces: [
      ...(plan.publicNetworks.length === 0 ? [] : [renderPublic(plan)]),
      ...plan.vnets.map((vnet) => renderVnet(vnet, plan)),
      ...plan.networkInterfaces.map(renderNetworkInterface),
      ...plan.instances.map(renderInstance),
    ],
    pairs: [
      ...plan.networkInterfaces.flatMap((nic) => nicPair(nic, plan)),
      ...plan.instances.flatMap((instance) => legs(instance, plan)),
      ...outbounds(plan).map(({ vnet, outbound }) => pair(outbound.linkId, publicNamespace, vnet.namespace, internetDevice, vnet.vnet)),
    ],
  };
}

function renderPublic(plan: HostPlan): NamespaceState {
  return {
    namespace: publicNamespace,
    resources: plan.instances.map((instance) => instance.gateway),
    sysctls: router,
    devices: [
      {
        name: 'lo',
        isBridge: false,
        addresses: plan.publicNetworks.map((network) => `${network.router}/32`),
        resource: undefined,
      },
      ...plan.instances.map((instance) => port(instance.public.linkId, `${instance.namespace}/public`, instance.gateway)),
      ...outbounds(plan).map(({ vnet, outbound }) => port(outbound.linkId, `${vnet.namespace}/${internetDevice}`, vnet.vnet)),
    ],
    routes: [
      ...plan.instances.map((instance) =>
        route(`${instance.public.address}/32`, instance.gateway, { device: `l${instance.public.linkId}` }),
      ),
      ...outbounds(plan).map(({ vnet, outbound }) => route(`${outbound.address}/32`, vnet.vnet, { device: `l${outbound.linkId}` })),
    ],
    rules: [],
  };
}

type Outbound = { readonly vnet: VnetPlan; readonly outbound: NonNullable<VnetPlan['outbound']> };

function outbounds({ vnets }: HostPlan): readonly Outbound[] {
  return vnets.flatMap((vnet) => (vnet.outbound === undefined ? [] : [{ vnet, outbound: vnet.outbound }]));
}

function renderVnet(vnet: VnetPlan, plan: HostPlan): NamespaceState {
  const bridgeOf = (subnet: ResourceId): string | undefined => {
    const found = vnet.subnets.find((candidate) => candidate.subnet === subnet);
    return found === undefined ? undefined : `b${found.bridgeId}`;
  };
  const bridges = vnet.subnets.map((subnet) => ({
    name: `b${subnet.bridgeId}`,
    isBridge: true,
    addresses: [subnet.router],
    resource: subnet.subnet,
  }));
  const ports = [
    ...plan.networkInterfaces
      .filter((nic) => nic.vnet === vnet.vnet)
      .map((nic) => port(nic.linkId, `${nic.namespace}/eth0`, nic.networkInterface, bridgeOf(nic.subnet))),
    ...plan.instances
      .filter((instance) => instance.vnet.vnet === vnet.vnet)
      .map(({ vnet: leg, namespace, gateway }) => port(leg.linkId, `${namespace}/vnet`, gateway, bridgeOf(leg.subnet))),
  ];
  const table = outboundTable(vnet);
  const { outbound } = vnet;
  const leg: DeviceState = { name: internetDevice, isBridge: false, addresses: [`${outbound?.address ?? ''}/32`], resource: vnet.vnet };
  const ownTables = vnet.subnets.filter((subnet) => subnet.routes !== undefined);
  return {
    namespace: vnet.namespace,
    resources: [vnet.vnet],
    sysctls: router,
    devices: [loopback(), ...bridges, ...ports, ...(outbound === undefined ? [] : [leg])],
    routes: [
      ...(outbound === undefined ? [] : [route(`${outbound.router}/32`, vnet.vnet, { device: internetDevice })]),
      ...vnet.routes.map((effective) => vnetRoute(vnet, effective, mainTable)),
      ...ownTables.flatMap(({ routes = [], bridgeId }) => routes.map((effective) => vnetRoute(vnet, effective, subnetTable(bridgeId)))),
    ],
    rules: ownTables.map(({ bridgeId }) => ({
      priority: subnetRulePriority,
      source: 'all',
      inputDevice: `b${bridgeId}`,
      table: subnetTable(bridgeId),
      protocol: fabricProtocol,
    })),
    ...(table === undefined ? {} : { table }),
  };
}

/** Of packets that come from a subnet with routes of its own. */
const subnetRulePriority = 1000;
const subnetTable = (bridgeId: number): number => 20_000 + bridgeId;

/** What goes nowhere is refused, so that its sender knows; addresses that no subnet holds too. */
function vnetRoute(vnet: VnetPlan, { prefix, nextHopType, nextHops, subnet }: VnetRoute, table: number): RouteState {
  const { outbound } = vnet;
  const bridge = vnet.subnets.find((candidate) => candidate.subnet === subnet);
  if (nextHopType === 'Internet' && outbound !== undefined)
    return { ...route(prefix, vnet.vnet, { gateway: outbound.router, device: internetDevice }), table };
  if (nextHopType === 'VnetLocal' && bridge !== undefined) return { ...route(prefix, vnet.vnet, { device: `b${bridge.bridgeId}` }), table };
  if (nextHops.length > 0) return { ...route(prefix, vnet.vnet, ...nextHops.map((gateway) => ({ gateway }))), table };
  return { ...route(prefix, vnet.vnet), type: 'unreachable', table, metric: prefix === '0.0.0.0/0' ? lastResortMetric : 0 };
}

function renderNetworkInterface(nic: NetworkInterfacePlan): NamespaceState {
  const resource = nic.networkInterface;
  return {
    namespace: nic.namespace,
    resources: [resource],
    sysctls: { ...quiet, 'net.ipv4.ip_forward': nic.forwards ? '1' : '0' },
    devices: [loopback(), { name: 'eth0', isBridge: false, addresses: [nic.address], resource }],
    routes: [route('0.0.0.0/0', resource, { gateway: nic.router, device: 'eth0' })],
    rules: [],
  };
}

function renderInstance(instance: InstancePlan): NamespaceState {
  const { gateway: resource, public: outer, vnet } = instance;
  const toRouter = { gateway: outer.router, device: 'public' };
  const peers = privatePeers(instance);
  return {
    namespace: instance.namespace,
    resources: [resource],
    // ip_forward belongs to the filter engine: nothing is forwarded before the filter stands.
    sysctls: quiet,
    devices: [
      loopback(),
      { name: 'public', isBridge: false, addresses: [`${outer.address}/32`], resource },
      { name: 'vnet', isBridge: false, addresses: [vnet.address], resource },
    ],
    routes: [
      route(`${outer.router}/32`, resource, { device: 'public' }),
      { ...route('0.0.0.0/0', resource, toRouter), metric: outerDefaultMetric },
      { ...route(`${outer.router}/32`, resource, { device: 'public' }), table: outerTable },
      { ...route('0.0.0.0/0', resource, toRouter), table: outerTable },
      ...(peers.length === 0
        ? []
        : [{ ...route('0.0.0.0/0', resource, { gateway: vnet.router, device: 'vnet' }), table: privateOuterTable }]),
      ...vnet.prefixes
        .filter((prefix) => prefix !== networkOf(vnet.address))
        .map((prefix) => route(prefix, resource, { gateway: vnet.router, device: 'vnet' })),
    ],
    rules: [
      { priority: outerRulePriority, source: outer.address, table: outerTable, protocol: fabricProtocol },
      // By peer, for the address is in use inside the VNet too.
      ...peers.map((destination) => ({
        priority: outerRulePriority,
        source: vnetAddress(instance),
        destination,
        table: privateOuterTable,
        protocol: fabricProtocol,
      })),
    ],
  };
}

function nicPair(nic: NetworkInterfacePlan, plan: HostPlan): readonly PairState[] {
  const vnet = plan.vnets.find((candidate) => candidate.vnet === nic.vnet);
  return vnet === undefined ? [] : [pair(nic.linkId, vnet.namespace, nic.namespace, 'eth0', nic.networkInterface)];
}

function legs(instance: InstancePlan, plan: HostPlan): readonly PairState[] {
  const vnet = plan.vnets.find((candidate) => candidate.vnet === instance.vnet.vnet);
  return [
    pair(instance.public.linkId, publicNamespace, instance.namespace, 'public', instance.gateway),
    ...(vnet === undefined ? [] : [pair(instance.vnet.linkId, vnet.namespace, instance.namespace, 'vnet', instance.gateway)]),
  ];
}

function pair(linkId: number, routerNamespace: string, nodeNamespace: string, device: string, resource: ResourceId): PairState {
  return {
    name: `l${linkId}`,
    index: 100_000 + linkId,
    routerNamespace,
    nodeNamespace,
    device,
    alias: `${nodeNamespace}/${device}`,
    resource,
  };
}

function loopback(): DeviceState {
  return { name: 'lo', isBridge: false, addresses: [], resource: undefined };
}

function port(linkId: number, alias: string, resource: ResourceId, master?: string): DeviceState {
  return { name: `l${linkId}`, isBridge: false, alias, addresses: [], resource, ...(master === undefined ? {} : { master }) };
}

function route(destination: string, resource: ResourceId, ...nextHops: IpRoute['nextHops']): RouteState {
  return { type: 'unicast', destination, table: mainTable, protocol: fabricProtocol, metric: 0, nextHops, resource };
}

/** `10.1.0.0/24` of `10.1.0.1/24`. */
export function networkOf(address: string): string {
  const cidr = parseCidr(address);
  return cidr === undefined ? address : formatCidr(cidr);
}
