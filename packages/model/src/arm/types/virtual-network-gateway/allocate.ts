/**
 * What the service decides about a gateway: addresses of its two halves in the GatewaySubnet, the BGP address, the public
 * addresses. Decided once, kept while the subnet and the public IP resources stay the same.
 *
 * Active-standby: halves at the lowest free addresses, BGP at the highest free one (10.12.255.0/27 gives .30).
 * Active-active: halves at the lowest free pair, each its own BGP address (.4, .5).
 * Source: https://learn.microsoft.com/azure/vpn-gateway/bgp-howto, https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-activeactive-rm-powershell
 */
import { containsAddress, parseAddress, type Cidr } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource, resourceKey } from '../../resource-id.ts';
import { refuse } from '../../rules/refuse.ts';
import { freePrivateAddress, freePublicAddress, lastFreePrivateAddress, takenPrivateAddresses } from '../allocation.ts';
import { isIssue } from '../define.ts';
import { exhausted } from '../public-ip-address/rules.ts';
import { asPublicIpAddress, findSubnet, networkOfGateway, type VirtualNetworkGateway } from '../typed.ts';
import { ipv4PrefixOf } from '../virtual-network/address-rules.ts';
import type { GatewayInstance, VirtualNetworkGatewayAllocated } from './schema.ts';

const roles = ['IN_0', 'IN_1'] as const;

export function allocateGateway(
  candidate: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  context: RuleContext,
): VirtualNetworkGatewayAllocated | Issue {
  const base = {
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
    resetEpoch: existing?.allocated.resetEpoch ?? 0,
  };
  const publicIPAddresses = allocatePublic(candidate, existing, context);
  if (isIssue(publicIPAddresses)) return publicIPAddresses;
  if (candidate.properties.gatewayType !== 'Vpn') return { ...base, instances: [], bgpPeeringAddress: '', publicIPAddresses };
  const addresses = allocatePrivate(candidate, existing, context);
  if (isIssue(addresses)) return addresses;
  const instances = roles.map((role, index): GatewayInstance => {
    const configuration = candidate.properties.ipConfigurations[candidate.properties.activeActive ? index : 0];
    const publicIPAddressId = configuration?.properties.publicIPAddress?.id ?? '';
    return {
      role,
      ipConfiguration: configuration?.name ?? '',
      privateIPAddress: addresses.halves[index] ?? '',
      bgpPeeringAddress: addresses.bgp[index] ?? addresses.bgp[0] ?? '',
      publicIPAddress: publicIPAddresses[resourceKey(publicIPAddressId)] ?? '',
      publicIPAddressId,
    };
  });
  return { ...base, instances, bgpPeeringAddress: addresses.bgp.join(','), publicIPAddresses };
}

/** VGW-IP-017: what is held stays, whatever else changes. */
function allocatePublic(
  candidate: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  context: RuleContext,
): Readonly<Record<string, string>> | Issue {
  const held: Record<string, string> = {};
  for (const { properties } of candidate.properties.ipConfigurations) {
    if (properties.publicIPAddress === undefined) continue;
    const { id } = properties.publicIPAddress;
    const fixed = asPublicIpAddress(context.lookup.get(id))?.allocated.ipAddress;
    const address = fixed ?? existing?.allocated.publicIPAddresses[resourceKey(id)] ?? freePublicAddress(context, Object.values(held));
    if (address === undefined) return exhausted(id);
    held[resourceKey(id)] = address;
  }
  return held;
}

type PrivateAddresses = { readonly halves: readonly string[]; readonly bgp: readonly string[] };

function allocatePrivate(
  candidate: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  context: RuleContext,
): PrivateAddresses | Issue {
  const subnetId = candidate.properties.ipConfigurations[0]?.properties.subnet?.id ?? '';
  const found = findSubnet(context.lookup, subnetId);
  const prefix = found === undefined ? undefined : ipv4PrefixOf(found.subnet);
  if (found === undefined || prefix === undefined) return subnetFull(subnetId);
  const kept = keptAddresses(candidate, existing, prefix, context);
  if (kept !== undefined) return kept;
  const others = takenPrivateAddresses(context.lookup, found.network.id, candidate.id);
  const before = existing?.allocated.instances.map((instance) => instance.privateIPAddress) ?? [];
  const halves = before.length === 2 && before.every((address) => isInside(prefix, address)) ? before : freePair(prefix, others);
  if (halves === undefined) return subnetFull(subnetId);
  if (candidate.properties.activeActive) return { halves, bgp: halves };
  const bgp = lastFreePrivateAddress(prefix, (address) => others.has(address) || halves.includes(address));
  return bgp === undefined ? subnetFull(subnetId) : { halves, bgp: [bgp] };
}

/** The addresses of before, when nothing they depend on has changed. */
function keptAddresses(
  candidate: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  prefix: Cidr,
  context: RuleContext,
): PrivateAddresses | undefined {
  if (existing === undefined || existing.allocated.instances.length !== 2) return undefined;
  if (existing.properties.activeActive !== candidate.properties.activeActive) return undefined;
  const isSameNetwork = isSameResource(
    networkOfGateway(context.lookup, existing)?.id ?? '',
    networkOfGateway(context.lookup, candidate)?.id ?? '-',
  );
  const halves = existing.allocated.instances.map((instance) => instance.privateIPAddress);
  const bgp = existing.allocated.bgpPeeringAddress.split(',');
  return isSameNetwork && [...halves, ...bgp].every((address) => isInside(prefix, address)) ? { halves, bgp } : undefined;
}

function freePair(prefix: Cidr, others: ReadonlyMap<string, string>): readonly [string, string] | undefined {
  const first = freePrivateAddress(prefix, (address) => others.has(address));
  const second = first === undefined ? undefined : freePrivateAddress(prefix, (address) => others.has(address) || address === first);
  return first === undefined || second === undefined ? undefined : [first, second];
}

function isInside(prefix: Cidr, address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && containsAddress(prefix, parsed);
}

function subnetFull(subnetId: string): Issue {
  return refuse(
    'VGW-IP-012',
    'SubnetIsFull',
    `Subnet ${subnetId} does not have enough capacity for the IP addresses of the gateway.`,
    'properties.ipConfigurations',
  );
}
