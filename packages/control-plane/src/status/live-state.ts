/**
 * The newest observation of each host, by connection, and what may be concluded from it. Fed by the agent link and, after a
 * restart, by the store. An observation older than 90 s says nothing about now.
 */
import type { ConnectionObservation, HostObservation, ResourceId } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import type { Clock } from '@sallyport/runtime';
import type { ObservationRecord, PlanRecord } from '../store/records.ts';
import { currentPlanKey, getRecord, listRecords } from '../store/records.ts';
import { storeIdentity } from '../store/identity.ts';
import type { Store } from '../store/store.ts';
import { foreignPlan } from './foreign-plan.ts';

export const staleAfterMs = 90_000;

export type HostState = ObservationRecord & {
  readonly isStale: boolean;
  readonly ageSeconds: number;
  /** One sentence when the host acts on a plan that is none of ours. */
  readonly foreignPlan: string | undefined;
};

export type LiveState = {
  /** Takes in what an agent just reported. */
  readonly observe: (observation: HostObservation, store?: string) => ObservationRecord;
  readonly host: (name: string) => HostState | undefined;
  readonly hosts: () => readonly HostState[];
  /** The last of our plans that a host has applied; 0 for none, and for a host that acts on somebody else's. */
  readonly appliedPlan: (host: string) => number;
  /** Of one connection, fresh ones only; one per instance. */
  readonly connection: (id: ResourceId) => readonly ConnectionObservation[];
  readonly plan: () => PlanRecord | undefined;
  /** Called after each observation. Returns the way to stop. */
  readonly watch: (listener: () => void) => () => void;
};

type Known = { readonly record: ObservationRecord; readonly connections: ReadonlyMap<string, readonly ConnectionObservation[]> };

export function createLiveState(options: { readonly store: Store; readonly clock: Clock }): LiveState {
  const { store, clock } = options;
  const hosts = new Map<string, Known>();
  const listeners = new Set<() => void>();
  for (const record of listRecords(store, 'observation')) hosts.set(record.observation.host, known(record));

  const ageMs = ({ record }: Known): number => clock.now() - Date.parse(record.receivedAt);
  const plan = (): PlanRecord | undefined => getRecord(store, 'plan', currentPlanKey);
  const stateOf = (host: Known): HostState => ({
    ...host.record,
    foreignPlan: foreignPlan(
      { number: host.record.observation.appliedPlan, store: host.record.store },
      { number: plan()?.plan.number ?? 0, store: storeIdentity(store) },
    ),
    isStale: ageMs(host) > staleAfterMs,
    ageSeconds: Math.round(ageMs(host) / 1000),
  });

  return {
    observe: (observation, ofStore) => {
      const receivedAt = new Date(clock.now()).toISOString();
      const record: ObservationRecord = { observation, receivedAt, ...(ofStore === undefined ? {} : { store: ofStore }) };
      hosts.set(observation.host, known(record));
      for (const listener of listeners) listener();
      return record;
    },
    host: (name) => {
      const host = hosts.get(name);
      return host === undefined ? undefined : stateOf(host);
    },
    hosts: () => [...hosts.values()].map(stateOf),
    appliedPlan: (name) => {
      const host = hosts.get(name);
      return host === undefined || stateOf(host).foreignPlan !== undefined ? 0 : host.record.observation.appliedPlan;
    },
    connection: (id) =>
      [...hosts.values()].flatMap((host) => (ageMs(host) > staleAfterMs ? [] : (host.connections.get(resourceKey(id)) ?? []))),
    plan,
    watch: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function known(record: ObservationRecord): Known {
  const connections = new Map<string, ConnectionObservation[]>();
  for (const observation of record.observation.instances.flatMap((instance) => instance.connections)) {
    const key = resourceKey(observation.connection);
    connections.set(key, [...(connections.get(key) ?? []), observation]);
  }
  return { record, connections };
}
