/**
 * The life of deployments: stored before it is answered, carried out by a background task, found again after a restart. What a
 * run needs (template, bound parameters, some of them secret) is kept encrypted beside the record until the run is over; a
 * restart carries out the same values again, since every PUT is idempotent. Not here: HTTP (routes.ts), order (execute.ts).
 */
import type { JsonObject } from '@sallyport/model';
import { resourceKey, secretId } from '@sallyport/model';
import { BackgroundTask } from '@sallyport/runtime';
import type { ArmContext } from '../arm/context.ts';
import { deleteRecord, getRecord, listRecords, putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';
import { isActive, type DeploymentOperation, type DeploymentRecord, type DeploymentState } from './deployment-record.ts';
import { execute, type ExecutionResult } from './execute.ts';
import { deploymentFacts } from './facts.ts';
import { prepareDeployment, type DeploymentRequest, type PreparedDeployment } from './prepare.ts';
import { dispatchOperations } from './resource-operations.ts';

export type Deployments = {
  readonly get: (id: string) => DeploymentRecord | undefined;
  readonly list: (scopeId: string) => readonly DeploymentRecord[];
  /** Stores an accepted deployment and wakes the task. The caller has checked that none of that id is active. */
  readonly start: (record: DeploymentRecord, prepared: PreparedDeployment) => Promise<void>;
  /** Stops a deployment between resources; what was PUT stays. False when it is not active. */
  readonly cancel: (id: string) => Promise<boolean>;
  readonly remove: (id: string) => Promise<void>;
  /** Waits until it is over, at most so long. */
  readonly ended: (id: string, timeoutMs: number) => Promise<void>;
  /** The template of a deployment. */
  readonly template: (id: string) => JsonObject | undefined;
  readonly task: BackgroundTask;
};

/** What is kept of a run to repeat it: values of parameters as bound, so that utcNow() and newGuid() stay what they were. */
type RunInput = { readonly template: JsonObject; readonly parameters: JsonObject };
type Job = { readonly stop: AbortController; readonly done: Promise<void> };

const inputName = 'deployment';
const inputSuffix = `#${inputName}`;

/** Looks for work this often even when nobody wakes it. */
const periodMs = 60_000;

export function createDeployments(context: ArmContext): Deployments {
  const { store, clock, ids, log } = context;
  const jobs = new Map<string, Job>();
  let arrived = Promise.withResolvers<void>();

  const key = resourceKey;
  const get = (id: string): DeploymentRecord | undefined => getRecord(store, 'deployment', key(id)) as DeploymentRecord | undefined; // written only here
  const inputKey = (id: string): string => secretId(id, inputName);

  function saveInput(id: string, input: RunInput): Change {
    const version = (getRecord(store, 'secret', inputKey(id))?.version ?? 0) + 1;
    return putRecord('secret', inputKey(id), { value: JSON.stringify(input), version });
  }

  function inputOf(id: string): RunInput | undefined {
    const secret = getRecord(store, 'secret', inputKey(id));
    return secret === undefined ? undefined : (JSON.parse(secret.value) as RunInput); // written only by saveInput
  }

  /** Applies a change to the newest record; nothing when it was removed or replaced meanwhile. */
  async function change(
    record: DeploymentRecord,
    update: (current: DeploymentRecord) => Partial<DeploymentRecord>,
    more: readonly Change[] = [],
  ): Promise<void> {
    const current = get(record.id);
    if (current === undefined || current.statusId !== record.statusId) return;
    const changed = { ...current, ...update(current), changedAt: new Date(clock.now()).toISOString() };
    await store.commit([putRecord('deployment', key(record.id), changed), ...more]);
  }

  async function run(record: DeploymentRecord, signal: AbortSignal): Promise<void> {
    await change(record, () => ({ state: 'Running' }));
    const result = await carryOut(record, signal);
    if (result.status === 'Stopped') return;
    const input = inputOf(record.id);
    const forget = input === undefined ? [] : [saveInput(record.id, { template: input.template, parameters: {} })];
    const { status, ...rest } = result;
    await change(record, () => ({ state: status, ...rest }), forget);
    log.info({ deployment: record.id, state: status, correlationId: record.correlationId }, 'deployment ended');
  }

  async function carryOut(record: DeploymentRecord, signal: AbortSignal): Promise<ExecutionResult> {
    try {
      const input = inputOf(record.id);
      if (input === undefined) throw new Error('its template is no longer stored');
      const request: DeploymentRequest = { ...input, location: record.location, tags: record.tags, positionOf: () => undefined };
      const prepared = prepareDeployment(request, deploymentFacts(context, record), { nowMs: clock.now, guid: ids.guid });
      const operations = dispatchOperations(context, {
        principal: record.caller,
        baseUrl: record.baseUrl,
        correlationId: record.correlationId,
      });
      const onOperation = (operation: DeploymentOperation): Promise<void> =>
        change(record, (current) => ({ operations: withOperation(current.operations, operation) }));
      return await execute(prepared, { operations, clock, ids, onOperation, signal });
    } catch (error) {
      if (signal.aborted) return { status: 'Stopped' };
      log.error({ err: error, deployment: record.id, correlationId: record.correlationId }, 'deployment could not be carried out');
      const message = `The deployment could not be carried out: ${error instanceof Error ? error.message : 'unknown reason'}.`;
      return { status: 'Failed', error: { code: 'InternalServerError', message } };
    }
  }

  function launch(record: DeploymentRecord, stopping: AbortSignal): void {
    const stop = new AbortController();
    const done = run(record, AbortSignal.any([stop.signal, stopping]))
      .catch((error: unknown) => log.error({ err: error, deployment: record.id }, 'state of a deployment could not be stored'))
      .finally(() => {
        jobs.delete(key(record.id));
        task.wake(); // one of the same name may have been PUT while this one was being stopped
      });
    jobs.set(key(record.id), { stop, done });
  }

  /** Inputs whose deployment went away with its resource group. */
  async function forgetOrphans(): Promise<void> {
    const orphans = store
      .list('secret')
      .filter(
        ({ key: name }) => name.endsWith(inputSuffix) && getRecord(store, 'deployment', name.slice(0, -inputSuffix.length)) === undefined,
      );
    if (orphans.length > 0) await store.commit(orphans.map(({ key: name }) => deleteRecord('secret', name)));
  }

  async function activate(signal: AbortSignal): Promise<void> {
    arrived = Promise.withResolvers();
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    for (const value of listRecords(store, 'deployment')) {
      const record = value as DeploymentRecord; // written only here
      if (isActive(record) && !jobs.has(key(record.id))) launch(record, signal);
    }
    await forgetOrphans();
    const running = (): Promise<unknown> => Promise.all([...jobs.values()].map(({ done }) => done));
    await Promise.race([running(), arrived.promise, stopped]);
    if (signal.aborted) await running();
  }

  const task = new BackgroundTask({ name: 'deployments', periodMs, clock, log, activate });
  const wake = (): void => {
    arrived.resolve();
    task.wake();
  };

  return {
    get,
    task,
    list: (scopeId) => {
      const prefix = `${key(scopeId)}/providers/microsoft.resources/deployments/`;
      return (listRecords(store, 'deployment') as readonly DeploymentRecord[]).filter(({ id }) => key(id).startsWith(prefix)); // written only here
    },
    start: async (record, { bound }) => {
      const parameters = Object.fromEntries(bound.parameters.map(({ name, value }) => [name, { value }]));
      await store.commit([
        putRecord('deployment', key(record.id), record),
        saveInput(record.id, { template: bound.template.source, parameters }),
      ]);
      wake();
    },
    cancel: async (id) => {
      const record = get(id);
      if (record === undefined || !isActive(record)) return false;
      jobs.get(key(id))?.stop.abort();
      const ended: DeploymentState = 'Canceled';
      await change(record, () => ({
        state: ended,
        error: { code: 'DeploymentCanceled', message: 'The deployment was canceled by its user.' },
      }));
      return true;
    },
    remove: async (id) => {
      jobs.get(key(id))?.stop.abort();
      await store.commit([deleteRecord('deployment', key(id)), deleteRecord('secret', inputKey(id))]);
    },
    ended: async (id, timeoutMs) => {
      const done = jobs.get(key(id))?.done;
      const timer = new AbortController();
      await Promise.race([done, clock.sleep(timeoutMs, timer.signal)]);
      timer.abort();
    },
    template: (id) => inputOf(id)?.template,
  };
}

function withOperation(operations: readonly DeploymentOperation[], operation: DeploymentOperation): readonly DeploymentOperation[] {
  const target = JSON.stringify(operation['targetResource']);
  // After a restart the same resource runs again: its operation takes the place of the unfinished one.
  const rest = operations.filter(
    (other) => other.operationId !== operation.operationId && JSON.stringify(other['targetResource']) !== target,
  );
  return [...rest, operation];
}
