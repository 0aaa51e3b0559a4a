/**
 * The history of an instance's tunnels: two rings on disk for each, one of IKE's words and one of comings and goings, so that
 * a week of refusals does not push out when the tunnel was last up. What charon's log brings is collected, and written by `flush`;
 * what is written survives charon, agent and kill -9. What a line becomes is history-lines.ts, how a ring is kept ring-file.ts.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { IkeHistoryEntry } from '@sallyport/model';
import type { LogLine } from '@sallyport/protocols';
import { follow, noTrail, type Line, type SaTrail } from './history-lines.ts';
import { appendToRing, readRing, removeRing } from './ring-file.ts';

export type History = {
  /** @param sessionSeed differs between two charons, whose SAs count from 1 alike. */
  readonly onLog: (line: LogLine, nowMs: number, sessionSeed: string) => void;
  /** Extra words of ours about a connection: what it offers, why it went. */
  readonly tunnel: (connection: string, isUp: boolean, reason: string, peer: string, nowMs: number) => void;
  readonly keepOnly: (connections: readonly string[]) => void;
  /**
   * Writes what has been collected, each ring once. @throws when one can't be written; what was for it is lost, the others come with the next
   * call. @param isReread of lines that may have been written before a kill: those are in once.
   */
  readonly flush: (isReread?: boolean) => void;
};

type Known = {
  readonly guid: string;
  readonly trail: SaTrail;
  readonly connection: string | undefined;
  readonly waiting: readonly IkeHistoryEntry[];
};

const ikeHalfBytes = 256 * 1024;
const tunnelHalfBytes = 32 * 1024;
const rememberedSas = 512;
/** Of an SA whose connection is not known yet. */
const waitingEntries = 40;

export type HistoryFacts = {
  /** The connection that expects this peer, if one does; a stranger's lines are kept nowhere. */
  readonly connectionOf: (peerAddress: string) => string | undefined;
  /** What the connection proposes and accepts; charon's log has only the peer's and the chosen ones. */
  readonly proposalsOf: (connection: string) => string | undefined;
};

export function openHistory(directory: string, { connectionOf, proposalsOf }: HistoryFacts): History {
  const sas = new Map<string, Known>();
  const silent = new Map<string, number>();
  const unwritten = new Map<string, IkeHistoryEntry[]>();

  const collect = (connection: string, entry: IkeHistoryEntry): void => {
    if (isRepeatedSilence(silent, connection, entry)) return;
    const entries = unwritten.get(connection);
    if (entries === undefined) unwritten.set(connection, [entry]);
    else entries.push(entry);
  };
  const write = (connection: string, isReread = false): void => {
    const collected = unwritten.get(connection) ?? [];
    unwritten.delete(connection);
    const file = ringFile(directory, connection, 'ike');
    const there = new Set(isReread ? readRing<IkeHistoryEntry>(file).map((entry) => JSON.stringify(entry)) : []);
    const entries = isReread ? collected.filter((entry) => !there.has(JSON.stringify(entry))) : collected;
    if (entries.length > 0) appendToRing(file, entries, ikeHalfBytes);
  };

  return {
    onLog: (line, nowMs, sessionSeed) => {
      const { ikeSaId } = line;
      if (ikeSaId === undefined) return;
      const key = `${sessionSeed} ${ikeSaId}`;
      const before = sas.get(key) ?? { guid: guid(key), trail: noTrail, connection: undefined, waiting: [] };
      const { trail, line: kept } = follow(before.trail, line);
      const named = line.connection === '(unnamed)' ? undefined : line.connection;
      const connection = named ?? before.connection ?? connectionOf(addressOf(trail.remote));
      const beginsNow = kept !== undefined && trail.role !== undefined && before.trail.role === undefined;
      const proposals = beginsNow && connection !== undefined ? proposalsOf(connection) : undefined;
      const ours: readonly Line[] = proposals === undefined ? [] : [{ tags: ['LOCAL_MSG', 'SA_INIT'], message: proposals }];
      const lines = [...(kept === undefined ? [] : [kept]), ...ours];
      const entries = [...before.waiting, ...lines.map((one) => entryOf(trail, one, before.guid, nowMs))];
      const waiting = connection === undefined ? entries.slice(-waitingEntries) : [];
      remember(sas, key, { guid: before.guid, trail, connection, waiting });
      if (connection !== undefined) for (const entry of entries) collect(connection, entry);
    },
    tunnel: (connection, isUp, reason, peer, nowMs) => {
      const tags = [isUp ? 'TunnelConnected' : 'TunnelDisconnected'];
      const at = new Date(nowMs).toISOString();
      const entry: IkeHistoryEntry = { at, category: 'TunnelDiagnosticLog', session: '', remote: peer, local: '', tags, message: reason };
      // Who reads that it came up, or went, finds how.
      write(connection);
      appendToRing(ringFile(directory, connection, 'tunnel'), [entry], tunnelHalfBytes);
    },
    keepOnly: (connections) => {
      const kept = new Set(connections);
      for (const connection of unwritten.keys()) if (!kept.has(connection)) unwritten.delete(connection);
      for (const connection of storedConnections(directory)) {
        if (kept.has(connection)) continue;
        for (const kind of kinds) removeRing(ringFile(directory, connection, kind));
      }
    },
    flush: (isReread) => {
      for (const connection of unwritten.keys()) write(connection, isReread);
    },
  };
}

const kinds = ['ike', 'tunnel'] as const;

/** Oldest first, both categories. */
export function readHistory(directory: string, connection: string): readonly IkeHistoryEntry[] {
  return kinds
    .flatMap((kind) => readRing<IkeHistoryEntry>(ringFile(directory, connection, kind)))
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

export function historyDirectory(paths: { readonly stateDirectory: string }, namespace: string): string {
  return join(paths.stateDirectory, 'ike-history', namespace);
}

export function removeHistory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function ringFile(directory: string, connection: string, kind: (typeof kinds)[number]): string {
  return join(directory, `${connection}.${kind}.jsonl`);
}

function storedConnections(directory: string): readonly string[] {
  try {
    return [...new Set(readdirSync(directory).flatMap((file) => /^(.*)\.(?:ike|tunnel)\.jsonl/.exec(file)?.[1] ?? []))];
  } catch {
    return []; // no history yet
  }
}

function entryOf({ local, remote, role }: SaTrail, line: Line, session: string, nowMs: number): IkeHistoryEntry {
  const at = new Date(nowMs).toISOString();
  return { at, category: 'IKEDiagnosticLog', session, remote, local, ...(role === undefined ? {} : { role }), ...line };
}

/** A silent peer is tried every few seconds for ever: the first, second, fourth, eighth… round is kept, until something is received. */
function isRepeatedSilence(rounds: Map<string, number>, connection: string, { tags, message }: IkeHistoryEntry): boolean {
  if (tags[0] === 'RECEIVED') rounds.delete(connection);
  const round = (rounds.get(connection) ?? 0) + (message.startsWith('peer not responding') ? 1 : 0);
  if (round === 0) return false;
  rounds.set(connection, round);
  return (round & (round - 1)) !== 0;
}

function addressOf(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '');
}

/** The same SA has the same GUID, whoever reads it when. */
function guid(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex').toUpperCase();
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-');
}

function remember(sas: Map<string, Known>, key: string, known: Known): void {
  sas.delete(key);
  sas.set(key, known);
  if (sas.size <= rememberedSas) return;
  const [oldest] = sas.keys();
  if (oldest !== undefined) sas.delete(oldest);
}
