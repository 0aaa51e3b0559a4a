/**
 * Reads a connection's facts: from the plan what is in force (proposals, lifetimes, selectors, addresses), from the resources the
 * names and BGP settings. Pure; the key is the caller's to fetch.
 */
import type { Connection, InstancePlan, Plan, Resource, TunnelPlan, VirtualNetworkGateway } from '@sallyport/model';
import {
  asConnection,
  asLocalNetworkGateway,
  asVirtualNetworkGateway,
  dpdTimeoutLimits,
  isSameResource,
  parseCidr,
  resourceName,
} from '@sallyport/model';
import { chooseProposals } from './algorithms.ts';
import type { DeviceScriptFacts, DeviceTunnel } from './facts.ts';
import type { DeviceFamily } from './family.ts';

export type FactsSource = {
  readonly connection: Resource;
  readonly plan: Plan | undefined;
  readonly resource: (id: string) => Resource | undefined;
  readonly sharedKey: string | undefined;
};

/** Why there can be no script: `NotPlanned` the connection is not in force, `NotExpressible` the device lacks an algorithm. */
export type FactsRefusal = { readonly refused: 'NotPlanned' | 'NotExpressible'; readonly because: string };

/** A device asks as often as to miss this many answers within the gateway's timeout. */
const retries = 3;

export function deviceScriptFacts({ language }: DeviceFamily, source: FactsSource): DeviceScriptFacts | FactsRefusal {
  const planned = plannedTunnels(source);
  const [first] = planned;
  const connection = asConnection(source.connection);
  const site = asLocalNetworkGateway(source.resource(connection?.properties.localNetworkGateway2?.id ?? ''));
  const gateway = asVirtualNetworkGateway(source.resource(connection?.properties.virtualNetworkGateway1.id ?? ''));
  const siteAddress = site?.properties.gatewayIpAddress ?? site?.properties.fqdn;
  if (first === undefined || connection === undefined || site === undefined || gateway === undefined || siteAddress === undefined)
    return { refused: 'NotPlanned', because: 'no gateway instance has a tunnel for it' };
  if (source.sharedKey === undefined) return { refused: 'NotPlanned', because: 'it has no shared key' };
  const { ike, esp, mtu, mssClamp, remotePrefixes } = first.tunnel;
  const chosen = chooseProposals(language.algorithms(ike.version), first.tunnel);
  if ('lacks' in chosen) return { refused: 'NotExpressible', because: chosen.lacks };
  // A policy-based gateway does not ask whether the device is there, but answers it.
  const timeoutSeconds = ike.dpdTimeoutSeconds === 0 ? dpdTimeoutLimits.default : ike.dpdTimeoutSeconds;
  const { siteBgp, addressOf } = bgpOf(connection, gateway, site.properties.bgpSettings);
  return {
    connection: connection.name,
    gateway: gateway.name,
    localNetworkGateway: site.name,
    tunnels: planned.map(({ instance, tunnel }): DeviceTunnel => {
      const bgpAddress = siteBgp === undefined ? undefined : addressOf(instance);
      return { gatewayAddress: tunnel.ike.localAddress, ...(bgpAddress === undefined ? {} : { gatewayBgpAddress: bgpAddress }) };
    }),
    site: { type: site.properties.gatewayIpAddress === undefined ? 'fqdn' : 'address', value: siteAddress },
    ikeVersion: ike.version,
    ...chosen,
    ikeLifetimeSeconds: ike.lifetimeSeconds,
    espLifetimeSeconds: esp.lifetimeSeconds,
    espLifetimeKilobytes: esp.lifetimeKilobytes,
    deadPeer: { timeoutSeconds, intervalSeconds: Math.max(2, Math.floor(timeoutSeconds / retries)), retries },
    deviceInitiates: ike.responds,
    startsOnTraffic: esp.idleTimeoutSeconds > 0,
    selectors: selectorsOf(esp),
    vnetPrefixes: first.instance.vnet.prefixes.filter(isIpv4),
    sitePrefixes: remotePrefixes.filter(isIpv4),
    sharedKey: source.sharedKey,
    mtu,
    mss: mssClamp,
    ...(siteBgp === undefined ? {} : { bgp: siteBgp }),
  };
}

/** The tunnels carry IPv4 only, so far. */
const isIpv4 = (prefix: string): boolean => parseCidr(prefix)?.family === 4;

type Planned = { readonly instance: InstancePlan; readonly tunnel: TunnelPlan };

function plannedTunnels({ plan, connection }: FactsSource): readonly Planned[] {
  const instances = plan?.hosts.flatMap((host) => host.instances) ?? [];
  return instances
    .flatMap((instance) => instance.tunnels.map((tunnel) => ({ instance, tunnel })))
    .filter(({ tunnel }) => isSameResource(tunnel.connection, connection.id))
    .toSorted((a, b) => (a.instance.role < b.instance.role ? -1 : 1));
}

/** The device's `local` is the gateway's `remote`. */
function selectorsOf({ selectors }: TunnelPlan['esp']): DeviceScriptFacts['selectors'] {
  const pairs = selectors.flatMap(({ local, remote }) =>
    remote.flatMap((ours) => local.map((theirs) => ({ local: ours, remote: theirs }))),
  );
  return pairs.every(({ local, remote }) => local === '0.0.0.0/0' && remote === '0.0.0.0/0') ? 'any' : pairs;
}

function bgpOf(
  { properties }: Connection,
  gateway: VirtualNetworkGateway,
  site: { readonly asn: number; readonly bgpPeeringAddress?: string | undefined } | undefined,
): { readonly siteBgp: DeviceScriptFacts['bgp']; readonly addressOf: (instance: InstancePlan) => string | undefined } {
  const addressOf = ({ role }: InstancePlan): string | undefined => {
    const half = gateway.allocated.instances.find((instance) => instance.role === role);
    const custom = properties.gatewayCustomBgpIpAddresses.find(
      ({ ipConfigurationId }) => resourceName(ipConfigurationId).toLowerCase() === half?.ipConfiguration.toLowerCase(),
    );
    return custom?.customBgpIpAddress ?? half?.bgpPeeringAddress;
  };
  const siteAddress = site?.bgpPeeringAddress;
  if (!properties.enableBgp || site === undefined || siteAddress === undefined) return { siteBgp: undefined, addressOf };
  return { siteBgp: { gatewayAsn: gateway.properties.bgpSettings.asn, siteAsn: site.asn, siteAddress }, addressOf };
}
