/** The secret of the client named in client.json: made at first start, kept encrypted in the store. */
import { getRecord, putRecord } from '../store/records.ts';
import type { Store } from '../store/store.ts';
import { newClientSecret } from './clients.ts';

const key = 'identity#clientSecret';

export async function ownClientSecret(store: Store): Promise<string> {
  const known = getRecord(store, 'secret', key);
  if (known !== undefined) return known.value;
  const value = newClientSecret();
  await store.commit([putRecord('secret', key, { value, version: 1 }, 0)]);
  return value;
}
