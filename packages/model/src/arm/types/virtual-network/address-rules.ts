/** Address space of a network and its subnets: well formed, inside, disjoint, large enough. */
import { contains, parseCidr, type Cidr } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import { firstOverlapWithin, lowestOverlaps, parsedPrefixes, prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import type { VirtualNetwork } from '../typed.ts';
import { subnetPrefixes, type Subnet } from './schema.ts';

/** Azure keeps five addresses of a subnet for itself, so /29 is the smallest useful one; IPv6 subnets are exactly /64. */
const longestIpv4Subnet = 29;
const ipv6Subnet = 64;

export function addressIssues(network: VirtualNetwork): readonly Issue[] {
  const space = network.properties.addressSpace.addressPrefixes;
  const outer = parsedPrefixes(space);
  const overlapping = overlappingSubnets(network);
  return [
    ...when(space.length === 0, () =>
      refuse(
        'VNET-ADDR-001',
        'VirtualNetworkAddressSpaceNotSpecified',
        `Virtual network ${network.id} must have at least one address prefix in its address space.`,
        'properties.addressSpace.addressPrefixes',
      ),
    ),
    ...prefixIssues(space, network.id, 'properties.addressSpace.addressPrefixes'),
    ...overlapWithin(network, space),
    ...network.properties.subnets.flatMap((subnet, index) => subnetIssues(network, subnet, index, outer, overlapping.has(index))),
  ];
}

function overlapWithin(network: VirtualNetwork, space: readonly string[]): readonly Issue[] {
  const clash = firstOverlapWithin(space);
  return when(clash !== undefined, () =>
    refuse(
      'VNET-ADDR-002',
      'OverlappingAddressPrefixes',
      `Address prefixes ${clash?.join(' and ') ?? ''} of virtual network ${network.id} overlap.`,
      'properties.addressSpace.addressPrefixes',
    ),
  );
}

function subnetIssues(
  network: VirtualNetwork,
  subnet: Subnet,
  index: number,
  space: readonly Cidr[],
  isOverlapping: boolean,
): readonly Issue[] {
  const target = `properties.subnets[${index}].properties.${subnet.properties.addressPrefixes === undefined ? 'addressPrefix' : 'addressPrefixes'}`;
  const prefixes = subnetPrefixes(subnet);
  const format = prefixIssues(prefixes, `${network.id}/subnets/${subnet.name}`, target);
  if (format.length > 0) return format;
  return [
    ...when(prefixes.length === 0, () =>
      refuse(
        'VNET-ADDR-003',
        'NetcfgInvalidSubnet',
        `Subnet '${subnet.name}' is not valid in virtual network '${network.name}'. It has no address prefix.`,
        target,
      ),
    ),
    ...parsedPrefixes(prefixes).flatMap((prefix) => [
      ...when(!space.some((outer) => contains(outer, prefix)), () =>
        refuse(
          'VNET-ADDR-004',
          'NetcfgInvalidSubnet',
          `Subnet '${subnet.name}' is not valid in virtual network '${network.name}'.`,
          target,
        ),
      ),
      ...when(!isUsableLength(prefix), () =>
        refuse(
          'VNET-ADDR-005',
          'InvalidSubnetPrefixLength',
          `Subnet '${subnet.name}' in virtual network '${network.name}' has the prefix length /${prefix.length}. An IPv4 subnet can be as small as /29, an IPv6 subnet is a /64.`,
          target,
        ),
      ),
    ]),
    ...when(isOverlapping, () =>
      refuse(
        'VNET-ADDR-006',
        'NetcfgSubnetRangesOverlap',
        `Subnet '${subnet.name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '${network.name}'.`,
        target,
      ),
    ),
  ];
}

function isUsableLength(prefix: Cidr): boolean {
  return prefix.family === 4 ? prefix.length <= longestIpv4Subnet : prefix.length === ipv6Subnet;
}

/** Indexes of the subnets that overlap an earlier one, or themselves. */
function overlappingSubnets(network: VirtualNetwork): ReadonlySet<number> {
  const ranges = network.properties.subnets.flatMap((subnet, index) =>
    parsedPrefixes(subnetPrefixes(subnet)).map((cidr) => ({ cidr, index })),
  );
  const lowest = lowestOverlaps(
    ranges.map(({ cidr }) => cidr),
    (at) => ranges[at]?.index ?? Infinity,
  );
  return new Set(ranges.filter(({ index }, at) => (lowest[at] ?? Infinity) <= index).map(({ index }) => index));
}

/** First IPv4 prefix of a subnet; gateways and network interfaces take their addresses from it. */
export function ipv4PrefixOf(subnet: Subnet): Cidr | undefined {
  return subnetPrefixes(subnet)
    .map(parseCidr)
    .find((cidr) => cidr?.family === 4);
}
