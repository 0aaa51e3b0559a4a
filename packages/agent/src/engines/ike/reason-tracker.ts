/**
 * Keeps the newest reason of each connection while charon's log goes by. A responder's failures come before charon has
 * chosen a connection; they are kept by the peer's address. Strangers can make charon log as much as they like: what they leave here is
 * bounded, and kept apart, so that it pushes out nothing of a configured peer and no SA that has a connection.
 */
import type { LogLine } from '@sallyport/protocols';
import { findReason, follow, unknownSa, type Finding, type SaLog } from './reasons.ts';

export type ReasonTracker = {
  /** @returns what the line tells, if anything. */
  readonly onLog: (line: LogLine, nowMs: number) => Finding | undefined;
  /** Newest of what is known by name and by the peer's address. */
  readonly reasonFor: (connection: string, peerAddress: string) => Finding | undefined;
  /** Why a tunnel ended, also where the log tells of its next beginning by now. */
  readonly endOf: (connection: string, peerAddress: string) => Finding | undefined;
  /** It was asked for then, and was up: what the log told of ends before that were ends of SAs that others had taken the place of. */
  readonly outlived: (connection: string, askedAtMs: number) => void;
  readonly forget: (connection: string, peerAddress: string) => void;
};

/** An SA without a connection is one that is being opened; they are a few lines old. */
const rememberedOpenings = 512;
/** As many as connections, with old SAs beside new ones. */
const rememberedSas = 2048;
const rememberedPeers = 512;
const rememberedStrangers = 64;
/** These say that it ended, not why: a reason of the same handshake stays (a refused child is followed by a DELETE). */
const weak: ReadonlySet<Finding['code']> = new Set(['PeerSilent', 'PeerDeleted']);
const weakYieldsMs = 20_000;

/** @param isPeer whether a configured connection has this address. */
export function createReasonTracker(isPeer: (address: string) => boolean = () => true): ReasonTracker {
  const openings = new Map<string, SaLog>();
  const sas = new Map<string, SaLog>();
  const byStranger = new Map<string, Finding>();
  const byName = new Map<string, Finding>();
  const byAddress = new Map<string, Finding>();
  /** By name: what a new child has made good, until the tunnel is seen up. */
  const overcome = new Map<string, Finding>();

  const saOf = (id: string | undefined): SaLog => (id === undefined ? undefined : (sas.get(id) ?? openings.get(id))) ?? unknownSa;
  const rememberSa = (id: string, sa: SaLog): void => {
    if (sa.connection === undefined) return remember(openings, id, sa, rememberedOpenings);
    openings.delete(id);
    remember(sas, id, sa, rememberedSas);
  };
  const ofAddress = (address: string): Map<string, Finding> => (isPeer(address) ? byAddress : byStranger);
  const keep = (map: Map<string, Finding>, key: string, finding: Finding): void => {
    const before = map.get(key);
    const isHiding = weak.has(finding.code) && before !== undefined && !weak.has(before.code);
    if (isHiding && finding.atMs - before.atMs < weakYieldsMs) return;
    remember(map, key, finding, map === byStranger ? rememberedStrangers : rememberedPeers);
  };

  const reasonFor: ReasonTracker['reasonFor'] = (connection, peerAddress) => {
    const named = byName.get(connection);
    const addressed = ofAddress(peerAddress).get(peerAddress);
    if (named === undefined || addressed === undefined) return named ?? addressed;
    // The responder's side of the same refusal knows both offers.
    if (named.code === addressed.code) return addressed;
    return named.atMs >= addressed.atMs ? named : addressed;
  };

  return {
    onLog: (line, nowMs) => {
      const sa = follow(saOf(line.ikeSaId), line);
      if (line.ikeSaId !== undefined) rememberSa(line.ikeSaId, sa);
      if (/^CHILD_SA \S+ established with/.test(line.message)) {
        const ended = sa.connection === undefined ? undefined : reasonFor(sa.connection, sa.peer);
        if (sa.connection !== undefined && ended !== undefined) remember(overcome, sa.connection, ended, rememberedPeers);
        if (sa.connection !== undefined) byName.delete(sa.connection);
        ofAddress(sa.peer).delete(sa.peer);
        return undefined;
      }
      const found = findReason(line.message, sa, nowMs);
      if (found === undefined) return undefined;
      const finding: Finding = { ...found, atMs: nowMs };
      if (sa.connection === undefined) keep(ofAddress(sa.peer), sa.peer, finding);
      else keep(byName, sa.connection, finding);
      return finding;
    },
    reasonFor,
    endOf: (connection, peerAddress) => reasonFor(connection, peerAddress) ?? overcome.get(connection),
    outlived: (connection, askedAtMs) => {
      const named = byName.get(connection);
      if (named?.code === 'PeerDeleted' && named.atMs < askedAtMs) byName.delete(connection);
      if ((overcome.get(connection)?.atMs ?? askedAtMs) < askedAtMs) overcome.delete(connection);
    },
    forget: (connection, peerAddress) => {
      byName.delete(connection);
      ofAddress(peerAddress).delete(peerAddress);
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
