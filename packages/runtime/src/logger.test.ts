/** A log file that can't be written: who logs goes on, and nothing is lost once it can be. The disk is /dev/full, or node:fs made to refuse. */
import fs, { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { oldLog } from './bounded-log.ts';
import { createLogger } from './logger.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-log-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

const messages = (file: string): readonly unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { msg: unknown }).msg);

test('logging to a full disk does not fail who logs', () => {
  const log = createLogger({ component: 'test', file: '/dev/full' });
  expect(() => log.error({}, 'first')).not.toThrow();
  expect(() => log.error({}, 'second')).not.toThrow();
});

test('lines that a full disk did not take are there, whole and in order, once it has space', () => {
  const file = join(directory, 'test.log');
  const log = createLogger({ component: 'test', file });
  log.info({}, 'before');
  const full = vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  log.info({}, 'while full');
  log.info({}, 'still full');
  full.mockRestore();
  log.info({}, 'after');
  expect(messages(file)).toEqual(['before', 'while full', 'still full', 'after']);
});

test('a log is bounded: two files, of which the older one holds what came before', () => {
  const file = join(directory, 'long.log');
  const log = createLogger({ component: 'test', file, maxBytes: 5000 });
  for (let count = 0; count < 200; count += 1) log.info({ count }, 'a line');
  expect([file, oldLog(file)].map((one) => statSync(one).size < 5200)).toEqual([true, true]);
  const counts = [oldLog(file), file].flatMap((one) => readFileSync(one, 'utf8').match(/(?<="count":)\d+/g) ?? []).map(Number);
  expect(counts).toEqual(Array.from({ length: counts.length }, (_, index) => 200 - counts.length + index));
});
