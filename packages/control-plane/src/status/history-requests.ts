/**
 * A tunnel's history is on its host and is asked for when somebody wants to read it: the host's open poll ends with the wish, the
 * host posts what it has. Nothing is kept here, and a host that nobody asks sends nothing.
 */
import type { IkeHistoryEntry, ResourceId } from '@sallyport/model';
import { isSameResource, resourceKey } from '@sallyport/model';
import type { Clock } from '@sallyport/runtime';
import type { LiveState } from './live-state.ts';

export type HistoryRequests = {
  /** Oldest first; undefined when no host has the connection, or its host did not answer in time. */
  readonly read: (connection: ResourceId) => Promise<readonly IkeHistoryEntry[] | undefined>;
  /** What a host is asked for, once each. */
  readonly take: (host: string) => readonly ResourceId[];
  readonly answer: (host: string, connection: ResourceId, entries: readonly IkeHistoryEntry[]) => void;
  /** Called when there is something to take. Returns the way to stop. */
  readonly watch: (listener: (host: string) => void) => () => void;
};

type Wish = {
  readonly host: string;
  readonly connection: ResourceId;
  isTaken: boolean;
  readonly resolve: (entries: readonly IkeHistoryEntry[]) => void;
};

const answerMs = 10_000;

export function createHistoryRequests(live: Pick<LiveState, 'plan'>, clock: Clock): HistoryRequests {
  const wishes = new Set<Wish>();
  const listeners = new Set<(host: string) => void>();

  const ask = async (host: string, connection: ResourceId): Promise<readonly IkeHistoryEntry[] | undefined> => {
    const { promise, resolve } = Promise.withResolvers<readonly IkeHistoryEntry[]>();
    const wish: Wish = { host, connection, isTaken: false, resolve };
    wishes.add(wish);
    for (const listener of listeners) listener(host);
    const done = new AbortController();
    const answered = await Promise.race([promise, clock.sleep(answerMs, done.signal).then(() => undefined)]);
    done.abort();
    wishes.delete(wish);
    return answered;
  };

  return {
    read: async (connection) => {
      const hosts = hostsOf(live, connection);
      const answers = await Promise.all(hosts.map((host) => ask(host, connection)));
      if (answers.every((entries) => entries === undefined)) return undefined;
      return answers.flatMap((entries) => entries ?? []).toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    },
    take: (host) => {
      const fresh = [...wishes].filter((wish) => wish.host === host && !wish.isTaken);
      for (const wish of fresh) wish.isTaken = true;
      return [...new Map(fresh.map(({ connection }) => [resourceKey(connection), connection])).values()];
    },
    answer: (host, connection, entries) => {
      for (const wish of wishes) if (wish.host === host && isSameResource(wish.connection, connection)) wish.resolve(entries);
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function hostsOf(live: Pick<LiveState, 'plan'>, connection: ResourceId): readonly string[] {
  const hosts = live.plan()?.plan.hosts ?? [];
  return hosts
    .filter(({ instances }) => instances.some(({ tunnels }) => tunnels.some((tunnel) => isSameResource(tunnel.connection, connection))))
    .map(({ host }) => host);
}
