/**
 * Brings up what should be up: given all SAs, starts what nobody is starting, ends what was opened by an end that should not, and attempts that have become needless. Starts do not wait for their outcome, so no connection holds up another; charon's log and events tell.
 */
import type { TunnelPlan } from '@sallyport/model';
import { ViciError, type ViciSession } from '@sallyport/protocols';
import type { Logger } from '@sallyport/runtime';
import type { Known } from './desired.ts';
import { crossedSa, type Arrivals } from './crossing.ts';
import { duplicateChildren, duplicateSas, supersededChildren } from './duplicates.ts';
import type { CharonSa } from './observe.ts';
import type { Proofs } from './proofs.ts';
import type { Silences } from './silence.ts';
import type { Stalls } from './stalls.ts';
import type { Starts } from './starts.ts';
import type { Successors } from './successors.ts';
import { missingChildren, needlessAttempts, unaskedSas } from './status.ts';

/** A child is ended by an exchange, and charon answers at once: a silent peer must not hold up what is done for others. */
const unawaited = -1;

export type SuperviseContext = {
  readonly session: ViciSession;
  readonly starts: Starts;
  readonly silences: Silences;
  readonly arrivals: Arrivals;
  readonly proofs: Proofs;
  readonly stalls: Stalls;
  readonly successors: Successors;
  readonly log: Logger;
  /** Of a clock that never jumps. */
  readonly nowMs: number;
  /** A connection as charon has it; undefined while it is changed: a start would meet half of it. Asked right before each start. */
  readonly settled: (connection: string) => Known | undefined;
};

/** @param byName the SAs of each connection, as read now. @throws ViciError when charon does not answer. */
export async function supervise(
  context: SuperviseContext,
  connections: Iterable<string>,
  byName: ReadonlyMap<string, readonly CharonSa[]>,
): Promise<void> {
  for (const name of connections) {
    const known = context.settled(name);
    if (known === undefined) continue;
    const own = byName.get(name) ?? [];
    await endUnasked(context, known, own);
    await endNeedless(context, own);
    await endStalled(context, known, own);
    await endDuplicates(context, known, own);
    await endSilent(context, known, own);
    if (!known.tunnel.ike.initiates) continue;
    await startMissing(context, known, own);
    await startSuccessors(context, known, own);
  }
}

/** charon can't refuse to respond for one connection, and begins what it was asked for before a change to ResponderOnly when a thread is free. */
async function endUnasked({ session, arrivals, log }: SuperviseContext, { tunnel }: Known, sas: readonly CharonSa[]): Promise<void> {
  for (const { sa } of unaskedSas(sas, tunnel.ike, arrivals.isOpened)) {
    await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
    const why = sa.isInitiator ? 'that we opened: the connection only responds' : 'that the peer opened: the connection only initiates';
    log.info({ connection: tunnel.connection, peer: sa.remoteAddress }, `ended an SA ${why}`);
  }
}

/**
 * A peer that we can't reach may reach us (it is behind a NAT). Then our own attempt would go on for ever beside the SA the peer
 * made. One that was answered is left to finish: the peer may have it already.
 */
async function endNeedless({ session }: SuperviseContext, sas: readonly CharonSa[]): Promise<void> {
  for (const { sa } of needlessAttempts(sas)) await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
}

/** docs/adr/0049: it stands in the way of another start. */
async function endStalled({ session, stalls, log }: SuperviseContext, { tunnel }: Known, sas: readonly CharonSa[]): Promise<void> {
  for (const { sa } of stalls.read(tunnel.name, sas)) {
    await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
    log.info({ connection: tunnel.connection, peer: sa.remoteAddress }, 'ended an SA whose main mode could not be made anew');
  }
}

/** Both ends began at once, or an IKEv1 peer began a child anew: one of two SAs is enough. */
async function endDuplicates(
  { session, arrivals, proofs, log, nowMs }: SuperviseContext,
  { tunnel }: Known,
  sas: readonly CharonSa[],
): Promise<void> {
  const crossed = crossedSa(sas, arrivals.isBefore);
  if (crossed !== undefined) {
    const { sa } = crossed.ended;
    await session.terminate({ ikeId: sa.uniqueId, ...(crossed.atOnce ? { force: true, timeoutMs: 0 } : { timeoutMs: unawaited }) });
    log.info({ connection: tunnel.connection, peer: sa.remoteAddress }, 'ended one of two SAs that crossed');
    return;
  }
  const { ended, unproven } = duplicateSas(sas, (one) => proofs.isAnswered(one, nowMs));
  const child = unproven?.sa.childSas.find(({ state }) => state === 'INSTALLED');
  if (unproven !== undefined && child !== undefined && proofs.isDue(unproven, nowMs)) await session.rekey({ childId: child.uniqueId });
  for (const { sa } of ended) {
    await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
    log.info({ connection: tunnel.connection, peer: sa.remoteAddress }, 'ended one of two SAs: both ends had begun at once');
  }
  for (const { uniqueId } of duplicateChildren(sas)) {
    await session.terminate({ childId: uniqueId, timeoutMs: unawaited });
    log.info({ connection: tunnel.connection }, 'ended one of two CHILD SAs: both ends had begun at once');
  }
  for (const { uniqueId } of supersededChildren(sas)) {
    await session.terminate({ childId: uniqueId, timeoutMs: unawaited });
    log.info({ connection: tunnel.connection }, 'ended a CHILD SA: the peer began another in its place and uses it');
  }
}

/** VGW-PEER-007. Nobody is told: who does not answer a request won't hear a DELETE either, and its SA goes the same way. */
async function endSilent({ session, silences, log, nowMs }: SuperviseContext, { tunnel }: Known, sas: readonly CharonSa[]): Promise<void> {
  for (const { sa } of silences.read(tunnel, sas, nowMs)) {
    await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
    const { dpdTimeoutSeconds } = tunnel.ike;
    log.info({ connection: tunnel.connection, peer: sa.remoteAddress, dpdTimeoutSeconds }, 'ended the SA of a peer that does not answer');
  }
}

/** With no SAs: right after a connection was loaded, so that charon negotiates while the next one is being loaded. */
export async function startMissing(
  { session, starts, log, nowMs, settled }: SuperviseContext,
  { tunnel, rendered }: Known,
  sas: readonly CharonSa[],
): Promise<void> {
  const missing = missingChildren(rendered.children, sas);
  if (missing.length === 0) {
    starts.connected(tunnel.name, nowMs);
    return;
  }
  if (!isOursToStart(settled(tunnel.name)) || !starts.isDue(tunnel.name, nowMs)) return;
  starts.started(tunnel.name, nowMs);
  await initiate({ session, log, settled }, tunnel, missing);
}

/** docs/adr/0056: while the former still carries packets. */
async function startSuccessors(context: SuperviseContext, { tunnel, rendered }: Known, sas: readonly CharonSa[]): Promise<void> {
  const due = isOursToStart(context.settled(tunnel.name)) ? context.successors.due(tunnel, rendered.children, sas) : [];
  if (due.length === 0) return;
  context.log.info({ connection: tunnel.connection }, 'asks for a CHILD SA of its own before the one that the peer began ends');
  await initiate(context, tunnel, due);
}

function isOursToStart(known: Known | undefined): boolean {
  return known?.tunnel.ike.initiates === true;
}

async function initiate(
  { session, log, settled }: Pick<SuperviseContext, 'session' | 'log' | 'settled'>,
  { name, connection }: TunnelPlan,
  children: readonly string[],
): Promise<void> {
  for (const child of children) {
    if (!isOursToStart(settled(name))) return;
    try {
      await session.initiate({ ike: name, child, timeoutMs: -1 });
    } catch (error) {
      if (!(error instanceof ViciError) || error.code !== 'refused') throw error;
      // Not loaded, since its last change was refused; that is reported where it happened.
      log.debug({ connection, child, err: error }, 'charon did not start it');
    }
  }
}
