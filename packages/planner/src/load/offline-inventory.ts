/** One imaginary host with the lab's public networks, serving every region that occurs: where offline plans are made for. */
import type { Resource } from '@sallyport/model';
import type { Inventory } from '../input.ts';

/** Documentation prefixes (RFC 5737): gateways' addresses come from the first, sites are in the second. */
export const offlinePublicNetworks: Inventory['publicNetworks'] = [
  { prefix: '198.51.100.0/24', router: '198.51.100.1' },
  { prefix: '203.0.113.0/24', router: '203.0.113.1' },
];

export const offlinePublicAddressPools: readonly string[] = ['198.51.100.0/24'];

export function offlineInventory(resources: readonly Resource[]): Inventory {
  const regions = [...new Set(resources.map(({ location }) => location))].toSorted();
  return { hosts: [{ name: 'lab', regions }], publicNetworks: offlinePublicNetworks };
}
