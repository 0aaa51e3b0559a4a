/**
 * Source addresses of VNets' packets to the Internet, where they have no public address of their own: from the upper end of the
 * public network, for public IP addresses are given out from the lower one. Sticky, but a public IP address that somebody made
 * comes first: Azure's default outbound address belongs to nobody and may change too.
 */
import { addressAt, formatAddress, parseCidr, sizeOf, type PublicNetworkPlan } from '@sallyport/model';

/** `keys` sorted. `taken` are addresses in use for something else. Who gets none is not in the answer. */
export function allocateOutbound(
  keys: readonly string[],
  previous: ReadonlyMap<string, string>,
  network: PublicNetworkPlan,
  taken: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  const given = new Set([...taken, network.router]);
  for (const key of keys) {
    const kept = previous.get(key);
    if (kept === undefined || given.has(kept)) continue;
    addresses.set(key, kept);
    given.add(kept);
  }
  const free = descending(network);
  for (const key of keys) {
    if (addresses.has(key)) continue;
    for (const address of free) {
      if (given.has(address)) continue;
      addresses.set(key, address);
      given.add(address);
      break;
    }
  }
  return addresses;
}

/** All but the network's first and last, from the top; one pass for all keys. */
function descending({ prefix }: PublicNetworkPlan): IterableIterator<string> & { [Symbol.iterator]: () => IterableIterator<string> } {
  const cidr = parseCidr(prefix);
  let index = cidr === undefined ? 0 : Number(sizeOf(cidr)) - 1;
  const iterator: IterableIterator<string> = {
    next: () => {
      index -= 1;
      return cidr === undefined || index < 1
        ? { done: true, value: undefined }
        : { done: false, value: formatAddress(addressAt(cidr, index)) };
    },
    [Symbol.iterator]: () => iterator,
  };
  return iterator;
}
