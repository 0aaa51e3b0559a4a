/**
 * One gateway instance's charon while the agent lives: wires the session to it, its events and log to the three sides of the work, and owns the task that
 * looks after tunnels between passes. Entered from engine.ts; what is done is instance-apply.ts, instance-watch.ts and instance-view.ts.
 */
import type { ApplyFailure, InstancePlan } from '@sallyport/model';
import type { NamedSection, ViciSession } from '@sallyport/protocols';
import { BackgroundTask } from '@sallyport/runtime';
import type { EngineContext, EngineView } from '../engine.ts';
import { createCharonLink, type CharonLink } from './charon-link.ts';
import { charonFiles, rotateLog } from './charon.ts';
import { createArrivals } from './crossing.ts';
import { proposalsText } from './history-lines.ts';
import { historyDirectory, openHistory } from './history.ts';
import { applyInstance } from './instance-apply.ts';
import { newMemory, type InstanceParts } from './instance-parts.ts';
import { viewInstance } from './instance-view.ts';
import { watchInstance } from './instance-watch.ts';
import { openLedger } from './ledger.ts';
import { createListening } from './listening.ts';
import { readSa } from './observe.ts';
import { createPeerAddresses, type Resolve } from './peer-address.ts';
import { createPeerIdentities } from './peer-identity.ts';
import { createProofs } from './proofs.ts';
import { createReasonTracker } from './reason-tracker.ts';
import type { XfrmVariant } from './render.ts';
import { createRenderings } from './renderings.ts';
import { createSilences } from './silence.ts';
import { createStalls } from './stalls.ts';
import { createStarts } from './starts.ts';
import { createSuccessors } from './successors.ts';
import { removeTraces } from './traces.ts';
import { createUpDown, type UpDown } from './up-down.ts';

export type InstanceOptions = {
  readonly variant: XfrmVariant;
  readonly environment: (namespace: string) => Readonly<Record<string, string>>;
  readonly resolve: Resolve;
};

/** How soon a start that has become due happens at the latest; events make it sooner. */
const supervisePeriodMs = 1000;
/** Events of many tunnels come in bursts, and each reading is of all of them: a quarter of a core at most. */
const superviseRest = 3;

export class IkeInstance implements AsyncDisposable {
  readonly #parts: InstanceParts;
  readonly #charon: CharonLink;
  readonly #supervision: BackgroundTask;
  readonly #upDown: UpDown;

  constructor(context: EngineContext, { variant, environment, resolve }: InstanceOptions, namespace: string) {
    const isFlooded = (): boolean => this.#upDown.isFlooded();
    this.#parts = createParts(context, { variant, resolve, namespace, isFlooded, onWrongKey: () => this.#supervision.wake() });
    this.#charon = createCharonLink({
      context,
      namespace,
      files: this.#parts.files,
      charon: () => ({ namespace, variant, environment: environment(namespace) }),
      onSession: (session) => this.#listen(session),
    });
    this.#upDown = createUpDown({
      clock: context.clock,
      look: () => {
        this.#supervision.wake();
        context.report();
      },
      onEnded: (sa) => this.#recordEnded(sa),
    });
    this.#supervision = new BackgroundTask({
      name: `ike ${namespace}`,
      periodMs: supervisePeriodMs,
      // What was just loaded has been started with it.
      firstAfterMs: supervisePeriodMs,
      rest: superviseRest,
      clock: context.clock,
      log: context.log,
      activate: async () => {
        const session = this.#charon.session();
        if (session !== undefined && !isFlooded()) await watchInstance(this.#parts, session);
      },
    });
  }

  /** @throws when charon can't be brought up. */
  async reconcile(instance: InstancePlan): Promise<readonly ApplyFailure[]> {
    const session = await this.#charon.ensure();
    await rotateLog(session, this.#parts.files);
    const failures = await applyInstance(this.#parts, session, instance);
    this.#supervision.start();
    this.#upDown.lookSoon();
    return failures;
  }

  observe(instance: InstancePlan): Promise<EngineView> {
    return viewInstance(this.#parts, this.#charon.observe(), this.#charon.session(), instance);
  }

  /** Ends charon and all it holds. */
  async remove(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await removeTraces(this.#parts.context, this.#parts.namespace);
  }

  /** Lets go of charon, which goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.#supervision[Symbol.asyncDispose]();
    this.#charon[Symbol.dispose]();
    await disposed;
    await this.#parts.listening[Symbol.asyncDispose]();
    this.#parts.ledger.save();
  }

  async #listen(session: ViciSession): Promise<void> {
    void session.connection.closed.then(this.#parts.context.wake);
    await this.#upDown.listen(session);
  }

  #recordEnded(sa: NamedSection): void {
    const known = this.#parts.memory.known.get(sa.name);
    if (known !== undefined) this.#parts.ledger.recordSome(known.tunnel, readSa(sa).sa.childSas);
  }
}

type PartsOptions = Pick<InstanceOptions, 'variant' | 'resolve'> & {
  readonly namespace: string;
  readonly isFlooded: () => boolean;
  readonly onWrongKey: () => void;
};

function createParts(context: EngineContext, { variant, resolve, namespace, isFlooded, onWrongKey }: PartsOptions): InstanceParts {
  const files = charonFiles(context.paths, namespace);
  const memory = newMemory();
  const reasons = createReasonTracker((address) => memory.peers.has(address));
  const identities = createPeerIdentities();
  const history = openHistory(historyDirectory(context.paths, namespace), {
    connectionOf: (peer) => memory.peers.get(peer),
    proposalsOf: (name) => proposalsText(memory.tunnels.get(name)),
  });
  const ledger = openLedger({
    context,
    namespace,
    history,
    peerOf: (tunnel) => memory.known.get(tunnel.name)?.rendered.peerAddress ?? tunnel.ike.remoteAddress,
    reasonOf: (tunnel, peer) => reasons.endOf(tunnel.name, peer)?.message,
  });
  const arrivals = createArrivals();
  const listening = createListening({
    context,
    namespace,
    files,
    history,
    reasons,
    identities,
    arrivals,
    isFlooded,
    onFinding: ({ code }) => {
      if (code === 'WrongKey' && [...memory.known.values()].some(({ keys }) => keys.length > 1)) onWrongKey();
    },
    onIdentity: context.wake,
  });
  const addresses = createPeerAddresses(resolve, context.clock, context.wake);
  const [starts, silences, stalls] = [createStarts(), createSilences(), createStalls()];
  return {
    context,
    namespace,
    variant,
    renderings: createRenderings(),
    files,
    memory,
    ledger,
    listening,
    addresses,
    identities,
    reasons,
    starts,
    silences,
    arrivals,
    proofs: createProofs(),
    stalls,
    successors: createSuccessors(),
  };
}
