/**
 * What is done for one instance's tunnels between passes: keys of a rotation turned, missing tunnels started, what is too much ended, and everything
 * seen written down. Loads no connection (instance-apply.ts); what is started and ended is supervise.ts.
 */
import type { ViciSession } from '@sallyport/protocols';
import { settled, type InstanceParts } from './instance-parts.ts';
import { readSas } from './observe.ts';
import { readTunnels } from './read-tunnels.ts';
import { mustTurn, turnKey } from './rotation.ts';
import { supervise, type SuperviseContext } from './supervise.ts';

/** @throws ViciError when charon does not answer. */
export async function watchInstance(parts: InstanceParts, session: ViciSession): Promise<void> {
  const { listening, memory } = parts;
  listening.catchUp();
  await turnKeys(parts, session);
  const tunnels = [...memory.known.values()].map(({ tunnel }) => tunnel);
  const sas = await readTunnels(parts, session, tunnels);
  await supervise(superviseContext(parts, session), [...memory.known.keys()], sas);
}

export function superviseContext(
  { context, starts, silences, arrivals, proofs, stalls, successors, memory }: InstanceParts,
  session: ViciSession,
): SuperviseContext {
  const { clock, log } = context;
  const nowMs = clock.monotonic();
  return { session, starts, silences, arrivals, proofs, stalls, successors, log, nowMs, settled: (name) => settled(memory, name) };
}

/** Before anything is started anew: a start with the key that the peer has just refused would be refused again. */
async function turnKeys({ context, memory, reasons, starts }: InstanceParts, session: ViciSession): Promise<void> {
  const rotating = [...memory.known].filter(([, { keys }]) => keys.length > 1);
  if (rotating.length === 0) return;
  const sas = await readSas(session);
  for (const [name] of rotating) {
    const known = settled(memory, name);
    if (known === undefined) continue;
    const { connection } = known.tunnel;
    const { peerAddress } = known.rendered;
    const own = sas.filter((sa) => sa.name === name);
    if (!mustTurn(known, own, reasons.reasonFor(name, peerAddress))) continue;
    await turnKey(session, known, peerAddress);
    reasons.forget(name, peerAddress);
    starts.forget(name);
    context.log.info({ connection, peer: peerAddress }, 'the peer has the other shared key of the rotation: tried next');
  }
}
