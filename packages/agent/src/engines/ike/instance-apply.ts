/**
 * Makes one instance's charon as the plan says: what is desired, what differs, each change, and the first start of what was loaded. Nothing that happens
 * between passes (instance-watch.ts); one change over VICI is apply.ts.
 */
import type { ApplyFailure, InstancePlan } from '@sallyport/model';
import { ViciError, type ViciSession } from '@sallyport/protocols';
import { inParallel } from '../../reconcile/in-parallel.ts';
import { applyChange, sweepPrivateKeys } from './apply.ts';
import { desiredState, readMarkKey, type DesiredState, type Known } from './desired.ts';
import { diffConnections, type Change } from './diff.ts';
import type { InstanceParts, Memory } from './instance-parts.ts';
import { superviseContext } from './instance-watch.ts';
import { readLoaded, readPeer, readSas } from './observe.ts';
import { isIkeUp } from './status.ts';
import { startMissing } from './supervise.ts';

/** Each connection's commands go in their order; between those of one, charon has others' to do. */
const changesAtOnce = 16;

/** @throws ViciError when charon is gone; a connection it refuses is returned. */
export async function applyInstance(parts: InstanceParts, session: ViciSession, instance: InstancePlan): Promise<readonly ApplyFailure[]> {
  const { memory, listening, ledger } = parts;
  const state = await readDesired(parts, session, instance);
  memory.tunnels = new Map([...state.known].map(([name, { tunnel }]) => [name, tunnel]));
  memory.peers = new Map(
    [...state.known.values()].map(({ rendered, tunnel }) => [rendered.peerAddress, tunnel.name] as const).toReversed(),
  );
  listening.start();
  const failures: ApplyFailure[] = [...state.failures];
  const changes = Map.groupBy(diffConnections(state.marks, await readLoaded(session), state.marksBefore), ({ kind }) =>
    kind === 'remove' ? 'remove' : 'load',
  );
  // Removals first: a renamed connection to the same peer must not meet its old self.
  for (const group of [changes.get('remove') ?? [], changes.get('load') ?? []])
    await inParallel(group, changesAtOnce, async (change) => {
      const failure = await apply(parts, session, instance, change, state);
      if (failure !== undefined) failures.push(failure);
      else await startLoaded(parts, session, change, state);
    });
  // What can't be rendered now may still need its key.
  if (state.failures.length === 0) await sweepPrivateKeys(session, state.desired.values());
  memory.known = state.known;
  ledger.keepOnly(instance.tunnels);
  return failures;
}

async function readDesired(
  { context, variant, renderings, files, addresses, identities, memory }: InstanceParts,
  session: ViciSession,
  instance: InstancePlan,
): Promise<DesiredState> {
  const loaded = new Map((await session.listConnections()).map(({ name, body }) => [name, readPeer(body)]));
  const sas = await readSas(session);
  return desiredState(
    {
      secret: context.secret,
      variant,
      renderings,
      markKey: readMarkKey(files),
      nowMs: context.clock.now(),
      addresses,
      loaded: (connection) => loaded.get(connection),
      identities,
      isUp: (connection) => sas.some(({ name, sa }) => name === connection && isIkeUp(sa)),
      known: memory.known,
    },
    instance,
  );
}

async function apply(
  { context, namespace, starts, reasons, identities, memory }: InstanceParts,
  session: ViciSession,
  instance: InstancePlan,
  change: Change,
  state: DesiredState,
): Promise<ApplyFailure | undefined> {
  const { kind, name } = change;
  const tunnel = instance.tunnels.find((other) => other.name === name);
  if (kind !== 'sweepKey' && kind !== 'reload') {
    starts.forget(name);
    // A peer that was refused for its identity, and may not try again, is told until it does.
    if (!isIdentityLearned(memory.known.get(name), state.known.get(name))) reasons.forget(name, tunnel?.ike.remoteAddress ?? '');
    identities.forget(name, state.desired.get(name)?.rendered.peerAddress ?? '');
  }
  memory.changing.add(name);
  try {
    await applyChange(session, change, state.desired.get(name));
    context.log.info({ instance: namespace, connection: tunnel?.connection, name, change: kind }, 'connection changed in charon');
    return undefined;
  } catch (error) {
    if (!(error instanceof ViciError) || (error.code !== 'refused' && error.code !== 'malformed')) throw error;
    const message = `charon did not ${kind === 'remove' ? 'unload' : 'load'} connection ${name}: ${error.message}`;
    return { resource: tunnel?.connection ?? instance.gateway, code: 'ConnectionRefusedByEngine', message };
  } finally {
    remember(memory, name, state.known.get(name));
  }
}

/** At once, not with the end of the pass: a supervision in between would act on what the connection was before. */
function remember(memory: Memory, name: string, one: Known | undefined): void {
  const known = new Map(memory.known);
  if (one === undefined) known.delete(name);
  else known.set(name, one);
  memory.known = known;
  memory.changing.delete(name);
}

/** Without waiting for the next supervision: see `startMissing`. */
async function startLoaded(parts: InstanceParts, session: ViciSession, { kind, name }: Change, state: DesiredState): Promise<void> {
  const known = state.known.get(name);
  if (known === undefined || (kind !== 'add' && kind !== 'replace') || !known.tunnel.ike.initiates) return;
  await startMissing(superviseContext(parts, session), known, []);
}

/** Whether a connection is loaded anew for nothing but what its peer calls itself. */
function isIdentityLearned(before: Known | undefined, now: Known | undefined): boolean {
  if (before === undefined || now === undefined) return false;
  const isSamePlan = JSON.stringify(before.tunnel) === JSON.stringify(now.tunnel);
  return (
    isSamePlan &&
    before.rendered.peerAddress === now.rendered.peerAddress &&
    before.rendered.keyOwners.join() !== now.rendered.keyOwners.join()
  );
}
