/**
 * One gateway instance's charon while the agent lives: the session to it, its events and log, counters, reasons, and the
 * task that starts what is not up. Everything that decides is read back from charon; what is kept here only makes the
 * agent quicker and wordier. Entered from engine.ts.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyFailure, EngineObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { readUpDown, ViciError, type ViciMessage, type ViciSession } from '@sallyport/protocols';
import { BackgroundTask, whenQuiet } from '@sallyport/runtime';
import { inParallel } from '../../reconcile/in-parallel.ts';
import type { EngineContext, EngineView } from '../engine.ts';
import { applyChange, sweepPrivateKeys } from './apply.ts';
import { charonFiles, ensureCharon, rotateLog, startedAt, stopCharon, type CharonFiles, type RunningCharon } from './charon.ts';
import { openCounters, type Counters } from './counters.ts';
import { desiredState, readMarkKey, type DesiredState, type Known } from './desired.ts';
import { proposalsText } from './history-lines.ts';
import { historyDirectory, openHistory, removeHistory, type History } from './history.ts';
import { diffConnections, type Change } from './diff.ts';
import { readLoaded, readPeer, readSa, readSas, type CharonSa } from './observe.ts';
import { createPeerIdentities } from './peer-identity.ts';
import { createListening, type Listening } from './listening.ts';
import { createPeerAddresses, type PeerAddresses, type Resolve } from './peer-address.ts';
import { createReasonTracker } from './reason-tracker.ts';
import type { XfrmVariant } from './render.ts';
import { keyVersionInUse, mustTurn, turnKey } from './rotation.ts';
import { createSilences } from './silence.ts';
import { createStarts } from './starts.ts';
import { connectionStatus, isIkeUp } from './status.ts';
import { startMissing, supervise, type SuperviseContext } from './supervise.ts';
import { viewConnection, viewUnseen } from './view.ts';

export type InstanceOptions = {
  readonly variant: XfrmVariant;
  readonly environment: (namespace: string) => Readonly<Record<string, string>>;
  readonly resolve: Resolve;
};

/** How soon a start that has become due happens at the latest; events make it sooner. */
const supervisePeriodMs = 1000;
/** Events of many tunnels come in bursts, and each reading is of all of them: a quarter of a core at most. */
const superviseRest = 3;
/** What a restarted agent misses is read back from charon anyway, but for children that ended meanwhile. */
const saveCountersEveryMs = 5000;
/** Each connection's commands go in their order; between those of one, charon has others' to do. */
const changesAtOnce = 16;
/** A hundred tunnels come up, or go, within a second: looked at and reported when that has paused, and now and then while it goes on. */
const burst = { quietMs: 30, atMostMs: 1000 };

export class IkeInstance implements AsyncDisposable {
  readonly #context: EngineContext;
  readonly #options: InstanceOptions;
  readonly #namespace: string;
  readonly #files: CharonFiles;
  readonly #counters: Counters;
  readonly #history: History;
  readonly #addresses: PeerAddresses;
  readonly #identities = createPeerIdentities();
  readonly #starts = createStarts();
  readonly #silences = createSilences();
  readonly #reasons = createReasonTracker((address) => this.#peers.has(address));
  readonly #listening: Listening;
  readonly #supervision: BackgroundTask;
  readonly #changing = new Set<string>();
  readonly #lookSoon: () => void;
  /** An event of charon's that says up or down. */
  readonly #lookAfter: (message: ViciMessage) => void;
  #charon: RunningCharon | undefined;
  /** As of the last reconcile. */
  #known: ReadonlyMap<string, Known> = new Map();
  /** Of the plan being applied: charon's log tells of a connection before the pass that loads it has ended. */
  #tunnels: ReadonlyMap<string, TunnelPlan> = new Map();
  /** Names of these by the peer's address, the first of several. */
  #peers: ReadonlyMap<string, string> = new Map();
  #countersSavedAt = -saveCountersEveryMs;

  constructor(context: EngineContext, options: InstanceOptions, namespace: string) {
    this.#context = context;
    this.#options = options;
    this.#namespace = namespace;
    this.#files = charonFiles(context.paths, namespace);
    this.#counters = openCounters(counterFile(context, namespace));
    this.#history = openHistory(historyDirectory(context.paths, namespace), {
      connectionOf: (peer) => this.#peers.get(peer),
      proposalsOf: (name) => proposalsText(this.#tunnels.get(name)),
    });
    this.#addresses = createPeerAddresses(options.resolve, context.clock, context.wake);
    this.#listening = createListening({
      context,
      namespace,
      files: this.#files,
      history: this.#history,
      reasons: this.#reasons,
      identities: this.#identities,
      onFinding: ({ code }) => {
        if (code === 'WrongKey' && [...this.#known.values()].some(({ keys }) => keys.length > 1)) this.#supervision.wake();
      },
      onIdentity: context.wake,
    });
    const look = (): void => {
      this.#supervision.wake();
      context.report();
    };
    this.#lookSoon = whenQuiet({ clock: context.clock, ...burst }, look);
    // What comes up comes in bursts. What went down may be up again in a moment, and would never have been seen down.
    this.#lookAfter = (message) => (readUpDown(message).isUp ? this.#lookSoon() : look());
    this.#supervision = new BackgroundTask({
      name: `ike ${namespace}`,
      periodMs: supervisePeriodMs,
      rest: superviseRest,
      clock: context.clock,
      log: context.log,
      activate: () => this.#supervise(),
    });
  }

  /** @throws when charon can't be brought up. */
  async reconcile(instance: InstancePlan): Promise<readonly ApplyFailure[]> {
    const session = await this.#ensureSession();
    await rotateLog(session, this.#files);
    const state = await this.#desiredState(session, instance);
    this.#tunnels = new Map([...state.known].map(([name, { tunnel }]) => [name, tunnel]));
    this.#peers = new Map(
      [...state.known.values()].map(({ rendered, tunnel }) => [rendered.peerAddress, tunnel.name] as const).toReversed(),
    );
    this.#listening.start();
    const failures: ApplyFailure[] = [...state.failures];
    const changes = Map.groupBy(diffConnections(state.marks, await readLoaded(session)), ({ kind }) =>
      kind === 'remove' ? 'remove' : 'load',
    );
    // Removals first: a renamed connection to the same peer must not meet its old self.
    for (const group of [changes.get('remove') ?? [], changes.get('load') ?? []])
      await inParallel(group, changesAtOnce, async (change) => {
        const failure = await this.#apply(session, instance, change, state);
        if (failure !== undefined) failures.push(failure);
        else await this.#startLoaded(session, change, state);
      });
    // What can't be rendered now may still need its key.
    if (state.failures.length === 0) await sweepPrivateKeys(session, state.desired.values());
    this.#known = state.known;
    this.#counters.keepOnly(instance.tunnels.map((tunnel) => tunnel.connection));
    this.#history.keepOnly(instance.tunnels.map((tunnel) => tunnel.name));
    this.#supervision.start();
    this.#lookSoon();
    return failures;
  }

  async observe(instance: InstancePlan): Promise<EngineView> {
    const engine = this.#observeEngine();
    const nowMs = this.#context.clock.now();
    try {
      const session = this.#openSession();
      const sas = await readSas(session);
      this.#listening.catchUp();
      const keyVersions = await this.#keyVersions(session);
      const byName = Map.groupBy(sas, ({ name }) => name);
      const connections = instance.tunnels.map((tunnel) => {
        const own = byName.get(tunnel.name) ?? [];
        this.#count(tunnel, own);
        const finding = this.#reasons.reasonFor(tunnel.name, own[0]?.sa.remoteAddress ?? tunnel.ike.remoteAddress);
        return viewConnection(instance, tunnel, {
          sas: own,
          finding,
          traffic: this.#counters.total(tunnel.connection),
          nowMs,
          keyVersion: keyVersions.get(tunnel.name),
        });
      });
      this.#saveCounters();
      return { engines: [engine], connections };
    } catch (error) {
      const detail = `charon does not answer: ${error instanceof Error ? error.message : String(error)}`;
      const connections = instance.tunnels.map((tunnel) => {
        this.#noteTunnel(tunnel, false, detail);
        return viewUnseen(instance, tunnel, { traffic: this.#counters.total(tunnel.connection), nowMs }, detail);
      });
      return { engines: [{ ...engine, isHealthy: false, detail }], connections };
    }
  }

  async #keyVersions(session: ViciSession): Promise<ReadonlyMap<string, number | undefined>> {
    const versions = new Map<string, number | undefined>();
    for (const [name, known] of this.#known) if (known.keys.length > 1) versions.set(name, await keyVersionInUse(session, known));
    return versions;
  }

  /** Ends charon and all it holds. */
  async remove(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await removeTraces(this.#context, this.#namespace);
  }

  /** Lets go of charon, which goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.#supervision[Symbol.asyncDispose]();
    this.#charon?.session[Symbol.dispose]();
    await disposed;
    await this.#listening[Symbol.asyncDispose]();
    this.#counters.save();
  }

  async #ensureSession(): Promise<ViciSession> {
    const running = this.#charon;
    const found = this.#context.daemons.find(this.#files.pidFile);
    if (running?.session.connection.isOpen === true && found?.pid === running.process.pid) return running.session;
    running?.session[Symbol.dispose]();
    const { variant, environment } = this.#options;
    const charon = await ensureCharon(this.#context, {
      namespace: this.#namespace,
      variant,
      environment: environment(this.#namespace),
    });
    this.#charon = charon;
    await this.#listen(charon.session);
    return charon.session;
  }

  /** @throws when there is none; never starts anything. */
  #openSession(): ViciSession {
    const session = this.#charon?.session;
    if (session === undefined || !session.connection.isOpen) throw new Error('it is not running');
    return session;
  }

  async #listen(session: ViciSession): Promise<void> {
    void session.connection.closed.then(this.#context.wake);
    await session.subscribe('ike-updown', this.#lookAfter);
    await session.subscribe('child-updown', (message) => {
      this.#countEvent(message);
      this.#lookAfter(message);
    });
  }

  async #desiredState(session: ViciSession, instance: InstancePlan): Promise<DesiredState> {
    const loaded = new Map((await session.listConnections()).map(({ name, body }) => [name, readPeer(body)]));
    const sas = await readSas(session);
    return desiredState(
      {
        secret: this.#context.secret,
        variant: this.#options.variant,
        markKey: readMarkKey(this.#files),
        nowMs: this.#context.clock.now(),
        addresses: this.#addresses,
        loaded: (connection) => loaded.get(connection),
        identities: this.#identities,
        isUp: (connection) => sas.some(({ name, sa }) => name === connection && isIkeUp(sa)),
        known: this.#known,
      },
      instance,
    );
  }

  /** @throws ViciError when charon is gone; a connection it refuses is returned. */
  async #apply(session: ViciSession, instance: InstancePlan, change: Change, state: DesiredState): Promise<ApplyFailure | undefined> {
    const { kind, name } = change;
    const tunnel = instance.tunnels.find((other) => other.name === name);
    if (kind !== 'sweepKey') {
      this.#starts.forget(name);
      // A peer that was refused for its identity, and may not try again, is told until it does.
      if (!this.#isIdentityLearned(name, state)) this.#reasons.forget(name, tunnel?.ike.remoteAddress ?? '');
      this.#identities.forget(name, state.desired.get(name)?.rendered.peerAddress ?? '');
    }
    this.#changing.add(name);
    try {
      await applyChange(session, change, state.desired.get(name));
      this.#context.log.info(
        { instance: this.#namespace, connection: tunnel?.connection, name, change: kind },
        'connection changed in charon',
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ViciError) || (error.code !== 'refused' && error.code !== 'malformed')) throw error;
      const message = `charon did not ${kind === 'remove' ? 'unload' : 'load'} connection ${name}: ${error.message}`;
      return { resource: tunnel?.connection ?? instance.gateway, code: 'ConnectionRefusedByEngine', message };
    } finally {
      this.#changing.delete(name);
    }
  }

  /** Without waiting for the next supervision: see `startMissing`. */
  async #startLoaded(session: ViciSession, { kind, name }: Change, state: DesiredState): Promise<void> {
    const known = state.known.get(name);
    if (known === undefined || (kind !== 'add' && kind !== 'replace') || !known.tunnel.ike.initiates) return;
    await startMissing(this.#superviseContext(session), known, []);
  }

  #superviseContext(session: ViciSession): SuperviseContext {
    const { clock, log } = this.#context;
    return {
      session,
      starts: this.#starts,
      silences: this.#silences,
      log,
      nowMs: clock.monotonic(),
      isChanging: (name) => this.#changing.has(name),
    };
  }

  /** Whether a connection is loaded anew for nothing but what its peer calls itself. */
  #isIdentityLearned(name: string, { known }: DesiredState): boolean {
    const [before, now] = [this.#known.get(name), known.get(name)];
    if (before === undefined || now === undefined) return false;
    const isSamePlan = JSON.stringify(before.tunnel) === JSON.stringify(now.tunnel);
    return (
      isSamePlan &&
      before.rendered.peerAddress === now.rendered.peerAddress &&
      before.rendered.keyOwners.join() !== now.rendered.keyOwners.join()
    );
  }

  async #supervise(): Promise<void> {
    const session = this.#charon?.session;
    if (session === undefined || !session.connection.isOpen) return;
    this.#listening.catchUp();
    await this.#turnKeys(session);
    const sas = await supervise(this.#superviseContext(session), this.#known.values());
    const byName = Map.groupBy(sas, ({ name }) => name);
    for (const { tunnel } of this.#known.values()) this.#count(tunnel, byName.get(tunnel.name) ?? []);
    this.#saveCounters();
  }

  #saveCounters(): void {
    const now = this.#context.clock.monotonic();
    if (now - this.#countersSavedAt < saveCountersEveryMs) return;
    this.#countersSavedAt = now;
    this.#counters.save();
  }

  /** Before anything is started anew: a start with the key that the peer has just refused would be refused again. */
  async #turnKeys(session: ViciSession): Promise<void> {
    const rotating = [...this.#known.values()].filter(({ keys }) => keys.length > 1);
    if (rotating.length === 0) return;
    const sas = await readSas(session);
    for (const known of rotating) {
      const { name, connection } = known.tunnel;
      const { peerAddress } = known.rendered;
      const own = sas.filter((sa) => sa.name === name);
      if (this.#changing.has(name) || !mustTurn(known, own, this.#reasons.reasonFor(name, peerAddress))) continue;
      await turnKey(session, known, peerAddress);
      this.#reasons.forget(name, peerAddress);
      this.#starts.forget(name);
      this.#context.log.info({ connection, peer: peerAddress }, 'the peer has the other shared key of the rotation: tried next');
    }
  }

  #count(tunnel: TunnelPlan, sas: readonly CharonSa[]): void {
    this.#counters.record(
      tunnel.connection,
      sas.flatMap(({ sa }) => sa.childSas),
    );
    this.#noteTunnel(tunnel, connectionStatus(sas, false) === 'Connected');
  }

  #noteTunnel(tunnel: TunnelPlan, isUp: boolean, why?: string): void {
    const nowMs = this.#context.clock.now();
    if (!this.#counters.note(tunnel.connection, isUp, nowMs)) return;
    // Whether a tunnel is up is saved with the pass that saw it: an agent killed before would tell its coming up once more.
    this.#countersSavedAt = -saveCountersEveryMs;
    const peer = this.#known.get(tunnel.name)?.rendered.peerAddress ?? tunnel.ike.remoteAddress;
    const reason = isUp ? '' : (why ?? this.#reasons.reasonFor(tunnel.name, peer)?.message ?? 'closed from this side');
    this.#history.tunnel(tunnel.name, isUp, reason, peer, nowMs);
  }

  /** The last counters of a child come with the event that ends it. */
  #countEvent(message: ViciMessage): void {
    const { sa } = readUpDown(message);
    const known = sa === undefined ? undefined : this.#known.get(sa.name);
    if (sa !== undefined && known !== undefined) this.#counters.record(known.tunnel.connection, readSa(sa).sa.childSas);
  }

  #observeEngine(): EngineObservation {
    const found = this.#context.daemons.find(this.#files.pidFile);
    if (found === undefined) return { name: 'charon', isHealthy: false, detail: 'not running' };
    const residentBytes = this.#context.daemons.residentBytes(found.pid);
    const started = startedAt(this.#files);
    return {
      name: 'charon',
      isHealthy: true,
      processId: found.pid,
      ...(residentBytes === undefined ? {} : { residentBytes }),
      ...(started === undefined ? {} : { startedAt: started }),
    };
  }
}

function counterFile(context: Pick<EngineContext, 'paths'>, namespace: string): string {
  return join(context.paths.stateDirectory, 'ike-counters', `${namespace}.json`);
}

/** Needs no instance: also for one that an earlier agent had. */
export async function removeTraces(context: EngineContext, namespace: string): Promise<void> {
  await stopCharon(context, namespace);
  const files = charonFiles(context.paths, namespace);
  const traces = [
    files.settings,
    files.markKey,
    files.logFile,
    `${files.logFile}.old`,
    files.logRead,
    files.outputFile,
    counterFile(context, namespace),
  ];
  for (const file of traces) rmSync(file, { force: true });
  removeHistory(historyDirectory(context.paths, namespace));
}
