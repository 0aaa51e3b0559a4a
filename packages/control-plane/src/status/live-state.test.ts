/** What observations are worth, and for how long. */
import { expect, test } from 'vitest';
import type { ConnectionObservation, HostObservation, InstanceId, PlanNumber, Resource, ResourceId } from '@sallyport/model';
import { ManualClock } from '@sallyport/runtime';
import { createMemoryStore } from '../store/memory-store.ts';
import { putRecord } from '../store/records.ts';
import { connectionStatusReason } from './connection-reason.ts';
import { createLiveState, staleAfterMs } from './live-state.ts';

const id = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/connections/c' as ResourceId; // a test's own id
const connection = { id, name: 'c', type: 'Microsoft.Network/connections' } as Resource; // all that is looked at

function observation(clock: ManualClock, parts: Partial<ConnectionObservation> = {}): HostObservation {
  const observedAt = new Date(clock.now()).toISOString();
  const one: ConnectionObservation = {
    connection: id,
    instance: 'gw/IN_0' as InstanceId, // brand
    observedAt,
    status: 'Connected',
    ingressBytes: 0,
    egressBytes: 0,
    ingressPackets: 0,
    egressPackets: 0,
    ikeSas: [],
    ...parts,
  };
  const instances = [{ id: 'gw/IN_0' as InstanceId, state: 'Running' as const, engines: [], connections: [one] }]; // brand
  return { host: 'h1', appliedPlan: 7 as PlanNumber, observedAt, failures: [], instances }; // brand
}

test("an observation counts for 90 s by our clock, whatever the host's clock says", async () => {
  const clock = new ManualClock();
  const live = createLiveState({ store: createMemoryStore(), clock });
  live.observe({ ...observation(clock), observedAt: '1999-01-01T00:00:00Z' });
  expect(live.connection(id)).toHaveLength(1);
  await clock.advance(staleAfterMs);
  expect(live.connection(id.toUpperCase() as ResourceId)).toHaveLength(1); // brand
  await clock.advance(1);
  expect([live.connection(id), live.host('h1')?.isStale, live.host('h1')?.observation.appliedPlan]).toEqual([[], true, 7]);
});

test('the newest observation is known again after a restart', async () => {
  const [store, clock] = [createMemoryStore(), new ManualClock()];
  const record = createLiveState({ store, clock }).observe(observation(clock));
  await store.commit([putRecord('observation', 'h1', record)]);
  expect(createLiveState({ store, clock }).connection(id)).toHaveLength(1);
});

test("the reason is the engine's, else the planner's, else the host's silence", async () => {
  const [store, clock] = [createMemoryStore(), new ManualClock()];
  const live = createLiveState({ store, clock });
  const plan = { number: 7 as PlanNumber, hosts: [] }; // brand
  const planned = { resource: id, isPlanned: true, hosts: ['h1'] };
  await store.commit([putRecord('plan', 'current', { plan, report: [planned], plannedAt: '' })]);
  expect(connectionStatusReason(live, connection)).toEqual({ code: 'HostSilent', message: 'host h1 has not reported yet' });
  const reason = { code: 'PeerSilent', message: 'the peer 203.0.113.10 does not answer', at: '2026-01-01T00:00:00Z' };
  live.observe(observation(clock, { status: 'Connecting', reason }));
  expect(connectionStatusReason(live, connection)).toEqual({ code: reason.code, message: reason.message });
  live.observe(observation(clock));
  expect(connectionStatusReason(live, connection)).toBeUndefined();
  await clock.advance(staleAfterMs + 30_000);
  expect(connectionStatusReason(live, connection)?.message).toBe('host h1 has not reported for 120 s; its tunnels may well be up');
  const missing = { code: 'SharedKeyMissing', message: 'connection c not planned: it has no shared key' } as const;
  await store.commit([
    putRecord('plan', 'current', { plan, report: [{ ...planned, isPlanned: false, hosts: [], reason: missing }], plannedAt: '' }),
  ]);
  expect(connectionStatusReason(live, connection)).toEqual(missing);
});
