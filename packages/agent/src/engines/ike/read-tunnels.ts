/**
 * An instance's SAs as charon tells them now, and what its log tells beside them, written down for each tunnel. Both watching and telling begin here, and
 * before anything is done about what was read: a tunnel that is started anew is up a moment later, and its end would be told without its reason.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import type { InstanceParts } from './instance-parts.ts';
import { readSas, type CharonSa } from './observe.ts';
import { connectionStatus } from './status.ts';

/** @returns the SAs of each connection that has any, by its name. @throws ViciError when charon does not answer. */
export async function readTunnels(
  { context, listening, ledger, reasons }: InstanceParts,
  session: ViciSession,
  tunnels: Iterable<TunnelPlan>,
): Promise<ReadonlyMap<string, readonly CharonSa[]>> {
  // Of one clock with the log. charon answers for an SA when it is done with what it has logged of it.
  const askedAtMs = context.clock.now();
  const byName = Map.groupBy(await readSas(session), ({ name }) => name);
  listening.catchUp();
  for (const tunnel of tunnels) {
    const own = byName.get(tunnel.name) ?? [];
    if (connectionStatus(own, false) === 'Connected') reasons.outlived(tunnel.name, askedAtMs);
    ledger.record(tunnel, own);
  }
  ledger.saveWhenDue();
  return byName;
}
