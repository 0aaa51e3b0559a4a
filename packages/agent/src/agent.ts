/**
 * The host agent: one loop that reads reality, compares it with the plan and acts; one that fetches plans; one that
 * reports. It decides nothing a plan leaves open, and it keeps working from its stored plan while the control plane is away.
 */
import { mkdirSync } from 'node:fs';
import type { HostObservation, HostPlan } from '@sallyport/model';
import { BackgroundTask } from '@sallyport/runtime';
import type { Clock, CommandRunner, Daemons, Logger } from '@sallyport/runtime';
import type { EngineContext, HostPaths } from './engines/engine.ts';
import { createControlClient } from './link/control-client.ts';
import type { ControlClient, ControlLink } from './link/control-client.ts';
import { openPlanStore } from './link/plan-store.ts';
import type { PlanStore } from './link/plan-store.ts';
import { openSecretStore } from './link/secret-store.ts';
import type { SecretStore } from './link/secret-store.ts';
import { createHostEngines } from './reconcile/host-engines.ts';
import type { IpsecChoice } from './reconcile/host-engines.ts';
import { runPass } from './reconcile/host-pass.ts';
import type { HostEngines } from './reconcile/host-pass.ts';
import { isConnecting, noPass, observeHost, significance } from './reconcile/observation.ts';
import type { LastPass } from './reconcile/observation.ts';

export type AgentPorts = {
  readonly run: CommandRunner['run'];
  readonly daemons: Daemons;
  readonly clock: Clock;
  readonly log: Logger;
};

export type AgentOptions = {
  readonly host: string;
  readonly control: ControlLink;
  readonly paths: HostPaths;
  /** `auto` takes the kernel's ESP when there is one. */
  readonly ipsec: IpsecChoice;
  readonly ports: AgentPorts;
  /** Keep 0600 copies of secrets, so that a restarted host needs no control plane. Default true. */
  readonly retainSecrets?: boolean;
};

export type AgentStatus = {
  readonly host: string;
  /** Last plan accepted from the control plane, 0 when none. */
  readonly acceptedPlan: number;
  readonly appliedPlan: number;
  readonly ipsec: 'kernel' | 'xfrmd';
  readonly isLinked: boolean;
  /** Last error of the link, in one sentence. */
  readonly linkError?: string;
  readonly observation?: HostObservation;
};

export type Agent = {
  readonly status: () => AgentStatus;
  /** Stops the agent and leaves tunnels and daemons as they are. */
  readonly close: () => Promise<void>;
};

const passPeriodMs = 5000;
/** Between the beginnings of two passes, so that a daemon which dies again and again can't keep the host busy with it. */
const passGapMs = 100;
const reportPeriodMs = 2000;
const reportAtLeastMs = 10_000;
const attempts = 3;

/** @throws when the directories can't be made, the stored plan is another host's, or no IPsec implementation can work. */
export function startAgent(options: AgentOptions): Promise<Agent> {
  return startAgentWith(options, createControlClient(options.control, options.host));
}

/** `startAgent` with another way to the control plane: for tests. */
export async function startAgentWith(options: Omit<AgentOptions, 'control'>, client: ControlClient): Promise<Agent> {
  const { paths, ports } = options;
  for (const directory of [paths.runDirectory, paths.stateDirectory]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const plans = openPlanStore(paths, options.host);
  const secrets = openSecretStore(paths, client.fetchSecret, options.retainSecrets ?? true);
  const wakers: (() => void)[] = [];
  const wake = (): void => wakers.forEach((waker) => waker());
  const context: EngineContext = { ...ports, paths, secret: secrets.secret, wake };
  const engines = await createHostEngines(context, options.ipsec);
  const parts: Parts = { options, client, plans, secrets, engines };
  const tasks = createTasks(parts);
  wakers.push(tasks.reconcile.wake, tasks.report.wake);
  for (const task of [tasks.reconcile, tasks.report, tasks.link]) task.start();
  ports.log.info({ host: options.host, ipsec: engines.ipsec, plan: plans.current()?.number ?? 0 }, 'agent started');
  return {
    status: () => {
      const { lastError, activations } = tasks.link.status();
      const observation = tasks.lastObservation();
      return {
        host: options.host,
        acceptedPlan: plans.current()?.number ?? 0,
        appliedPlan: tasks.lastPass().appliedPlan,
        ipsec: engines.ipsec,
        isLinked: activations > 0 && lastError === undefined,
        ...(lastError === undefined ? {} : { linkError: lastError }),
        ...(observation === undefined ? {} : { observation }),
      };
    },
    close: async () => {
      await Promise.all([tasks.link, tasks.report, tasks.reconcile].map((task) => task[Symbol.asyncDispose]()));
      await engines[Symbol.asyncDispose]();
      client.close();
    },
  };
}

type Parts = {
  readonly options: Omit<AgentOptions, 'control'>;
  readonly client: ControlClient;
  readonly plans: PlanStore;
  readonly secrets: SecretStore;
  readonly engines: HostEngines;
};

type Tasks = {
  readonly link: BackgroundTask;
  readonly reconcile: BackgroundTask;
  readonly report: BackgroundTask;
  readonly lastPass: () => LastPass;
  readonly lastObservation: () => HostObservation | undefined;
};

function createTasks({ options, client, plans, secrets, engines }: Parts): Tasks {
  const { clock, log } = options.ports;
  let lastPass = noPass;
  let lastObservation: HostObservation | undefined;
  let lastPassAt = -passGapMs;
  let posted: { readonly significance: string; readonly at: number } | undefined;

  const reconcile = new BackgroundTask({
    name: 'reconcile',
    periodMs: passPeriodMs,
    clock,
    log,
    activate: async (signal) => {
      if (plans.current() !== undefined) await clock.sleep(Math.max(0, lastPassAt + passGapMs - clock.monotonic()), signal);
      const current = plans.current();
      if (current === undefined || signal.aborted) return;
      lastPassAt = clock.monotonic();
      const isSettled = (): boolean => current.number === lastPass.appliedPlan || plans.current() !== current;
      const pass = await passUntilSettled(options, engines, current.plan, isSettled, signal);
      // What failed of a plan that is no longer the last may be right by now: the newer plan's pass, already due, tells.
      if (signal.aborted || (pass.failures.length > 0 && plans.current() !== current)) return;
      if (current.number !== lastPass.appliedPlan) log.info({ plan: current.number, failures: pass.failures.length }, 'plan applied');
      lastPass = { appliedPlan: current.number, ...pass };
      secrets.prune(current.plan);
      report.wake();
    },
  });

  const report = new BackgroundTask({
    name: 'report',
    periodMs: reportPeriodMs,
    clock,
    log,
    activate: async (signal) => {
      const plan: HostPlan = plans.current()?.plan ?? emptyPlan(options.host);
      const observation = await observeHost(engines, plan, lastPass, clock);
      lastObservation = observation;
      const now = significance(observation);
      const isDue = posted === undefined || posted.significance !== now || clock.monotonic() - posted.at >= reportAtLeastMs;
      if (!isDue && !isConnecting(observation)) return;
      await client.postObservation(observation, signal);
      posted = { significance: now, at: clock.monotonic() };
    },
  });

  const link = new BackgroundTask({
    name: 'link',
    periodMs: 0,
    clock,
    log,
    activate: async (signal) => {
      const stored = plans.current()?.number ?? 0;
      const newer = await client.fetchPlan(stored, signal);
      if (newer === undefined) return;
      if (!plans.accept(newer)) throw new Error(`refused plan ${newer.number}: this host already has ${stored}`);
      log.info({ plan: newer.number }, 'plan accepted');
      reconcile.wake();
    },
  });
  return { link, reconcile, report, lastPass: () => lastPass, lastObservation: () => lastObservation };
}

/** A new plan that fails gets a few attempts before the failure is told: a daemon that just died is back by then. */
async function passUntilSettled(
  options: Parts['options'],
  engines: HostEngines,
  plan: HostPlan,
  isSettled: () => boolean,
  signal: AbortSignal,
): Promise<Omit<LastPass, 'appliedPlan'>> {
  const { clock, log } = options.ports;
  for (let attempt = 1; ; attempt += 1) {
    const pass = await runPass({ engines, paths: options.paths, log }, plan, signal);
    if (pass.failures.length === 0 || isSettled() || attempt === attempts || signal.aborted) return pass;
    await clock.sleep(250 * attempt, signal);
  }
}

function emptyPlan(host: string): HostPlan {
  return { host, publicNetworks: [], vnets: [], networkInterfaces: [], instances: [] };
}
