/**
 * Takes in observations: newest in memory always; on disk only when it says something new about plans and failures, or half a
 * minute has passed. What is lost in a crash comes again within seconds.
 */
import type { HostObservation } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { putRecord } from '../store/records.ts';

const persistEveryMs = 30_000;

export function createObservationKeeper(context: ArmContext): (observation: HostObservation, store?: string) => Promise<void> {
  const persisted = new Map<string, { readonly at: number; readonly digest: string }>();
  return async (observation, store) => {
    const record = context.live.observe(observation, store);
    const digest = JSON.stringify([store, observation.appliedPlan, observation.failures]);
    const last = persisted.get(observation.host);
    const now = context.clock.monotonic();
    if (last !== undefined && last.digest === digest && now - last.at < persistEveryMs) return;
    await context.store.commit([putRecord('observation', observation.host, record)]);
    persisted.set(observation.host, { at: now, digest });
  };
}
