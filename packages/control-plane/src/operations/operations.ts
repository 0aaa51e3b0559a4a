/**
 * Long-running operations: rows in the store, so that an id outlives a restart and is kept for a day after its end. Begun in
 * the same commit as the resource change; ended by whoever sees the work done (planning/settle.ts for planned resources).
 * Not here: the URLs and headers (arm/async-headers.ts).
 */
import type { ArmError } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import type { Clock, IdSource, Logger } from '@sallyport/runtime';
import { BackgroundTask, until } from '@sallyport/runtime';
import type { OperationRecord, OperationResult } from '../store/records.ts';
import { deleteRecord, getRecord, listRecords, putRecord } from '../store/records.ts';
import type { Change, Store } from '../store/store.ts';

export type OperationStart = Pick<
  OperationRecord,
  'subscriptionId' | 'location' | 'name' | 'resource' | 'intent' | 'apiVersion' | 'correlationId'
> & { readonly result?: OperationResult };

export type Outcome =
  | { readonly status: 'Succeeded'; readonly result?: OperationResult }
  | { readonly status: 'Failed'; readonly error: ArmError };

export type Operations = {
  /** A new operation in progress, and the change that stores it: commit it together with what it is about. */
  readonly begin: (start: OperationStart) => { readonly operation: OperationRecord; readonly change: Change };
  /** One that is over before it began, for work that needs no host. */
  readonly beginEnded: (start: OperationStart) => { readonly operation: OperationRecord; readonly change: Change };
  readonly end: (operation: OperationRecord, outcome: Outcome) => Change;
  readonly get: (id: string) => OperationRecord | undefined;
  readonly inProgress: () => readonly OperationRecord[];
  /** The one that currently changes this resource or group (ids ignoring case). */
  readonly activeOn: (id: string) => OperationRecord | undefined;
  /** Resolves when it has ended. @throws Error after the timeout or when stopped. */
  readonly ended: (id: string, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }) => Promise<OperationRecord>;
  /** Resolves when it ends or after `ms`. */
  readonly endOrTimeout: (id: string, ms: number) => Promise<void>;
  /** Changes that forget operations ended longer than a day ago. */
  readonly expire: () => readonly Change[];
};

const keepMs = 24 * 3_600_000;

export function createOperations(options: { readonly store: Store; readonly clock: Clock; readonly ids: IdSource }): Operations {
  const { store, clock, ids } = options;
  const now = (): string => new Date(clock.now()).toISOString();
  const active = new Map<string, OperationRecord>();
  const waiters = new Map<string, Set<AbortController>>();
  const activeByResource = new Map<string, OperationRecord>();
  const follow = (id: string, operation: OperationRecord | undefined): void => {
    const before = active.get(id);
    if (before !== undefined) activeByResource.delete(resourceKey(before.resource));
    if (operation?.status === 'InProgress') {
      active.set(id, operation);
      activeByResource.set(resourceKey(operation.resource), operation);
      return;
    }
    active.delete(id);
    for (const waiter of waiters.get(id) ?? []) waiter.abort();
  };
  for (const operation of listRecords(store, 'operation')) follow(operation.id, operation);
  store.watch((committed) => {
    for (const { change } of committed) if (change.kind === 'operation') follow(change.key, getRecord(store, 'operation', change.key));
  });

  function begin(start: OperationStart): { readonly operation: OperationRecord; readonly change: Change } {
    const operation: OperationRecord = {
      ...start,
      result: start.result ?? { type: 'none' },
      id: ids.guid(),
      status: 'InProgress',
      startedAt: now(),
    };
    return { operation, change: putRecord('operation', operation.id, operation, 0) };
  }

  return {
    begin,
    beginEnded: (start) => {
      const { operation } = begin(start);
      const ended: OperationRecord = { ...operation, status: 'Succeeded', endedAt: operation.startedAt };
      return { operation: ended, change: putRecord('operation', ended.id, ended, 0) };
    },
    end: (operation, outcome) => putRecord('operation', operation.id, { ...operation, ...outcome, endedAt: now() }),
    get: (id) => getRecord(store, 'operation', id.toLowerCase()),
    inProgress: () => [...active.values()],
    activeOn: (id) => activeByResource.get(resourceKey(id)),
    ended: async (id, { timeoutMs, signal }) => {
      const operation = await until(
        () => getRecord(store, 'operation', id),
        (found) => found?.status !== 'InProgress',
        { because: `operation ${id} ends`, clock, timeoutMs, everyMs: 50, ...(signal === undefined ? {} : { signal }) },
      );
      if (operation === undefined) throw new Error(`operation ${id} is not known`);
      return operation;
    },
    endOrTimeout: async (id, ms) => {
      if (ms <= 0 || !active.has(id)) return;
      const wake = new AbortController();
      const waiting = waiters.get(id) ?? new Set<AbortController>();
      waiters.set(id, waiting.add(wake));
      await clock.sleep(ms, wake.signal);
      waiting.delete(wake);
      if (waiting.size === 0) waiters.delete(id);
    },
    expire: () =>
      listRecords(store, 'operation')
        .filter(({ endedAt }) => endedAt !== undefined && Date.parse(endedAt) + keepMs < clock.now())
        .map(({ id }) => deleteRecord('operation', id)),
  };
}

/** Forgets operations when they have been over for a day. */
export function operationExpiryTask(context: {
  readonly store: Store;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly log: Logger;
}): BackgroundTask {
  return new BackgroundTask({
    name: 'operation-expiry',
    periodMs: 600_000,
    clock: context.clock,
    log: context.log,
    activate: async () => {
      const changes = context.operations.expire();
      if (changes.length > 0) await context.store.commit(changes);
    },
  });
}
