/**
 * A random name that a store gets when it is first used and keeps for ever: numbers counted in it (plans') mean nothing in
 * another one. A copy that is restored keeps it; a data directory that was emptied gets a new one.
 */
import { randomUUID } from 'node:crypto';
import { getRecord, putRecord } from './records.ts';
import type { Store } from './store.ts';

const key = 'store-identity';

export async function ensureStoreIdentity(store: Store): Promise<void> {
  if (storeIdentity(store) === undefined) await store.commit([putRecord('meta', key, randomUUID())]);
}

/** undefined before `ensureStoreIdentity`. */
export function storeIdentity(store: Store): string | undefined {
  return getRecord(store, 'meta', key) as string | undefined; // written above only
}
