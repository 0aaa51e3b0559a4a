/**
 * Addresses the service hands out: public ones from the fabric's pools, private ones from subnets. Always the lowest (or
 * highest) free one, so the same history gives the same addresses.
 */
import { addressAt, containsAddress, formatAddress, parseAddress, parseCidr, sizeOf, type AddressFamily, type Cidr } from '../../ip.ts';
import type { ResourceLookup, RuleContext } from '../resource.ts';
import { isSameResource } from '../resource-id.ts';
import { types } from './names.ts';
import { asNetworkInterface, asPublicIpAddress, asVirtualNetworkGateway } from './typed.ts';

/** Network address, router (first usable) and broadcast are not handed out. */
const reservedAtStartOfPool = 2n;
/** Azure keeps .0 to .3 and the last address of a subnet: network, gateway, DNS twice, broadcast. */
export const reservedAtStartOfSubnet = 4;

/** Lowest public address of a family that nobody has, or undefined when the pools are exhausted. */
export function freePublicAddress(context: RuleContext, alsoTaken: readonly string[] = [], family: AddressFamily = 4): string | undefined {
  const taken = new Set([...takenPublicAddresses(context.lookup), ...alsoTaken]);
  for (const pool of context.publicAddressPools.map(parseCidr)) {
    if (pool?.family !== family) continue;
    for (let index = reservedAtStartOfPool; index < sizeOf(pool) - 1n; index += 1n) {
      const address = formatAddress(addressAt(pool, index));
      if (!taken.has(address)) return address;
    }
  }
  return undefined;
}

function takenPublicAddresses(lookup: ResourceLookup): readonly string[] {
  return [
    ...lookup.list(types.publicIpAddress).flatMap((resource) => asPublicIpAddress(resource)?.allocated.ipAddress ?? []),
    ...lookup
      .list(types.virtualNetworkGateway)
      .flatMap((resource) => Object.values(asVirtualNetworkGateway(resource)?.allocated.publicIPAddresses ?? {})),
    ...lookup
      .list(types.networkInterface)
      .flatMap((resource) => Object.values(asNetworkInterface(resource)?.allocated.publicIPAddresses ?? {})),
  ];
}

/** Private addresses held in a network by all but one resource, as text, with who holds each. */
export function takenPrivateAddresses(lookup: ResourceLookup, networkId: string, exceptFor: string): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const resource of lookup.referencing(networkId)) {
    if (isSameResource(resource.id, exceptFor)) continue;
    for (const address of Object.values(asNetworkInterface(resource)?.allocated.privateIPAddresses ?? {})) taken.set(address, resource.id);
    for (const instance of asVirtualNetworkGateway(resource)?.allocated.instances ?? []) {
      taken.set(instance.privateIPAddress, resource.id);
      taken.set(instance.bgpPeeringAddress, resource.id);
    }
  }
  return taken;
}

/** Lowest free address of a subnet from its fifth on. */
export function freePrivateAddress(subnet: Cidr, isTaken: (address: string) => boolean): string | undefined {
  for (let index = BigInt(reservedAtStartOfSubnet); index < sizeOf(subnet) - 1n; index += 1n) {
    const address = formatAddress(addressAt(subnet, index));
    if (!isTaken(address)) return address;
  }
  return undefined;
}

/** Highest free address of a subnet below its last one. */
export function lastFreePrivateAddress(subnet: Cidr, isTaken: (address: string) => boolean): string | undefined {
  for (let index = -2n; index >= BigInt(reservedAtStartOfSubnet) - sizeOf(subnet); index -= 1n) {
    const address = formatAddress(addressAt(subnet, index));
    if (!isTaken(address)) return address;
  }
  return undefined;
}

/** True for the addresses of a subnet that Azure keeps for itself. */
export function isReservedInSubnet(subnet: Cidr, address: string): boolean {
  const parsed = parseAddress(address);
  if (parsed === undefined || !containsAddress(subnet, parsed)) return false;
  const index = parsed.value - subnet.address;
  return index < BigInt(reservedAtStartOfSubnet) || index === sizeOf(subnet) - 1n;
}
