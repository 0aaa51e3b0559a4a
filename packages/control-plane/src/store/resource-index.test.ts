/** The index follows commits. */
import { expect, test } from 'vitest';
import type { Resource, ResourceId } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import { fixtureRules, noteType, thingType } from '../testing/fixture-rules.ts';
import { createMemoryStore } from './memory-store.ts';
import { deleteRecord, putRecord } from './records.ts';
import { createResourceIndex } from './resource-index.ts';

const group = '/subscriptions/S/resourceGroups/Rg';

function resource(type: string, name: string, uses?: string): Resource {
  return {
    id: `${group}/providers/${type}/${name}` as ResourceId, // a test's own id
    type,
    name,
    location: 'westeurope',
    tags: {},
    top: {},
    properties: uses === undefined ? {} : { uses },
    allocated: {},
    etag: '',
    provisioningState: 'Succeeded',
    createdAt: '',
    changedAt: '',
  };
}

const put = (one: Resource): ReturnType<typeof putRecord> => putRecord('resource', resourceKey(one.id), one);

test('lookups ignore case, lists are by type and group, referrers follow every change', async () => {
  const store = createMemoryStore();
  const thing = resource(thingType, 'Net');
  await store.commit([put(thing)]);
  const index = createResourceIndex(store, (type) => fixtureRules.find((rules) => rules.type === type));
  const user = resource(noteType, 'user', `${thing.id}/parts/P1`);
  await store.commit([put(user)]);
  expect(index.get(thing.id.toUpperCase())).toBe(thing);
  expect(index.list(thingType.toUpperCase())).toEqual([thing]);
  expect(index.inGroup('s', 'RG')).toEqual([user, thing]);
  expect(index.all()).toHaveLength(2);
  // A reference to a child is one to its parent.
  expect(index.referencing(thing.id)).toEqual([user]);
  expect(index.referencing(`${thing.id}/parts/p1`)).toEqual([user]);
  await store.commit([put(resource(noteType, 'user'))]);
  expect(index.referencing(thing.id)).toEqual([]);
  await store.commit([deleteRecord('resource', resourceKey(thing.id))]);
  expect(index.get(thing.id)).toBeUndefined();
  expect(index.list(thingType)).toEqual([]);
});

test('a list that was read does not change under its reader', async () => {
  const store = createMemoryStore();
  const index = createResourceIndex(store, () => undefined);
  await store.commit([put(resource(noteType, 'a'))]);
  const before = index.list(noteType);
  await store.commit([put(resource(noteType, 'b'))]);
  expect(before).toHaveLength(1);
  expect(index.list(noteType).map(({ name }) => name)).toEqual(['a', 'b']);
});
