/**
 * VGW-OPS-004. Bytes and packets of each connection, cumulative across rekeys and restarts: child SAs count from zero each, so their
 * increases are summed. A file keeps the sums, and the last reading of each child, so that a restarted agent goes on.
 * What a child carried between our last reading and its end comes with charon's `child-updown` event.
 */
import type { ChildSaObservation, ResourceId } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import { readFileIfPresent, writeFileAtomically } from '../../link/files.ts';

export type Traffic = {
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly ingressPackets: number;
  readonly egressPackets: number;
};
type Entry = {
  readonly total: Traffic;
  readonly isUp?: boolean;
  /** ISO 8601. */
  readonly lastEstablishedAt?: string;
  /** Last readings, oldest first; ended children stay a while because their last event may come late. */
  readonly children: Readonly<Record<string, Traffic>>;
};

export type Counters = {
  readonly record: (connection: ResourceId, children: readonly ChildSaObservation[]) => void;
  /** Whether it is up; the moment it turns so is kept, and rekeys do not move it. @returns whether that is new. */
  readonly note: (connection: ResourceId, isUp: boolean, nowMs: number) => boolean;
  readonly total: (connection: ResourceId) => Traffic & { readonly lastEstablishedAt?: string };
  /** Forgets all other connections. */
  readonly keepOnly: (connections: readonly ResourceId[]) => void;
  /** Writes the file if something changed. */
  readonly save: () => void;
};

const nothing: Traffic = { ingressBytes: 0, egressBytes: 0, ingressPackets: 0, egressPackets: 0 };
const rememberedChildren = 32;

export function openCounters(file: string): Counters {
  const entries = new Map<string, Entry>(Object.entries(readEntries(file)));
  let isChanged = false;
  const set = (key: string, entry: Entry): void => {
    entries.set(key, entry);
    isChanged = true;
  };
  return {
    record: (connection, children) => {
      const key = resourceKey(connection);
      for (const child of children) {
        const entry = entries.get(key) ?? { total: nothing, children: {} };
        const next = withReading(entry, child);
        if (next !== entry) set(key, next);
      }
    },
    note: (connection, isUp, nowMs) => {
      const key = resourceKey(connection);
      const entry = entries.get(key) ?? { total: nothing, children: {} };
      if ((entry.isUp ?? false) === isUp) return false;
      set(key, { ...entry, isUp, ...(isUp ? { lastEstablishedAt: new Date(nowMs).toISOString() } : {}) });
      return true;
    },
    total: (connection) => {
      const entry = entries.get(resourceKey(connection));
      return {
        ...(entry?.total ?? nothing),
        ...(entry?.lastEstablishedAt === undefined ? {} : { lastEstablishedAt: entry.lastEstablishedAt }),
      };
    },
    keepOnly: (connections) => {
      const kept = new Set(connections.map((connection) => resourceKey(connection)));
      for (const key of [...entries.keys()].filter((known) => !kept.has(known))) {
        entries.delete(key);
        isChanged = true;
      }
    },
    save: () => {
      if (!isChanged) return;
      // A kill costs nothing; power lost costs what was counted since the kernel last wrote.
      writeFileAtomically(file, JSON.stringify(Object.fromEntries(entries)), { isDurable: false });
      isChanged = false;
    },
  };
}

function withReading(entry: Entry, child: ChildSaObservation): Entry {
  const key = `${child.uniqueId}/${child.inboundSpi}`;
  const reading: Traffic = {
    ingressBytes: child.bytesIn,
    egressBytes: child.bytesOut,
    ingressPackets: child.packetsIn,
    egressPackets: child.packetsOut,
  };
  const before = entry.children[key];
  const last = before ?? nothing;
  const grown = combine(reading, last, (now, then) => Math.max(0, now - then));
  if (before !== undefined && Object.values(grown).every((value) => value === 0)) return entry;
  const others = Object.entries(entry.children).filter(([other]) => other !== key);
  return {
    ...entry,
    total: combine(entry.total, grown, (total, more) => total + more),
    children: Object.fromEntries([...others, [key, combine(reading, last, Math.max)] as const].slice(-rememberedChildren)),
  };
}

function combine(a: Traffic, b: Traffic, join: (x: number, y: number) => number): Traffic {
  return {
    ingressBytes: join(a.ingressBytes, b.ingressBytes),
    egressBytes: join(a.egressBytes, b.egressBytes),
    ingressPackets: join(a.ingressPackets, b.ingressPackets),
    egressPackets: join(a.egressPackets, b.egressPackets),
  };
}

/** A damaged file costs the sums, never the tunnels. */
function readEntries(file: string): Readonly<Record<string, Entry>> {
  try {
    return JSON.parse(readFileIfPresent(file) ?? '{}') as Readonly<Record<string, Entry>>; // only ever written by `save`
  } catch {
    return {};
  }
}
