/** What objects of one host say of each other: subnets exist, next hops are instances, every tunnel's prefixes lead to it. */
import {
  containsAddress,
  formatCidr,
  parseAddress,
  parseCidr,
  resourceKey,
  resourceName,
  type HostPlan,
  type InstancePlan,
  type Issue,
  type VnetPlan,
  type VnetRoute,
} from '@sallyport/model';
import { planIssue } from './plan-issue.ts';

export function referenceIssues({ vnets, networkInterfaces, instances }: HostPlan): readonly Issue[] {
  const subnetKeys = new Set(
    vnets.flatMap(({ vnet, subnets }) => subnets.map(({ subnet }) => `${resourceKey(vnet)} ${resourceKey(subnet)}`)),
  );
  const attached = [
    ...networkInterfaces.map(({ networkInterface: by, vnet, subnet }) => ({ by: by as string, vnet, subnet })),
    ...instances.map(({ id: by, vnet: { vnet, subnet } }) => ({ by: by as string, vnet, subnet })),
  ];
  const homeless = attached
    .filter(({ vnet, subnet }) => !subnetKeys.has(`${resourceKey(vnet)} ${resourceKey(subnet)}`))
    .map(({ by, subnet }) =>
      planIssue('PlanUnresolved', by, `${resourceName(by)} is in subnet ${resourceName(subnet)}, which is not on its host`),
    );
  const byVnet = Map.groupBy(instances, ({ vnet }) => resourceKey(vnet.vnet));
  return [...homeless, ...vnets.flatMap((vnet) => routeIssues(vnet, byVnet.get(resourceKey(vnet.vnet)) ?? []))];
}

function routeIssues(plan: VnetPlan, instances: readonly InstancePlan[]): readonly Issue[] {
  const { vnet, subnets, routes } = plan;
  const name = resourceName(vnet);
  const routed = new Map(routes.map(({ prefix, nextHops }) => [prefix, nextHops]));
  const onBridge = new Set(subnets.map(({ router }) => parseCidr(router)).flatMap((cidr) => (cidr === undefined ? [] : formatCidr(cidr))));
  const unrouted = instances.flatMap(({ id, vnet: leg, tunnels }) => {
    const own = leg.address.split('/')[0] ?? '';
    const missing = tunnels.flatMap(({ remotePrefixes }) => remotePrefixes).filter((prefix) => !(routed.get(prefix) ?? []).includes(own));
    return missing.map((prefix) =>
      planIssue('PlanMissingPeer', id, `virtual network ${name} does not route ${prefix} to ${resourceName(leg.vnet)}'s gateway`),
    );
  });
  return [
    ...[routes, ...subnets.map((subnet) => subnet.routes ?? [])].flatMap((table) => tableIssues(plan, table, instances)),
    ...unrouted,
    ...routes
      .filter(({ prefix }) => onBridge.has(prefix))
      .map(({ prefix }) => planIssue('PlanOverlap', vnet, `virtual network ${name} routes its own subnet ${prefix}`)),
  ];
}

/** One table of a router: next hops that exist, each prefix once. */
function tableIssues(
  { vnet, subnets, outbound }: VnetPlan,
  table: readonly VnetRoute[],
  instances: readonly InstancePlan[],
): readonly Issue[] {
  const name = `virtual network ${resourceName(vnet)}`;
  const addresses = new Set(instances.map((one) => one.vnet.address.split('/')[0]));
  const cidrs = subnets.map(({ router }) => parseCidr(router));
  const isInside = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && cidrs.some((cidr) => cidr !== undefined && containsAddress(cidr, address));
  };
  const hopsOf = (type: VnetRoute['nextHopType'], isReached: (hop: string) => boolean, who: string): readonly Issue[] =>
    table
      .filter(({ nextHopType }) => nextHopType === type)
      .flatMap(({ prefix, nextHops }) =>
        nextHops
          .filter((hop) => !isReached(hop))
          .map((hop) => planIssue('PlanMissingPeer', vnet, `${name} routes ${prefix} to ${hop}, which no ${who} has`)),
      );
  const nowhere = table.filter(({ nextHopType }) => nextHopType === 'Internet' && outbound === undefined);
  const seen = new Set<string>();
  const doubled = table.filter(({ prefix }) => seen.size === seen.add(prefix).size);
  return [
    ...hopsOf('VirtualNetworkGateway', (hop) => addresses.has(hop), 'gateway'),
    ...hopsOf('VirtualAppliance', isInside, 'subnet'),
    ...nowhere.map(({ prefix }) => planIssue('PlanMissingPeer', vnet, `${name} routes ${prefix} to the Internet and has no way there`)),
    ...doubled.map(({ prefix }) => planIssue('PlanOverlap', vnet, `${name} has two routes for ${prefix}`)),
  ];
}
