/**
 * SAs of IKEv1 whose main mode could not be made anew (status.ts), once two readings in a row say so. charon puts the new SA in its table before it marks
 * the old one, but a listing is no snapshot: it may have passed the new one's place before that, and then find the old one marked. A listing that
 * begins later has both. Pure but for its own memory.
 */
import type { CharonSa } from './observe.ts';
import { stalledSas } from './status.ts';

export type Stalls = {
  /** Told of every reading of a connection's SAs. @returns those that were stalled in the reading before, too. */
  readonly read: (connection: string, sas: readonly CharonSa[]) => readonly CharonSa[];
};

export function createStalls(): Stalls {
  /** By connection: SPIs. */
  const before = new Map<string, ReadonlySet<string>>();
  return {
    read: (connection, sas) => {
      const known = before.get(connection);
      const stalled = stalledSas(sas);
      if (stalled.length === 0) before.delete(connection);
      else before.set(connection, new Set(stalled.map(({ sa }) => sa.initiatorSpi)));
      return stalled.filter(({ sa }) => known?.has(sa.initiatorSpi));
    },
  };
}
