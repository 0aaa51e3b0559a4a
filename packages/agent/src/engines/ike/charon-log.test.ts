/** charon's log is read line by line, once each, through rotation and across agents. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CharonLog, parseLogLine, type LogPosition } from './charon-log.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-log-'));
  file = join(directory, 'charon.log');
  writeFileSync(file, '');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const line = (message: string): string => `2026-01-02T03:04:05.678 09[IKE] <hq|12> ${message}\n`;
const write = (...messages: readonly string[]): void => appendFileSync(file, messages.map(line).join(''));
const read = (log: CharonLog): readonly string[] => {
  const messages: string[] = [];
  log.read(({ message }) => messages.push(message));
  return messages;
};

test('a line of an SA with a name, of one without, and of none', () => {
  const written = '2026-01-02T03:04:05.678';
  expect(parseLogLine(`${written} 09[IKE] <hq-site1|12> a <b> c`)).toEqual({
    written,
    group: 'IKE',
    level: 1,
    connection: 'hq-site1',
    ikeSaId: '12',
    message: 'a <b> c',
  });
  expect(parseLogLine(`${written} 10[NET] <7> packet`)).toMatchObject({ connection: undefined, ikeSaId: '7', message: 'packet' });
  expect(parseLogLine(`${written} 00[JOB] spawning 16 worker threads`)).toMatchObject({ ikeSaId: undefined, group: 'JOB' });
  expect(parseLogLine('half of a line')).toBeUndefined();
});

test('what was there before the first reader is left aside; then each line comes once, when it is whole', () => {
  write('before');
  using log = new CharonLog(file, undefined);
  expect(read(log)).toEqual([]);
  write('one', 'two');
  appendFileSync(file, line('three').slice(0, 40));
  expect(read(log)).toEqual(['one', 'two']);
  appendFileSync(file, line('three').slice(40));
  expect(read(log)).toEqual(['three']);
  expect(read(log)).toEqual([]);
});

test('a later reader goes on where the former one stopped, also when the log was moved aside meanwhile', () => {
  const position = (): LogPosition | undefined => {
    using log = new CharonLog(file, undefined);
    read(log);
    return log.position;
  };
  write('old');
  const from = position();
  write('while nobody read');
  {
    using log = new CharonLog(file, from);
    expect(read(log)).toEqual(['while nobody read']);
  }
  renameSync(file, `${file}.old`);
  write('in the new file');
  using log = new CharonLog(file, from);
  expect(read(log)).toEqual(['while nobody read', 'in the new file']);
});

test('lines that charon still writes to the file moved aside are not lost, nor those after an emptied one', () => {
  using log = new CharonLog(file, undefined);
  read(log);
  renameSync(file, `${file}.old`);
  writeFileSync(file, '');
  appendFileSync(`${file}.old`, line('last words'));
  expect(read(log)).toEqual(['last words']);
  appendFileSync(`${file}.old`, line('very last words'));
  write('first words');
  expect(read(log)).toEqual(['very last words', 'first words']);
  truncateSync(file, 0);
  write('anew');
  expect(read(log)).toEqual(['anew']);
});

test('lines longer than what is read at once do not hold the reader up', () => {
  using log = new CharonLog(file, undefined);
  read(log);
  write('a', 'x'.repeat(600_000), 'b');
  const messages = read(log);
  expect(messages.at(0)).toBe('a');
  expect(messages.at(-1)).toBe('b');
});
