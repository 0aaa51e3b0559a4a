/**
 * Turns what is stored into the numbered plan, and sees operations through. Input-less: an activation reads everything, so a
 * crash at any line is made good by the next one. Woken by changes of resources and keys and by observations.
 *
 * Order within an activation: plan (if anything changed), then give each new operation the number of the plan that first
 * holds its work, in the same commit, then end the operations whose hosts have reported.
 */
import type { PlanNumber, RetiringSecret } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import type { PlanInput, ReportEntry } from '@sallyport/planner';
import { BackgroundTask } from '@sallyport/runtime';
import type { ArmContext } from '../arm/context.ts';
import { retireKeys } from '../resources/key-rotation.ts';
import type { OperationRecord, PlanRecord, SecretRecord } from '../store/records.ts';
import { currentPlanKey, putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';
import type { Planner } from './planner.ts';
import { settle } from './settle.ts';

export type PlanningTask = {
  readonly task: BackgroundTask;
  /** Why the newest resources are not planned, when the plan they lead to contradicts itself. A bug, never a user's fault. */
  readonly planError: () => string | undefined;
};

export function createPlanningTask(context: ArmContext, planner: Planner): PlanningTask {
  let plannedRevision = -1;
  let planError: string | undefined;
  let changes = 0;
  let notBefore = 0;

  async function activate(signal: AbortSignal): Promise<void> {
    const retired = retireKeys(context.store, context.clock.now());
    if (retired.length > 0) await context.store.commit(retired);
    if (plannedRevision !== changes) {
      // With many resources a plan takes a while, and a storm of PUTs must not wait behind one plan for each.
      await context.clock.sleep(Math.max(0, notBefore - context.clock.monotonic()), signal);
      const began = context.clock.monotonic();
      const seen = changes;
      await replan();
      plannedRevision = seen;
      const ended = context.clock.monotonic();
      notBefore = ended + (ended - began);
    }
    const ending = settle(context, planError);
    if (ending.length > 0) await context.store.commit(ending);
  }

  async function replan(): Promise<void> {
    const previous = context.live.plan();
    const result = planner.plan({
      resources: context.resources.all().filter(({ provisioningState }) => provisioningState !== 'Deleting'),
      ...secretsToPlan(context),
      previous: previous?.plan,
      inventory: { hosts: context.settings.hosts, publicNetworks: context.settings.publicNetworks },
    });
    const wrong = planner.checkPlan(result.plan).filter(({ severity }) => severity === 'error');
    planError = wrong.length === 0 ? undefined : wrong.map(({ message }) => message).join('; ');
    if (planError !== undefined) {
      context.log.error({ plan: result.plan.number, planError }, 'plan contradicts itself and was not stored');
      return;
    }
    // What nobody uses needs no entry: there may be thousands, and each plan is written whole.
    const report = result.report.filter(({ reason }) => reason?.code !== 'NotInUse');
    const stored: PlanRecord = { plan: result.plan, report, plannedAt: new Date(context.clock.now()).toISOString() };
    const isSame = previous?.plan.number === result.plan.number && JSON.stringify(previous.report) === JSON.stringify(report);
    const numbered = numberOperations(context, result.plan.number, [...(previous?.report ?? []), ...report]);
    const writes: readonly Change[] = [...(isSame ? [] : [putRecord('plan', currentPlanKey, stored)]), ...numbered];
    if (writes.length > 0) await context.store.commit(writes);
    if (previous?.plan.number !== result.plan.number) context.log.info({ plan: result.plan.number }, 'plan stored');
  }

  const task = new BackgroundTask({ name: 'planning', periodMs: 1000, clock: context.clock, log: context.log, activate });
  context.store.watch((committed) => {
    const isInput = committed.some(({ change }) => change.kind === 'resource' || change.kind === 'secret');
    if (isInput) changes += 1;
    if (isInput) task.wake();
  });
  context.live.watch(task.wake);
  return { task, planError: () => planError };
}

/**
 * Operations that no plan was made for yet belong to this one. The hosts concerned are those that held a part of the resource
 * before or hold one now: a deletion is over when the hosts that had it say so.
 */
function numberOperations(context: ArmContext, number: PlanNumber, reports: readonly ReportEntry[]): readonly Change[] {
  const fresh = context.operations.inProgress().filter(({ intent, planNumber }) => isPlanned(intent) && planNumber === undefined);
  if (fresh.length === 0) return [];
  const hosts = new Map<string, Set<string>>();
  for (const entry of reports) {
    const key = resourceKey(entry.resource);
    hosts.set(key, new Set([...(hosts.get(key) ?? []), ...entry.hosts]));
  }
  return fresh.map((operation): Change => {
    const numbered: OperationRecord = {
      ...operation,
      planNumber: number,
      hosts: [...(hosts.get(resourceKey(operation.resource)) ?? [])].toSorted(),
    };
    return putRecord('operation', operation.id, numbered);
  });
}

export function isPlanned(intent: OperationRecord['intent']): boolean {
  return intent === 'put' || intent === 'delete' || intent === 'action';
}

/** Versions only: the planner sees no value. */
function secretsToPlan(context: ArmContext): Required<Pick<PlanInput, 'secretVersions' | 'retiringSecrets'>> {
  const secretVersions = new Map<string, number>();
  const retiringSecrets = new Map<string, RetiringSecret>();
  for (const { key, value } of context.store.list('secret')) {
    const { version, previous } = value as SecretRecord; // kind says so
    secretVersions.set(key, version);
    if (previous !== undefined) retiringSecrets.set(key, { id: key, version: previous.version, acceptedUntil: previous.acceptedUntil });
  }
  return { secretVersions, retiringSecrets };
}
