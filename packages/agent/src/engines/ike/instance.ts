/**
 * One gateway instance's charon while the agent lives: the session to it, its events and log, counters, reasons, and the
 * task that starts what is not up. Everything that decides is read back from charon; what is kept here only makes the
 * agent quicker and wordier. Entered from engine.ts.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyFailure, ConnectionObservation, EngineObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { readUpDown, ViciError, type ViciSession } from '@sallyport/protocols';
import { BackgroundTask } from '@sallyport/runtime';
import type { EngineContext, EngineView } from '../engine.ts';
import { applyChange, type Desired } from './apply.ts';
import { charonFiles, ensureCharon, rotateLog, startedAt, stopCharon, type CharonFiles, type RunningCharon } from './charon.ts';
import { openCounters, type Counters } from './counters.ts';
import { diffConnections } from './diff.ts';
import { markOf } from './mark.ts';
import { readLoaded, readSa, readSas, type CharonSa } from './observe.ts';
import { createReasonTracker } from './reason-tracker.ts';
import { sentence, type Finding } from './reasons.ts';
import { renderConnection, type RenderedConnection, type XfrmVariant } from './render.ts';
import { createStarts } from './starts.ts';
import { connectionStatus, missingChildren } from './status.ts';

export type InstanceOptions = {
  readonly variant: XfrmVariant;
  readonly environment: (namespace: string) => Readonly<Record<string, string>>;
  /** Addresses of a peer given by host name, first choice first. @throws when it has none. */
  readonly resolve: (hostName: string) => Promise<string>;
};

type Known = { readonly tunnel: TunnelPlan; readonly rendered: RenderedConnection };

const startPeriodMs = 1000;
const markKeyBytes = 32;

export class IkeInstance implements AsyncDisposable {
  readonly #context: EngineContext;
  readonly #options: InstanceOptions;
  readonly #namespace: string;
  readonly #files: CharonFiles;
  readonly #counters: Counters;
  readonly #starts = createStarts();
  readonly #reasons = createReasonTracker();
  readonly #startTask: BackgroundTask;
  #charon: RunningCharon | undefined;
  /** As of the last reconcile. */
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(context: EngineContext, options: InstanceOptions, namespace: string) {
    this.#context = context;
    this.#options = options;
    this.#namespace = namespace;
    this.#files = charonFiles(context.paths, namespace);
    this.#counters = openCounters(counterFile(context, namespace));
    this.#startTask = new BackgroundTask({
      name: `ike start ${namespace}`,
      periodMs: startPeriodMs,
      clock: context.clock,
      log: context.log,
      activate: () => this.#startMissing(),
    });
  }

  /** @throws when charon can't be brought up. */
  async reconcile(instance: InstancePlan): Promise<readonly ApplyFailure[]> {
    const session = await this.#ensureSession();
    await rotateLog(session, this.#files);
    const failures: ApplyFailure[] = [];
    const { marks, desired, known } = await this.#render(instance, failures);
    const changes = diffConnections(marks, await readLoaded(session));
    for (const change of changes) {
      const tunnel = instance.tunnels.find((other) => other.name === change.name);
      try {
        await applyChange(session, change, desired.get(change.name));
        this.#context.log.info(
          { instance: this.#namespace, connection: tunnel?.connection, name: change.name, change: change.kind },
          'connection changed in charon',
        );
      } catch (error) {
        if (error instanceof ViciError && error.code !== 'refused' && error.code !== 'malformed') throw error;
        const message = `connection ${change.name} could not be ${change.kind === 'remove' ? 'removed from' : 'loaded into'} charon: ${reasonOf(error)}`;
        failures.push({ resource: tunnel?.connection ?? instance.gateway, code: 'ConnectionRefusedByEngine', message });
      }
      if (change.kind !== 'sweepKey') {
        this.#starts.forget(change.name);
        this.#reasons.forget(change.name, tunnel?.ike.remoteAddress ?? '');
      }
    }
    this.#known = known;
    this.#counters.keepOnly(instance.tunnels.map((tunnel) => tunnel.connection));
    this.#startTask.start();
    this.#startTask.wake();
    return failures;
  }

  async observe(instance: InstancePlan): Promise<EngineView> {
    const at = new Date(this.#context.clock.now()).toISOString();
    try {
      const session = this.#openSession();
      const sas = await readSas(session);
      const connections = instance.tunnels.map((tunnel) => this.#observeConnection(instance, tunnel, sas, at));
      this.#counters.save();
      return { engines: [this.#observeEngine()], connections };
    } catch (error) {
      const detail = `charon does not answer: ${reasonOf(error)}`;
      const connections = instance.tunnels.map((tunnel) => this.#unseen(instance, tunnel, at, detail));
      return { engines: [{ ...this.#observeEngine(), isHealthy: false, detail }], connections };
    }
  }

  /** Ends charon and all it holds. */
  async remove(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await removeTraces(this.#context, this.#namespace);
  }

  /** Lets go of charon, which goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#charon?.session[Symbol.dispose]();
    await this.#startTask[Symbol.asyncDispose]();
    this.#counters.save();
  }

  async #ensureSession(): Promise<ViciSession> {
    const running = this.#charon;
    const found = this.#context.daemons.find(this.#files.pidFile);
    if (running?.session.connection.isOpen === true && found?.pid === running.process.pid) return running.session;
    running?.session[Symbol.dispose]();
    const { variant, environment } = this.#options;
    const charon = await ensureCharon(this.#context, { namespace: this.#namespace, variant, environment: environment(this.#namespace) });
    this.#charon = charon;
    await this.#listen(charon);
    return charon.session;
  }

  /** The session if there is one; never starts anything. @throws when there is none. */
  #openSession(): ViciSession {
    const running = this.#charon;
    if (running !== undefined && running.session.connection.isOpen) return running.session;
    throw new Error('it is not running');
  }

  async #listen(charon: RunningCharon): Promise<void> {
    const { session } = charon;
    const wake = (): void => {
      this.#startTask.wake();
      this.#context.wake();
    };
    void session.connection.closed.then(wake);
    await session.subscribeLog((line) => this.#reasons.onLog(line, this.#context.clock.now()));
    await session.subscribe('ike-updown', wake);
    await session.subscribe('child-updown', (message) => {
      const { sa } = readUpDown(message);
      const known = sa === undefined ? undefined : this.#known.get(sa.name);
      if (sa !== undefined && known !== undefined) this.#counters.record(known.tunnel.connection, readSa(sa).sa.childSas);
      wake();
    });
  }

  async #render(
    instance: InstancePlan,
    failures: ApplyFailure[],
  ): Promise<{
    readonly marks: ReadonlyMap<string, string | undefined>;
    readonly desired: ReadonlyMap<string, Desired>;
    readonly known: ReadonlyMap<string, Known>;
  }> {
    const marks = new Map<string, string | undefined>();
    const desired = new Map<string, Desired>();
    const known = new Map<string, Known>();
    const markKey = readMarkKey(this.#files);
    for (const tunnel of instance.tunnels) {
      try {
        const rendered = renderConnection(tunnel, { variant: this.#options.variant, ...(await this.#resolved(tunnel)) });
        const key = (await this.#context.secret(tunnel.ike.sharedKey)).reveal();
        const mark = markOf(rendered, { key, resetEpoch: tunnel.resetEpoch, markKey });
        marks.set(tunnel.name, mark);
        desired.set(tunnel.name, { rendered, mark, key: Buffer.from(key, 'utf8') });
        known.set(tunnel.name, { tunnel, rendered });
      } catch (error) {
        marks.set(tunnel.name, undefined);
        const before = this.#known.get(tunnel.name);
        if (before !== undefined) known.set(tunnel.name, before);
        failures.push({
          resource: tunnel.connection,
          code: 'ConnectionNotLoaded',
          message: `connection ${tunnel.name}: ${reasonOf(error)}`,
        });
      }
    }
    return { marks, desired, known };
  }

  async #resolved({ ike }: TunnelPlan): Promise<{ readonly resolvedAddress?: string }> {
    if (/^[\d.]+$|:/.test(ike.remoteAddress)) return {};
    return { resolvedAddress: await this.#options.resolve(ike.remoteAddress) };
  }

  async #startMissing(): Promise<void> {
    const running = this.#charon;
    if (running === undefined || !running.session.connection.isOpen) return;
    const { session } = running;
    const sas = await readSas(session);
    const now = this.#context.clock.monotonic();
    for (const { tunnel, rendered } of this.#known.values()) {
      const own = sas.filter((sa) => sa.name === tunnel.name);
      this.#counters.record(
        tunnel.connection,
        own.flatMap(({ sa }) => sa.childSas),
      );
      this.#counters.note(tunnel.connection, connectionStatus(own, false) === 'Connected', this.#context.clock.now());
      if (!tunnel.ike.responds)
        for (const { sa } of own.filter(({ sa: other }) => !other.isInitiator))
          await session.terminate({ ikeId: sa.uniqueId, force: true, timeoutMs: 0 });
      if (!tunnel.ike.initiates) continue;
      const missing = missingChildren(rendered.children, own);
      if (missing.length === 0) this.#starts.connected(tunnel.name, now);
      else if (this.#starts.isDue(tunnel.name, now)) {
        this.#starts.started(tunnel.name, now);
        for (const child of missing) await this.#start(session, tunnel, child);
      }
    }
    this.#counters.save();
  }

  /** Does not wait for the outcome: the log and the events tell. */
  async #start(session: ViciSession, tunnel: TunnelPlan, child: string): Promise<void> {
    try {
      await session.initiate({ ike: tunnel.name, child, timeoutMs: -1 });
    } catch (error) {
      if (!(error instanceof ViciError) || error.code !== 'refused') throw error;
      // Not loaded (its last change was refused): the failure of that change is already reported.
      this.#context.log.debug({ connection: tunnel.connection, child, err: error }, 'charon did not start it');
    }
  }

  #observeConnection(instance: InstancePlan, tunnel: TunnelPlan, sas: readonly CharonSa[], at: string): ConnectionObservation {
    const own = sas.filter((sa) => sa.name === tunnel.name);
    this.#counters.record(
      tunnel.connection,
      own.flatMap(({ sa }) => sa.childSas),
    );
    const finding =
      this.#reasons.reasonFor(tunnel.name, own[0]?.sa.remoteAddress ?? tunnel.ike.remoteAddress) ??
      waiting(tunnel, this.#context.clock.now());
    const status = connectionStatus(own, finding !== undefined);
    this.#counters.note(tunnel.connection, status === 'Connected', this.#context.clock.now());
    return {
      connection: tunnel.connection,
      instance: instance.id,
      observedAt: at,
      status,
      ...this.#counters.total(tunnel.connection),
      ...(status === 'Connected' || finding === undefined
        ? {}
        : { reason: { code: finding.code, message: sentence(finding, tunnel), at: new Date(finding.atMs).toISOString() } }),
      ikeSas: own.map(({ sa }) => sa),
    };
  }

  #unseen(instance: InstancePlan, tunnel: TunnelPlan, at: string, detail: string): ConnectionObservation {
    return {
      connection: tunnel.connection,
      instance: instance.id,
      observedAt: at,
      status: 'NotConnected',
      ...this.#counters.total(tunnel.connection),
      reason: { code: 'EngineDown', message: detail, at },
      ikeSas: [],
    };
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

/** Nothing has gone wrong yet where only the peer may start; that it has not is what there is to say. */
function waiting(tunnel: TunnelPlan, nowMs: number): Finding | undefined {
  if (tunnel.ike.initiates) return undefined;
  return {
    code: 'PeerSilent',
    message: `peer ${tunnel.ike.remoteAddress} has not started the tunnel, and this connection only responds`,
    atMs: nowMs,
  };
}

function readMarkKey(files: CharonFiles): Uint8Array {
  if (existsSync(files.markKey)) {
    const key = readFileSync(files.markKey);
    if (key.length === markKeyBytes) return key;
  }
  mkdirSync(files.directory, { recursive: true, mode: 0o700 });
  const key = randomBytes(markKeyBytes);
  writeFileSync(files.markKey, key, { mode: 0o600 });
  return key;
}

function counterFile(context: Pick<EngineContext, 'paths'>, namespace: string): string {
  return join(context.paths.stateDirectory, 'ike-counters', `${namespace}.json`);
}

/** Needs no instance: also for one that an earlier agent had. */
export async function removeTraces(context: EngineContext, namespace: string): Promise<void> {
  await stopCharon(context, namespace);
  const files = charonFiles(context.paths, namespace);
  for (const file of [
    files.settings,
    files.markKey,
    files.logFile,
    `${files.logFile}.old`,
    files.outputFile,
    counterFile(context, namespace),
  ])
    rmSync(file, { force: true });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
