/** The sqlite store keeps the contract, and what it was given. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrations } from './migrations.ts';
import { sealFromKeyFile } from './seal.ts';
import { openSqliteStore } from './sqlite-store.ts';
import type { Store } from './store.ts';
import { describeStore } from './store.contract.ts';

let directory: string;
let opened = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-store-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (name = `s${(opened += 1)}`, key = 'key'): Store =>
  openSqliteStore({ file: join(directory, `${name}.sqlite`), seal: sealFromKeyFile(join(directory, key)) });

describeStore('sqlite store', () => open());

test('everything is there after a restart, revisions included', async () => {
  const first = open('a');
  await first.commit([{ type: 'put', kind: 'resource', key: '/a', value: { deep: ['x', null, 1.5] } }]);
  await first.commit([{ type: 'put', kind: 'resource', key: '/b', value: 'gone soon' }]);
  await first.commit([{ type: 'delete', kind: 'resource', key: '/b' }]);
  await first[Symbol.asyncDispose]();
  await using second = open('a');
  expect(second.list('resource')).toEqual([{ kind: 'resource', key: '/a', revision: 1, value: { deep: ['x', null, 1.5] } }]);
  expect(second.revision()).toBe(3);
});

test('what was committed survives a crash: the files as they lie there are a whole store', async () => {
  await using running = open('live');
  await running.commit([{ type: 'put', kind: 'operation', key: 'op', value: { status: 'InProgress' } }]);
  for (const suffix of ['', '-wal']) copyFileSync(join(directory, `live.sqlite${suffix}`), join(directory, `crashed.sqlite${suffix}`));
  await using crashed = open('crashed');
  expect(crashed.get('operation', 'op')?.value).toEqual({ status: 'InProgress' });
});

test('secrets are nowhere in the files, and unreadable with another key', async () => {
  const store = open('s');
  await store.commit([{ type: 'put', kind: 'secret', key: '/c#sharedKey', value: { value: 'Correct.Horse', version: 1 } }]);
  const onDisk = ['s.sqlite', 's.sqlite-wal'].map((name) => join(directory, name)).filter((file) => existsSync(file));
  expect(onDisk.map((file) => readFileSync(file).includes('Correct.Horse'))).not.toContain(true);
  expect(statSync(join(directory, 's.sqlite')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'key')).mode & 0o777).toBe(0o600);
  await store[Symbol.asyncDispose]();
  expect(() => open('s', 'other-key')).toThrow(/could not decrypt secret \/c#sharedKey/);
  await using again = open('s');
  expect(again.get('secret', '/c#sharedKey')?.value).toEqual({ value: 'Correct.Horse', version: 1 });
});

test('a second program on the same data is refused', async () => {
  await using _first = open('busy');
  expect(() => open('busy')).toThrow(expect.objectContaining({ code: 'in-use' }));
});

test('data of a newer version is refused, and a file that is no store', () => {
  const newer = new DatabaseSync(join(directory, 'newer.sqlite'));
  newer.exec(`PRAGMA user_version = ${migrations.length + 1}`);
  newer.close();
  expect(() => open('newer')).toThrow(expect.objectContaining({ code: 'corrupt' }));
  writeFileSync(join(directory, 'text.sqlite'), 'not a database, but long enough to be looked at as one'.repeat(20));
  expect(() => open('text')).toThrow(expect.objectContaining({ code: 'corrupt' }));
});
