/**
 * An instance's SAs as charon tells them now, and what its log tells beside them, written down for each tunnel. Both watching and telling begin here, and
 * before anything is done about what was read: a tunnel that is started anew is up a moment later, and its end would be told without its reason.
 */
import { setImmediate } from 'node:timers/promises';
import type { TunnelPlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import type { EngineContext } from '../engine.ts';
import type { InstanceParts } from './instance-parts.ts';
import { readSas, type CharonSa } from './observe.ts';
import { connectionStatus } from './status.ts';

/** @returns the SAs of each connection that has any, by its name. @throws ViciError when charon does not answer. */
export async function readTunnels(
  { context, listening, ledger, reasons }: InstanceParts,
  session: ViciSession,
  tunnels: Iterable<TunnelPlan>,
): Promise<ReadonlyMap<string, readonly CharonSa[]>> {
  const { askedAtMs, byName } = await readShared(session, context);
  listening.catchUp();
  for (const tunnel of tunnels) {
    const own = byName.get(tunnel.name) ?? [];
    if (connectionStatus(own, false) === 'Connected') reasons.outlived(tunnel.name, askedAtMs);
    ledger.record(tunnel, own);
  }
  ledger.saveWhenDue();
  return byName;
}

type Reading = {
  /** Of one clock with the log: charon answers for an SA when it is done with what it has logged of it. */
  readonly askedAtMs: number;
  readonly byName: ReadonlyMap<string, readonly CharonSa[]>;
};

/** Asked for, and not yet of charon. */
const due = new WeakMap<ViciSession, Promise<Reading>>();

/** Watching and telling are woken by the same event: what both ask for in one turn is read once. */
function readShared(session: ViciSession, { clock }: Pick<EngineContext, 'clock'>): Promise<Reading> {
  const shared = due.get(session);
  if (shared !== undefined) return shared;
  const reading = (async () => {
    await setImmediate();
    due.delete(session);
    const askedAtMs = clock.now();
    return { askedAtMs, byName: Map.groupBy(await readSas(session), ({ name }) => name) };
  })();
  due.set(session, reading);
  return reading;
}
