/**
 * Addresses of peers that are given by host name (VGW-PEER-006). Looked up here and not by charon, whose namespace reaches no name server.
 * An address in use stays while the name still has it, so that rotating answers move no tunnel. Azure looks names up again
 * every few minutes and takes one address; here it is a minute, or what the name server says where it says less. Who is asked
 * is name-servers.ts.
 */
import type { Clock } from '@sallyport/runtime';

export type Resolved = { readonly addresses: readonly string[]; readonly ttlSeconds?: number };
export type Resolve = (hostName: string) => Promise<Resolved>;
export type PeerAddresses = {
  /**
   * @param inUse the address charon has now, if any.
   * @throws when the name has no address, or none is known within 3 s; with an address in use, never.
   */
  readonly addressOf: (hostName: string, inUse: string | undefined) => Promise<string>;
};

const freshMs = 60_000;
/** However short-lived an answer says it is: a name server is not asked all the time. */
const leastFreshMs = 5000;
const firstAnswerMs = 3000;

type Entry = { readonly addresses: readonly string[]; readonly error?: unknown; readonly staleMs: number };

/** @param changed called when a look-up in the background found something new. */
export function createPeerAddresses(resolve: Resolve, clock: Clock, changed: () => void): PeerAddresses {
  const entries = new Map<string, Entry>();
  const running = new Map<string, Promise<void>>();

  const look = (hostName: string): Promise<void> => {
    const already = running.get(hostName);
    if (already !== undefined) return already;
    const work = refresh(hostName).finally(() => running.delete(hostName));
    running.set(hostName, work);
    return work;
  };
  const refresh = async (hostName: string): Promise<void> => {
    const before = entries.get(hostName);
    try {
      const { addresses, ttlSeconds = Infinity } = await resolve(hostName);
      const lastsMs = Math.max(leastFreshMs, Math.min(freshMs, ttlSeconds * 1000));
      entries.set(hostName, { addresses, staleMs: clock.monotonic() + lastsMs });
      if (before !== undefined && before.addresses.join() !== addresses.join()) changed();
    } catch (error) {
      // The last good answer stays: a name server that is away takes no tunnel down.
      entries.set(hostName, { addresses: before?.addresses ?? [], error, staleMs: clock.monotonic() + freshMs });
    }
  };

  return {
    addressOf: async (hostName, inUse) => {
      const known = entries.get(hostName);
      if (known === undefined || clock.monotonic() > known.staleMs) {
        const work = look(hostName);
        if (known === undefined && inUse === undefined) await Promise.race([work, clock.sleep(firstAnswerMs)]);
      }
      const entry = entries.get(hostName);
      const addresses = entry?.addresses ?? [];
      if (inUse !== undefined && (addresses.length === 0 || addresses.includes(inUse))) return inUse;
      const [first] = addresses;
      if (first === undefined) throw new Error(`the peer's name ${hostName} has no known address`, { cause: entry?.error });
      return first;
    },
  };
}

export function isHostName(address: string): boolean {
  return !/^[\d.]+$|:/.test(address);
}
