/**
 * Keeps the newest reason of each connection while charon's log goes by. A responder's failures come before charon has
 * chosen a connection; they are kept by the peer's address. Memory is bounded: strangers can make charon log.
 */
import type { LogLine } from '@sallyport/protocols';
import { findReason, follow, unknownSa, type Finding, type SaLog } from './reasons.ts';

export type ReasonTracker = {
  /** @returns what the line tells, if anything. */
  readonly onLog: (line: LogLine, nowMs: number) => Finding | undefined;
  /** Newest of what is known by name and by the peer's address. */
  readonly reasonFor: (connection: string, peerAddress: string) => Finding | undefined;
  readonly forget: (connection: string, peerAddress: string) => void;
};

const rememberedSas = 512;
const rememberedPeers = 512;
/** These say that it ended, not why: a reason of the same handshake stays (a refused child is followed by a DELETE). */
const weak: ReadonlySet<Finding['code']> = new Set(['PeerSilent', 'PeerDeleted']);
const weakYieldsMs = 20_000;

export function createReasonTracker(): ReasonTracker {
  const sas = new Map<string, SaLog>();
  const byName = new Map<string, Finding>();
  const byAddress = new Map<string, Finding>();

  const keep = (map: Map<string, Finding>, key: string, finding: Finding): void => {
    const before = map.get(key);
    const isHiding = weak.has(finding.code) && before !== undefined && !weak.has(before.code);
    if (isHiding && finding.atMs - before.atMs < weakYieldsMs) return;
    remember(map, key, finding, rememberedPeers);
  };

  return {
    onLog: (line, nowMs) => {
      const sa = follow((line.ikeSaId === undefined ? undefined : sas.get(line.ikeSaId)) ?? unknownSa, line);
      if (line.ikeSaId !== undefined) remember(sas, line.ikeSaId, sa, rememberedSas);
      if (/^CHILD_SA \S+ established with/.test(line.message)) {
        if (sa.connection !== undefined) byName.delete(sa.connection);
        byAddress.delete(sa.peer);
        return undefined;
      }
      const found = findReason(line.message, sa);
      if (found === undefined) return undefined;
      const finding: Finding = { ...found, atMs: nowMs };
      if (sa.connection === undefined) keep(byAddress, sa.peer, finding);
      else keep(byName, sa.connection, finding);
      return finding;
    },
    reasonFor: (connection, peerAddress) => {
      const named = byName.get(connection);
      const addressed = byAddress.get(peerAddress);
      if (named === undefined || addressed === undefined) return named ?? addressed;
      // The responder's side of the same refusal knows both offers.
      if (named.code === addressed.code) return addressed;
      return named.atMs >= addressed.atMs ? named : addressed;
    },
    forget: (connection, peerAddress) => {
      byName.delete(connection);
      byAddress.delete(peerAddress);
    },
  };
}

/** Newest last; the oldest goes when there are too many. */
function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= limit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
