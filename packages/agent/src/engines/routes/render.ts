/**
 * Routes into the tunnels of one instance. Pure. Every prefix also has a blackhole behind its tunnel route, so that while
 * a tunnel interface is missing the prefix goes nowhere, and never to the public network. Routes of protocol 214 are ours.
 */
import type { InstancePlan, ResourceId } from '@sallyport/model';
import type { IpRoute, NamespaceReading } from '@sallyport/protocols';

export const tunnelProtocol = 214;
const tunnelMetric = 100;
const blackholeMetric = 4000;

export type TunnelRoute = IpRoute & { readonly connection: ResourceId };

/**
 * @param devices tunnel interfaces that are there; the others' routes wait for them, their blackholes do not.
 */
export function renderTunnelRoutes(instance: InstancePlan, devices: ReadonlySet<string>): readonly TunnelRoute[] {
  const source = instance.vnet.address.split('/')[0] ?? '';
  const taken = new Map<string, number>();
  return instance.tunnels.flatMap((tunnel) =>
    tunnel.remotePrefixes.flatMap((destination) => {
      // Two connections to one prefix: the first by id is used while its interface is there, then the next.
      const rank = taken.get(destination) ?? 0;
      taken.set(destination, rank + 1);
      const device = `t${tunnel.ifId}`;
      const common = { destination, table: 254, protocol: tunnelProtocol, connection: tunnel.connection } as const;
      const into = { ...common, type: 'unicast', metric: tunnelMetric + rank, source, nextHops: [{ device }] } as const;
      const behind = { ...common, type: 'blackhole', metric: blackholeMetric, nextHops: [] } as const;
      return [...(rank === 0 ? [behind] : []), ...(devices.has(device) ? [into] : [])];
    }),
  );
}

/** Interfaces that can carry a route: those that are up. */
export function tunnelDevices(reading: NamespaceReading): ReadonlySet<string> {
  return new Set(reading.links.filter((link) => /^t\d+$/.test(link.name) && link.isUp).map((link) => link.name));
}
