/** Operations as rows: found again, waited for, forgotten a day after their end. */
import { expect, test } from 'vitest';
import { ManualClock, countingIds } from '@sallyport/runtime';
import { createMemoryStore } from '../store/memory-store.ts';
import type { OperationStart } from './operations.ts';
import { createOperations } from './operations.ts';

const start: OperationStart = {
  subscriptionId: 's',
  location: 'westeurope',
  name: 'PutThingOperation',
  resource: '/subscriptions/s/resourceGroups/rg/providers/N/things/A',
  intent: 'put',
  apiVersion: '2025-05-01',
  correlationId: 'c',
};
const hourMs = 3_600_000;

test('one is active on its resource, in any case, until it ends; another start finds it in the store', async () => {
  const [store, clock, ids] = [createMemoryStore(), new ManualClock(), countingIds()];
  const operations = createOperations({ store, clock, ids });
  const { operation, change } = operations.begin(start);
  await store.commit([change]);
  expect(operations.activeOn(start.resource.toUpperCase())).toEqual(operation);
  expect(createOperations({ store, clock, ids }).inProgress()).toEqual([operation]);
  await store.commit([operations.end(operation, { status: 'Succeeded' })]);
  expect([operations.activeOn(start.resource), operations.inProgress(), operations.get(operation.id)?.status]).toEqual([
    undefined,
    [],
    'Succeeded',
  ]);
});

test('who waits is woken by the end, or by time', async () => {
  const [store, clock] = [createMemoryStore(), new ManualClock()];
  const operations = createOperations({ store, clock, ids: countingIds() });
  const { operation, change } = operations.begin(start);
  await store.commit([change]);
  const woken: string[] = [];
  const patient = operations.endOrTimeout(operation.id, 10_000).then(() => woken.push('patient'));
  const hasty = operations.endOrTimeout(operation.id, 1000).then(() => woken.push('hasty'));
  await clock.advance(1000);
  await hasty;
  await store.commit([operations.end(operation, { status: 'Succeeded' })]);
  await patient;
  expect(woken).toEqual(['hasty', 'patient']);
  await operations.endOrTimeout(operation.id, 10_000); // over: no wait
});

test('an ended operation is forgotten after a day, one in progress never', async () => {
  const [store, clock] = [createMemoryStore(), new ManualClock()];
  const operations = createOperations({ store, clock, ids: countingIds() });
  const ended = operations.beginEnded(start);
  const running = operations.begin(start);
  await store.commit([ended.change, running.change]);
  await clock.advance(24 * hourMs - 1);
  expect(operations.expire()).toEqual([]);
  await clock.advance(2);
  await store.commit(operations.expire());
  await clock.advance(1000 * hourMs);
  expect([operations.get(ended.operation.id), operations.get(running.operation.id)?.status]).toEqual([undefined, 'InProgress']);
  expect(operations.expire()).toEqual([]);
});
