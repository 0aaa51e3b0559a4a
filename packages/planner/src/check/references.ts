/** What objects of one host say of each other: subnets exist, next hops are instances, every tunnel's prefixes lead to it. */
import {
  formatCidr,
  parseCidr,
  resourceKey,
  resourceName,
  type HostPlan,
  type InstancePlan,
  type Issue,
  type VnetPlan,
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

function routeIssues({ vnet, subnets, routes }: VnetPlan, instances: readonly InstancePlan[]): readonly Issue[] {
  const name = resourceName(vnet);
  const addresses = new Set(instances.map((one) => one.vnet.address.split('/')[0]));
  const nobody = routes.flatMap(({ prefix, nextHops }) =>
    nextHops
      .filter((nextHop) => !addresses.has(nextHop))
      .map((nextHop) => planIssue('PlanMissingPeer', vnet, `virtual network ${name} routes ${prefix} to ${nextHop}, which no gateway has`)),
  );
  const routed = new Map(routes.map(({ prefix, nextHops }) => [prefix, nextHops]));
  const onBridge = new Set(subnets.map(({ router }) => parseCidr(router)).flatMap((cidr) => (cidr === undefined ? [] : formatCidr(cidr))));
  const unrouted = instances.flatMap(({ id, vnet: leg, tunnels }) => {
    const own = leg.address.split('/')[0] ?? '';
    const missing = tunnels.flatMap(({ remotePrefixes }) => remotePrefixes).filter((prefix) => !(routed.get(prefix) ?? []).includes(own));
    return missing.map((prefix) =>
      planIssue('PlanMissingPeer', id, `virtual network ${name} does not route ${prefix} to ${resourceName(leg.vnet)}'s gateway`),
    );
  });
  const seen = new Set<string>();
  const doubled = routes.filter(({ prefix }) => seen.size === seen.add(prefix).size);
  return [
    ...nobody,
    ...unrouted,
    ...doubled.map(({ prefix }) => planIssue('PlanOverlap', vnet, `virtual network ${name} has two routes for ${prefix}`)),
    ...routes
      .filter(({ prefix }) => onBridge.has(prefix))
      .map(({ prefix }) => planIssue('PlanOverlap', vnet, `virtual network ${name} routes its own subnet ${prefix}`)),
  ];
}
