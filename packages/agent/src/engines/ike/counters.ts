/**
 * VGW-OPS-004. Bytes and packets of each connection, cumulative across rekeys and restarts: child SAs count from zero each, so their
 * increases are summed. A file keeps the sums, and the last reading of each child, so that a restarted agent goes on.
 * What a child carried between our last reading and its end comes with charon's `child-updown` event.
 */
import type { ChildSaObservation, ResourceId } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import { writeWholeFile } from '@sallyport/runtime';
import { readFileIfPresent } from '../../link/files.ts';

export type Traffic = {
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly ingressPackets: number;
  readonly egressPackets: number;
};
type Entry = {
  total: Traffic;
  isUp?: boolean;
  /** ISO 8601. */
  lastEstablishedAt?: string;
  /** Last readings, oldest first. */
  readonly children: Map<string, Traffic>;
};
/** As the file has them. */
type StoredEntry = Omit<Entry, 'children'> & { readonly children: Readonly<Record<string, Traffic>> };

export type Counters = {
  /** @param children all that the connection has. */
  readonly record: (connection: ResourceId, children: readonly ChildSaObservation[]) => void;
  /** @param children those that an event told of; the connection may have others. */
  readonly recordSome: (connection: ResourceId, children: readonly ChildSaObservation[]) => void;
  /** Whether it is up; the moment it turns so is kept, and rekeys do not move it. @returns whether that is new. */
  readonly note: (connection: ResourceId, isUp: boolean, nowMs: number) => boolean;
  readonly total: (connection: ResourceId) => Traffic & { readonly lastEstablishedAt?: string };
  /** Forgets all other connections. */
  readonly keepOnly: (connections: readonly ResourceId[]) => void;
  /** Writes the file if something changed. */
  readonly save: () => void;
};

const nothing: Traffic = { ingressBytes: 0, egressBytes: 0, ingressPackets: 0, egressPackets: 0 };
/** The last event of an ended child may come late: of these, and of as many as there are now, readings are kept. */
const rememberedAtLeast = 8;

export function openCounters(file: string): Counters {
  const entries = readEntries(file);
  let isChanged = false;
  const entryOf = (connection: ResourceId): Entry => {
    const key = resourceKey(connection);
    const entry = entries.get(key) ?? { total: nothing, children: new Map() };
    entries.set(key, entry);
    return entry;
  };
  const recordSome: Counters['recordSome'] = (connection, children) => {
    if (children.length === 0) return;
    const entry = entryOf(connection);
    for (const child of children) isChanged = readChild(entry, child) || isChanged;
  };
  return {
    record: (connection, children) => {
      recordSome(connection, children);
      const entry = entries.get(resourceKey(connection));
      if (entry !== undefined) forgetEnded(entry, new Set(children.map(childKey)));
    },
    recordSome,
    note: (connection, isUp, nowMs) => {
      const entry = entryOf(connection);
      if ((entry.isUp ?? false) === isUp) return false;
      entry.isUp = isUp;
      if (isUp) entry.lastEstablishedAt = new Date(nowMs).toISOString();
      isChanged = true;
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
      writeWholeFile(file, JSON.stringify(Object.fromEntries([...entries].map(([key, entry]) => [key, stored(entry)]))), {
        isDurable: false,
      });
      isChanged = false;
    },
  };
}

function childKey(child: ChildSaObservation): string {
  return `${child.uniqueId}/${child.inboundSpi}`;
}

/** @returns whether that is news. */
function readChild(entry: Entry, child: ChildSaObservation): boolean {
  const key = childKey(child);
  const reading: Traffic = {
    ingressBytes: child.bytesIn,
    egressBytes: child.bytesOut,
    ingressPackets: child.packetsIn,
    egressPackets: child.packetsOut,
  };
  const before = entry.children.get(key);
  const last = before ?? nothing;
  const grown = combine(reading, last, (now, then) => Math.max(0, now - then));
  if (before !== undefined && Object.values(grown).every((value) => value === 0)) return false;
  entry.total = combine(entry.total, grown, (total, more) => total + more);
  entry.children.delete(key);
  entry.children.set(key, combine(reading, last, Math.max));
  return true;
}

/** A connection has as many children as it has pairs of selectors: none of them may be forgotten, or it would be counted anew. */
function forgetEnded({ children }: Entry, present: ReadonlySet<string>): void {
  const ended = [...children.keys()].filter((key) => !present.has(key));
  const remembered = rememberedAtLeast + present.size;
  for (const key of ended.slice(0, Math.max(0, ended.length - remembered))) children.delete(key);
}

function combine(a: Traffic, b: Traffic, join: (x: number, y: number) => number): Traffic {
  return {
    ingressBytes: join(a.ingressBytes, b.ingressBytes),
    egressBytes: join(a.egressBytes, b.egressBytes),
    ingressPackets: join(a.ingressPackets, b.ingressPackets),
    egressPackets: join(a.egressPackets, b.egressPackets),
  };
}

function stored({ children, ...entry }: Entry): StoredEntry {
  return { ...entry, children: Object.fromEntries(children) };
}

/** A damaged file costs the sums, never the tunnels. */
function readEntries(file: string): Map<string, Entry> {
  try {
    const read = JSON.parse(readFileIfPresent(file) ?? '{}') as Readonly<Record<string, StoredEntry>>; // only ever written by `save`
    return new Map(Object.entries(read).map(([key, entry]) => [key, { ...entry, children: new Map(Object.entries(entry.children)) }]));
  } catch {
    return new Map();
  }
}
