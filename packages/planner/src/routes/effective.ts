/**
 * Effective routes of one subnet, as Azure selects them: longest prefix, then the source: user-defined, learned from a gateway,
 * system. Pure lists in, one route per prefix out. Which lists there are is steps/effective-routes.ts.
 * https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview#how-azure-selects-a-route
 */
import { compareCidr, contains, formatCidr, parseCidr, type Cidr, type ResourceId, type VnetRoute } from '@sallyport/model';

export const defaultRoute = '0.0.0.0/0';

/** Reserved for private use (RFC 1918, RFC 6598): Azure drops them unless something says otherwise. */
const privatePrefixes = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];

/** What every subnet has. @param hasInternet whether there is a way to the Internet at all. */
export function systemRoutes(addressPrefixes: readonly string[], hasInternet: boolean): readonly VnetRoute[] {
  const route = (prefix: string, nextHopType: VnetRoute['nextHopType']): VnetRoute => ({
    prefix,
    source: 'Default',
    nextHopType,
    nextHops: [],
  });
  return [
    route(defaultRoute, hasInternet ? 'Internet' : 'None'),
    ...privatePrefixes.map((prefix) => route(prefix, 'None')),
    // Last: a network that is all of 10.0.0.0/8 is reached.
    ...addressPrefixes.map((prefix) => route(prefix, 'VnetLocal')),
  ];
}

const rank = { User: 0, VirtualNetworkGateway: 1, Default: 2 } as const;

/** One route per prefix; of two of the same source the later. Sorted by prefix. */
export function selectRoutes(candidates: readonly VnetRoute[]): readonly VnetRoute[] {
  const best = new Map<string, VnetRoute>();
  for (const candidate of candidates) {
    const other = best.get(candidate.prefix);
    if (other === undefined || rank[candidate.source] <= rank[other.source]) best.set(candidate.prefix, candidate);
  }
  return [...best.values()].toSorted((a, b) => compareCidr(cidrOf(a), cidrOf(b)));
}

export type LocalSubnet = { readonly id: ResourceId; readonly cidr: Cidr };

/**
 * The same routes as a table of their own: what is on the network's subnets is written out, as far as the routes leave it to
 * the network. So a user's route for the whole network catches what goes to its other subnets, as in Azure.
 */
export function completeTable(routes: readonly VnetRoute[], subnets: readonly LocalSubnet[]): readonly VnetRoute[] {
  const cidrs = routes.map((route) => ({ route, cidr: cidrOf(route) }));
  const onSubnets = subnets.flatMap(({ id, cidr }): readonly VnetRoute[] => {
    const covering = cidrs.filter((one) => contains(one.cidr, cidr)).toSorted((a, b) => b.cidr.length - a.cidr.length)[0];
    if (covering?.route.nextHopType !== 'VnetLocal') return [];
    return [{ ...covering.route, prefix: formatCidr(cidr), subnet: id }];
  });
  const written = new Set(onSubnets.map(({ prefix }) => prefix));
  const rest = cidrs.filter(({ route }) => !written.has(route.prefix)).map(({ route, cidr }) => withSubnet(route, cidr, subnets));
  return [...rest, ...onSubnets].toSorted((a, b) => compareCidr(cidrOf(a), cidrOf(b)));
}

function withSubnet(route: VnetRoute, cidr: Cidr, subnets: readonly LocalSubnet[]): VnetRoute {
  if (route.nextHopType !== 'VnetLocal') return route;
  const holder = subnets.find((subnet) => contains(subnet.cidr, cidr));
  return holder === undefined ? route : { ...route, subnet: holder.id };
}

function cidrOf({ prefix }: VnetRoute): Cidr {
  return parseCidr(prefix) ?? { family: 4, address: 0n, length: 0 };
}
