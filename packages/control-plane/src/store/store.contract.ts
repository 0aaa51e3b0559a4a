/** What every store must do. Run by a test per implementation. */
import { describe, expect, test } from 'vitest';
import type { Change, Committed, Store } from './store.ts';

const put = (key: string, value: unknown, expect?: number): Change => ({
  type: 'put',
  kind: 'resource',
  key,
  value,
  ...(expect === undefined ? {} : { expect }),
});
const remove = (key: string, expect?: number): Change => ({
  type: 'delete',
  kind: 'resource',
  key,
  ...(expect === undefined ? {} : { expect }),
});

export function describeStore(name: string, open: () => Store): void {
  describe(`the contract of stores: ${name}`, () => {
    test('a document is there in the same turn as its commit, and durable when the commit resolves', async () => {
      await using store = open();
      const committed = store.commit([put('/a', { n: 1 })]);
      expect(store.get('resource', '/a')?.value).toEqual({ n: 1 });
      await committed;
      expect(store.revision()).toBe(1);
    });

    test('a list is in order of key, and knows only its kind', async () => {
      await using store = open();
      await store.commit([put('/b', 2), put('/a', 1), { type: 'put', kind: 'group', key: '/c', value: 3 }]);
      await store.commit([put('/aa', 4), remove('/b')]);
      expect(store.list('resource').map(({ key }) => key)).toEqual(['/a', '/aa']);
    });

    test('compare-and-set refuses another revision and changes nothing at all', async () => {
      await using store = open();
      await store.commit([put('/a', 1, 0)]);
      await expect(store.commit([put('/b', 1), put('/a', 2, 0)])).rejects.toMatchObject({ code: 'conflict' });
      expect(store.get('resource', '/b')).toBeUndefined();
      await store.commit([put('/a', 2, 1)]);
      await expect(store.commit([remove('/a', 1)])).rejects.toMatchObject({ code: 'conflict' });
      await store.commit([remove('/a', 2)]);
      expect(store.get('resource', '/a')).toBeUndefined();
    });

    test('watchers hear of each commit once, in order, with what was there before', async () => {
      await using store = open();
      const heard: Committed[] = [];
      const stop = store.watch((committed) => heard.push(...committed));
      await store.commit([put('/a', 1)]);
      await store.commit([put('/a', 2), put('/b', 1)]);
      stop();
      await store.commit([remove('/a')]);
      expect(heard.map(({ change, before, revision }) => [change.key, before?.value, revision])).toEqual([
        ['/a', undefined, 1],
        ['/a', 1, 2],
        ['/b', undefined, 2],
      ]);
    });

    test('commits of one turn all hold', async () => {
      await using store = open();
      await Promise.all(Array.from({ length: 50 }, (_, index) => store.commit([put(`/${index}`, index)])));
      expect(store.list('resource')).toHaveLength(50);
      expect(store.revision()).toBe(50);
    });

    test('flushed waits for every commit before it', async () => {
      await using store = open();
      let isDurable = false;
      void store.commit([put('/a', 1)]).then(() => (isDurable = true));
      await store.flushed();
      expect([isDurable, store.revision()]).toEqual([true, 1]);
      await store.flushed();
    });

    test('a closed store takes nothing', async () => {
      const store = open();
      await store[Symbol.asyncDispose]();
      await expect(store.commit([put('/a', 1)])).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}
