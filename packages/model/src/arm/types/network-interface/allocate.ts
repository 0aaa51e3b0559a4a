/** Addresses of a network interface: private ones of its subnets, public ones of dynamic resources. Kept while they fit. */
import { containsAddress, parseAddress } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { resourceKey } from '../../resource-id.ts';
import { refuse } from '../../rules/refuse.ts';
import { freePrivateAddress, freePublicAddress, takenPrivateAddresses } from '../allocation.ts';
import { isIssue } from '../define.ts';
import { exhausted } from '../public-ip-address/rules.ts';
import { asPublicIpAddress, findSubnet, type NetworkInterface } from '../typed.ts';
import { ipv4PrefixOf } from '../virtual-network/address-rules.ts';
import type { NetworkInterfaceAllocated, NetworkInterfaceIpConfiguration } from './schema.ts';

export function allocateNetworkInterface(
  candidate: NetworkInterface,
  existing: NetworkInterface | undefined,
  context: RuleContext,
): NetworkInterfaceAllocated | Issue {
  const privateIPAddresses: Record<string, string> = {};
  const publicIPAddresses: Record<string, string> = {};
  for (const { name, properties } of candidate.properties.ipConfigurations) {
    const key = name.toLowerCase();
    const address = privateAddress(candidate, existing, key, properties, Object.values(privateIPAddresses), context);
    if (isIssue(address)) return address;
    privateIPAddresses[key] = address;
    const publicId = properties.publicIPAddress?.id;
    if (publicId === undefined) continue;
    const held =
      asPublicIpAddress(context.lookup.get(publicId))?.allocated.ipAddress ??
      existing?.allocated.publicIPAddresses[resourceKey(publicId)] ??
      freePublicAddress(context, Object.values(publicIPAddresses));
    if (held === undefined) return exhausted(publicId);
    publicIPAddresses[resourceKey(publicId)] = held;
  }
  return { resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(), privateIPAddresses, publicIPAddresses };
}

function privateAddress(
  candidate: NetworkInterface,
  existing: NetworkInterface | undefined,
  key: string,
  properties: NetworkInterfaceIpConfiguration['properties'],
  own: readonly string[],
  { lookup }: RuleContext,
): string | Issue {
  if (properties.privateIPAllocationMethod === 'Static') return properties.privateIPAddress ?? '';
  const subnetId = properties.subnet?.id ?? '';
  const found = findSubnet(lookup, subnetId);
  const prefix = found === undefined ? undefined : ipv4PrefixOf(found.subnet);
  if (found === undefined || prefix === undefined) return subnetFull(subnetId);
  const before = existing?.allocated.privateIPAddresses[key];
  const parsed = before === undefined ? undefined : parseAddress(before);
  if (before !== undefined && parsed !== undefined && containsAddress(prefix, parsed)) return before;
  const taken = takenPrivateAddresses(lookup, found.network.id, candidate.id);
  // Static addresses of this interface's other configurations are spoken for as well.
  const asked = candidate.properties.ipConfigurations.flatMap((one) =>
    one.properties.privateIPAllocationMethod === 'Static' ? (one.properties.privateIPAddress ?? []) : [],
  );
  return (
    freePrivateAddress(prefix, (address) => taken.has(address) || own.includes(address) || asked.includes(address)) ?? subnetFull(subnetId)
  );
}

function subnetFull(subnetId: string): Issue {
  return refuse(
    'NIC-011',
    'SubnetIsFull',
    `Subnet ${subnetId} does not have enough capacity for 1 IP addresses.`,
    'properties.ipConfigurations',
  );
}
