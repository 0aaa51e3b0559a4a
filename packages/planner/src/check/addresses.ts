/** Addresses and prefixes of one host: inside the network they belong to, each once, and networks that must be apart are apart. */
import {
  compareCidr,
  contains,
  containsAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  resourceKey,
  resourceName,
  type Cidr,
  type HostPlan,
  type Issue,
} from '@sallyport/model';
import { planIssue } from './plan-issue.ts';

/** `address` without mask, claimed by a resource in a network. */
type Claim = { readonly address: string; readonly by: string; readonly network: Cidr | undefined };

export function addressIssues(host: HostPlan): readonly Issue[] {
  const publicCidrs = host.publicNetworks.map(({ prefix }) => parseCidr(prefix));
  const publicClaims = [
    ...host.publicNetworks.map(({ prefix, router }): Claim => ({
      address: router,
      by: `public network ${prefix}`,
      network: parseCidr(prefix),
    })),
    ...host.vnets.flatMap(({ vnet, outbound }): readonly Claim[] =>
      outbound === undefined ? [] : [{ address: outbound.address, by: vnet, network: networkOf(publicCidrs, outbound.address) }],
    ),
    ...host.instances.map(({ id, public: { address } }): Claim => ({ address, by: id, network: networkOf(publicCidrs, address) })),
  ];
  return [...overlapIssues(`host ${host.host}`, 'public networks', publicCidrs), ...claimIssues(publicClaims), ...vnetIssues(host)];
}

function vnetIssues({ vnets, networkInterfaces, instances }: HostPlan): readonly Issue[] {
  const claims = new Map<string, Claim[]>();
  const subnetCidrs = new Map<string, Cidr | undefined>();
  const issues: Issue[] = [];
  for (const { vnet, addressPrefixes, subnets } of vnets) {
    const cidrs = subnets.map(({ router }) => parseCidr(router));
    const space = addressPrefixes.map(parseCidr);
    claims.set(resourceKey(vnet), []);
    for (const [index, { subnet, router }] of subnets.entries()) {
      const network = cidrs[index];
      subnetCidrs.set(resourceKey(subnet), network);
      claims.get(resourceKey(vnet))?.push({ address: withoutMask(router), by: subnet, network });
      if (network !== undefined && !space.some((prefix) => prefix !== undefined && contains(prefix, network))) {
        issues.push(planIssue('PlanAddressOutside', subnet, `subnet ${resourceName(subnet)} is outside ${addressPrefixes.join(', ')}`));
      }
    }
    issues.push(...overlapIssues(vnet, `subnets of ${resourceName(vnet)}`, cidrs));
  }
  for (const { networkInterface, vnet, subnet, address } of networkInterfaces) {
    const network = subnetCidrs.get(resourceKey(subnet));
    claims.get(resourceKey(vnet))?.push({ address: withoutMask(address), by: networkInterface, network });
  }
  for (const { id, vnet: leg } of instances) {
    const network = subnetCidrs.get(resourceKey(leg.subnet));
    claims.get(resourceKey(leg.vnet))?.push({ address: withoutMask(leg.address), by: id, network });
  }
  return [...issues, ...[...claims.values()].flatMap(claimIssues)];
}

function claimIssues(claims: readonly Claim[]): readonly Issue[] {
  const owners = new Map<string, string>();
  return claims.flatMap(({ address: text, by, network }) => {
    const address = parseAddress(text);
    if (address === undefined || network === undefined || !containsAddress(network, address)) {
      const where = network === undefined ? 'every network it could be in' : formatCidr(network);
      return planIssue('PlanAddressOutside', by, `address ${text} of ${resourceName(by)} is outside ${where}`);
    }
    const owner = owners.get(text);
    if (owner !== undefined)
      return planIssue('PlanDuplicateAddress', by, `address ${text} is given to ${resourceName(owner)} and to ${resourceName(by)}`);
    owners.set(text, by);
    return [];
  });
}

/** Sorted by address, two prefixes overlap only if neighbours do: a prefix is followed at once by what it contains. */
function overlapIssues(target: string, what: string, cidrs: readonly (Cidr | undefined)[]): readonly Issue[] {
  const sorted = cidrs.filter((cidr) => cidr !== undefined).toSorted(compareCidr);
  return sorted.flatMap((cidr, index) => {
    const next = sorted[index + 1];
    if (next === undefined || !overlaps(cidr, next)) return [];
    return planIssue('PlanOverlap', target, `${what} overlap: ${formatCidr(cidr)} and ${formatCidr(next)}`);
  });
}

function networkOf(networks: readonly (Cidr | undefined)[], text: string): Cidr | undefined {
  const address = parseAddress(text);
  return networks.find((network) => network !== undefined && address !== undefined && containsAddress(network, address));
}

function withoutMask(text: string): string {
  return text.split('/')[0] ?? '';
}
