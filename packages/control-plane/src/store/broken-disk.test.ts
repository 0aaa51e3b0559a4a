/** The sqlite store on a disk that is full, damaged or taken away: one sentence with the remedy, and memory never ahead of the disk. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withStoreDisk } from '../testing/store-disk.ts';
import { sealFromKeyFile } from './seal.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { Change, Committed, Store } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-disk-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const file = (): string => join(directory, 'data', 'store.sqlite');
const open = (): Store => openSqliteStore({ file: file(), seal: sealFromKeyFile(join(directory, 'key')) });
const put = (key: string, value: unknown): Change => ({ type: 'put', kind: 'resource', key, value });
const large = 'x'.repeat(100_000);

test('what a full disk does not take is in memory no more, and the store goes on once there is space', async () => {
  const { opened: store, disk } = await withStoreDisk(open);
  await store.commit([put('/a', 'first'), put('/b', 'first')]);
  disk.fill();
  const heard: Committed[] = [];
  store.watch((committed) => heard.push(...committed));
  const refused = [store.commit([put('/a', large), put('/c', large)]), store.commit([{ type: 'delete', kind: 'resource', key: '/b' }])];
  expect(store.get('resource', '/c')?.value).toBe(large);
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'full', message: expect.stringContaining('is full: free') });
  const whole = ['/a', '/b'].map((key) => ({ kind: 'resource', key, revision: 1, value: 'first' }));
  expect(store.list('resource')).toEqual(whole);
  // Who follows the store hears that it was taken back, in the opposite order.
  expect(heard.slice(3).map(({ change, before }) => [change.type, change.key, before?.value])).toEqual([
    ['put', '/b', undefined],
    ['delete', '/c', large],
    ['put', '/a', large],
  ]);
  expect(store.failure()).toContain(`the disk of ${join(directory, 'data')} is full`);

  // While it is full nobody is woken by what does not last: a task that was would try again at once, for ever.
  heard.length = 0;
  await expect(store.commit([put('/a', large)])).rejects.toMatchObject({ code: 'full' });
  expect([heard, store.list('resource')]).toEqual([[], whole]);

  disk.free();
  await store.commit([put('/a', large)]);
  expect([store.failure(), heard.length]).toEqual([undefined, 1]);
  await store[Symbol.asyncDispose]();
  await using again = open();
  expect(again.list('resource').map(({ key, value }) => [key, value])).toEqual([
    ['/a', large],
    ['/b', 'first'],
  ]);
});

test('a data directory that was taken away takes nothing that would be gone with the program', async () => {
  await open()[Symbol.asyncDispose]();
  await using store = open();
  await store.commit([put('/a', 1)]);
  renameSync(join(directory, 'data'), join(directory, 'elsewhere'));
  await expect(store.commit([put('/a', 2)])).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('store.sqlite was removed or replaced while in use: put it back'),
  });
  expect(store.get('resource', '/a')?.value).toBe(1);
  renameSync(join(directory, 'elsewhere'), join(directory, 'data'));
  await store.commit([put('/a', 2)]);
});

test.each([
  ['its first page', 0],
  ['a page in the middle', 3 * 4096],
])('random bytes over %s are told with the remedy', async (_name, offset) => {
  const store = open();
  await store.commit(Array.from({ length: 200 }, (_, index) => put(`/${index}`, 'y'.repeat(500))));
  await store[Symbol.asyncDispose]();
  const bytes = readFileSync(file());
  for (let at = offset; at < offset + 4096; at += 1) bytes[at] = (at * 37) % 251;
  writeFileSync(file(), bytes);
  expect(open).toThrow(
    expect.objectContaining({
      code: 'corrupt',
      message: expect.stringContaining('is damaged: put a copy of the whole data directory back'),
    }),
  );
});
