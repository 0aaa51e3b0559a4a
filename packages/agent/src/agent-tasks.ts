/**
 * The agent's three loops: link fetches plans, reconcile makes the host as the last one says, report tells the control plane
 * what is there. They share nothing but the stored plan and the outcome of the last pass.
 */
import type { HostObservation, HostPlan } from '@sallyport/model';
import { BackgroundTask } from '@sallyport/runtime';
import type { Clock } from '@sallyport/runtime';
import type { AgentOptions } from './agent.ts';
import { LinkError } from './link/control-client.ts';
import { readHistories } from './engines/ike/read-history.ts';
import type { ControlClient, NumberedPlan } from './link/control-client.ts';
import type { PlanStore } from './link/plan-store.ts';
import type { SecretStore } from './link/secret-store.ts';
import { createFailureLog } from './reconcile/failure-log.ts';
import { runPass } from './reconcile/host-pass.ts';
import type { HostEngines, PassContext, PassResult } from './reconcile/host-pass.ts';
import { isConnecting, noPass, observeHost, significance } from './reconcile/observation.ts';
import type { LastPass } from './reconcile/observation.ts';

const passPeriodMs = 5000;
/** Between the beginnings of two passes, so that a daemon which dies again and again can't keep the host busy with it. */
const passGapMs = 100;
const reportPeriodMs = 2000;
const reportAtLeastMs = 10_000;
/** With many tunnels a report takes a while, and each of their events asks for one: a fifth of a core at most. */
const reportRest = 4;
const attempts = 3;
const askAgainMs = 25_000;

export type AgentParts = {
  readonly options: Omit<AgentOptions, 'control'>;
  readonly client: ControlClient;
  readonly plans: PlanStore;
  readonly secrets: SecretStore;
  readonly engines: HostEngines;
};

/** `linked` once the control plane answered anything after the last failure. */
export type LinkState = 'new' | 'linked' | { readonly failure: string };

export type AgentTasks = {
  readonly link: BackgroundTask;
  readonly reconcile: BackgroundTask;
  readonly report: BackgroundTask;
  readonly lastPass: () => LastPass;
  readonly lastObservation: () => HostObservation | undefined;
  readonly linkState: () => LinkState;
};

export function createTasks({ options, client, plans, secrets, engines }: AgentParts): AgentTasks {
  const { clock, log } = options.ports;
  let lastPass = noPass;
  let lastObservation: HostObservation | undefined;
  let lastPassAt = -passGapMs;
  let posted: { readonly significance: string; readonly at: number } | undefined;
  let linkState: LinkState = 'new';
  /** A plan that had its attempts; after that each pass is one. Anew once the control plane is back. */
  let attempted: NumberedPlan | undefined;
  const passContext: PassContext = { engines, paths: options.paths, log, failureLog: createFailureLog(log) };

  const reconcile = new BackgroundTask({
    name: 'reconcile',
    periodMs: passPeriodMs,
    rest: 1,
    clock,
    log,
    activate: async (signal) => {
      if (plans.current() !== undefined) await clock.sleep(Math.max(0, lastPassAt + passGapMs - clock.monotonic()), signal);
      const current = plans.current();
      if (current === undefined || signal.aborted) return;
      lastPassAt = clock.monotonic();
      const wasLinked = linkState === 'linked';
      const isSettled = (): boolean =>
        current.number === lastPass.appliedPlan || current === attempted || plans.current() !== current || signal.aborted;
      const pass = await passUntilSettled(passContext, current.plan, isSettled, signal, clock);
      // What failed of a plan that is no longer the last may be right by now: the newer plan's pass, already due, tells.
      if (signal.aborted || (pass.failures.length > 0 && plans.current() !== current)) return;
      // A key that can't be asked for is no fault of the plan: what failed while the control plane was away is tried again before it counts.
      const isLinked = linkState === 'linked';
      attempted = isLinked && !wasLinked ? undefined : current;
      if (pass.failures.length > 0 && !(wasLinked && isLinked)) {
        lastPass = { appliedPlan: lastPass.appliedPlan, ...pass };
        if (isLinked) reconcile.wake();
        return;
      }
      if (current.number !== lastPass.appliedPlan) log.info({ plan: current.number, failures: pass.failures.length }, 'plan applied');
      lastPass = { appliedPlan: current.number, ...pass };
      secrets.prune(current.plan);
      report.wake();
    },
  });

  const report = new BackgroundTask({
    name: 'report',
    periodMs: reportPeriodMs,
    rest: reportRest,
    clock,
    log,
    activate: async (signal) => {
      // Before the first pass no daemon was looked for: what is up would be told as down.
      if (plans.current() !== undefined && lastPass === noPass) return;
      const plan: HostPlan = plans.current()?.plan ?? emptyPlan(options.host);
      const observation = await observeHost(engines, plan, lastPass, clock);
      lastObservation = observation;
      const now = significance(observation);
      const isDue = posted === undefined || posted.significance !== now || clock.monotonic() - posted.at >= reportAtLeastMs;
      if (!isDue && !isConnecting(observation)) return;
      // The first one makes the connection: that may take seconds, none of them on this host's account.
      const isFirst = posted === undefined;
      await client.postObservation(observation, signal, plans.current()?.store);
      posted = { significance: now, at: clock.monotonic() };
      heard();
      return isFirst ? 'unrested' : undefined;
    },
  });

  function heard(): void {
    const isNew = linkState !== 'linked';
    linkState = 'linked';
    if (!isNew) return;
    attempted = undefined;
    if (lastPass.failures.length > 0) reconcile.wake();
  }

  async function sendHistories(wanted: readonly string[]): Promise<void> {
    const plan = plans.current()?.plan;
    for (const { connection, entries } of plan === undefined ? [] : readHistories(options.paths, plan, wanted)) {
      try {
        await client.postHistory(connection, entries);
      } catch (error) {
        log.warn({ connection, err: error }, 'could not send the history of a tunnel');
      }
    }
  }

  const link = new BackgroundTask({
    name: 'link',
    periodMs: 0,
    clock,
    log,
    activate: async (signal) => {
      try {
        const newer = await client.fetchPlan(plans.current() ?? { number: 0 }, signal, (wanted) => void sendHistories(wanted));
        const refusal = newer === undefined ? undefined : plans.accept(newer);
        if (refusal !== undefined) throw new LinkError('foreign-plan', refusal);
        heard();
        if (newer === undefined) return;
        log.info({ plan: newer.number }, 'plan accepted');
        reconcile.wake();
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        const isNew = typeof linkState === 'string' || linkState.failure !== failure;
        linkState = { failure };
        if (error instanceof LinkError && error.code === 'foreign-plan') {
          // Nothing here can put it right; said once, and asked again as often as a plan is asked for.
          if (isNew) log.error({ plan: plans.current()?.number, planFile: plans.file }, `kept the stored plan: ${failure}`);
          await clock.sleep(askAgainMs, signal);
          return;
        }
        // A control plane that was away wants a fresh report, which also tells that it is back.
        posted = undefined;
        throw error;
      }
    },
  });
  return { link, reconcile, report, lastPass: () => lastPass, lastObservation: () => lastObservation, linkState: () => linkState };
}

/** A new plan that fails gets a few attempts before the failure is told: a daemon that just died is back by then. */
async function passUntilSettled(
  context: PassContext,
  plan: HostPlan,
  isSettled: () => boolean,
  signal: AbortSignal,
  clock: Clock,
): Promise<PassResult> {
  for (let attempt = 1; ; attempt += 1) {
    const pass = await runPass(context, plan, signal);
    if (pass.failures.length === 0 || isSettled() || attempt === attempts) return pass;
    await clock.sleep(250 * attempt, signal);
  }
}

function emptyPlan(host: string): HostPlan {
  return { host, publicNetworks: [], vnets: [], networkInterfaces: [], instances: [] };
}
