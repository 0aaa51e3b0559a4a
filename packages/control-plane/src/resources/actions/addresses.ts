/** Questions about addresses of a virtual network: is one free, and how full are the subnets. */
import type { JsonObject, Resource } from '@sallyport/model';
import {
  addressAt,
  armErrors,
  containsAddress,
  formatAddress,
  isReservedInSubnet,
  parseAddress,
  parseCidr,
  reservedAtStartOfSubnet,
  sizeOf,
  subnetPrefixes,
  takenPrivateAddresses,
} from '@sallyport/model';
import type { Cidr } from '@sallyport/model';
import type { ArmContext } from '../../arm/context.ts';
import type { ArmResponse } from '../../arm/message.ts';
import { ArmFailure, queryValue } from '../../arm/message.ts';
import type { Action, ActionCall } from './action.ts';

const type = 'virtualNetworks';
/** As many as Azure proposes. */
const proposals = 5;
/** The first four addresses and the last of every subnet are the platform's. */
const reservedPerSubnet = reservedAtStartOfSubnet + 1;

export const addressActions: readonly Action[] = [
  { method: 'GET', type, path: 'CheckIPAddressAvailability', answer: checkAddress },
  { method: 'GET', type, path: 'usages', answer: listUsages },
];

type SubnetRange = { readonly name: string; readonly cidr: Cidr };

function rangesOf(network: Resource): readonly SubnetRange[] {
  const subnets = network.properties['subnets'];
  if (!Array.isArray(subnets)) return [];
  return subnets.flatMap((subnet: Parameters<typeof subnetPrefixes>[0]) =>
    subnetPrefixes(subnet).flatMap((prefix) => {
      const cidr = parseCidr(prefix);
      return cidr === undefined ? [] : [{ name: subnet.name, cidr }];
    }),
  );
}

function checkAddress({ context, request, existing }: ActionCall): ArmResponse {
  const text = queryValue(request, 'ipAddress') ?? '';
  const address = parseAddress(text);
  if (address === undefined) throw new ArmFailure(armErrors.invalidParameter('ipAddress', text));
  const subnet = rangesOf(existing).find(({ cidr }) => containsAddress(cidr, address));
  if (subnet === undefined) return { status: 200, body: { available: false } };
  const taken = takenPrivateAddresses(context.resources, existing.id, '');
  const isPlatformReserved = isReservedInSubnet(subnet.cidr, text);
  const isFree = !isPlatformReserved && !taken.has(formatAddress(address));
  const body: JsonObject = isFree
    ? { available: true, isPlatformReserved }
    : { available: false, availableIPAddresses: freeAddresses(subnet.cidr, taken), isPlatformReserved };
  return { status: 200, body };
}

function freeAddresses(cidr: Cidr, taken: ReadonlyMap<string, string>): readonly string[] {
  const free: string[] = [];
  const end = sizeOf(cidr) - 1n;
  for (let index = BigInt(reservedAtStartOfSubnet); index < end && free.length < proposals; index += 1n) {
    const address = formatAddress(addressAt(cidr, index));
    if (!taken.has(address)) free.push(address);
  }
  return free;
}

function listUsages({ context, existing }: ActionCall): ArmResponse {
  return { status: 200, body: { value: rangesOf(existing).map((subnet) => usage(context, existing, subnet)) } };
}

/** Azure does not tell the use of gateway subnets: -1. */
function usage(context: ArmContext, network: Resource, { name, cidr }: SubnetRange): JsonObject {
  const isGatewaySubnet = name.toLowerCase() === 'gatewaysubnet';
  const taken = [...takenPrivateAddresses(context.resources, network.id, '').keys()].filter((text) => {
    const address = parseAddress(text);
    return address !== undefined && containsAddress(cidr, address);
  });
  return {
    id: `${network.id}/subnets/${name}`,
    currentValue: isGatewaySubnet ? -1 : taken.length,
    limit: isGatewaySubnet ? -1 : Math.max(0, Number(sizeOf(cidr)) - reservedPerSubnet),
    name: { value: 'SubnetSpace', localizedValue: 'Subnet size and usage' },
    unit: 'Count',
  };
}
