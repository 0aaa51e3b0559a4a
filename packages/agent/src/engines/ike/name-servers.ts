/**
 * Who is asked for the addresses of peers with host names: the host's own resolver, hosts file included, or name servers that the operator
 * names. Only IPv4 addresses are of use: tunnels have no other outside yet.
 */
import { lookup, Resolver } from 'node:dns/promises';
import type { Resolve } from './peer-address.ts';

export const resolveByHost: Resolve = async (hostName) => ({
  addresses: (await lookup(hostName, { all: true, family: 4 })).map(({ address }) => address),
});

/** @param servers `10.0.0.53` or `127.0.0.1:5353`; asked in this order. @throws Error when one is no address. */
export function resolveBy(servers: readonly string[]): Resolve {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([...servers]);
  return async (hostName) => {
    const records = await resolver.resolve4(hostName, { ttl: true });
    return { addresses: records.map(({ address }) => address), ttlSeconds: Math.min(...records.map(({ ttl }) => ttl)) };
  };
}
