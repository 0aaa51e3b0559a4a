/** Arguments and errors, as a user meets them. */
import { expect, test } from 'vitest';
import { UsageError, parseListen, parseOptions, reasonOf, refusePositionals } from './command.ts';
import { tableLines } from './table.ts';

test('unknown and incomplete options are one sentence', () => {
  expect(() => parseOptions(['--frobnicate'], {})).toThrow(new UsageError("Unknown option '--frobnicate'"));
  expect(() => parseOptions(['--listen'], { listen: { type: 'string' } })).toThrow("Option '--listen <value>' argument missing");
  expect(() => refusePositionals(['x'])).toThrow("unexpected argument 'x'");
});

test('addresses to listen on', () => {
  expect(parseListen('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 });
  expect(parseListen('[::1]:8443')).toEqual({ host: '::1', port: 8443 });
  expect(parseListen('localhost:65535')).toEqual({ host: 'localhost', port: 65535 });
  for (const wrong of ['8443', '127.0.0.1', '127.0.0.1:65536', '::1:80', ':80', 'a:b'])
    expect(() => parseListen(wrong)).toThrow('--listen must be HOST:PORT');
});

test('a reason is the whole chain of causes, said once', () => {
  const cause = new Error('ip ended with 1: File exists');
  expect(reasonOf(new Error('could not make site paris', { cause }))).toBe('could not make site paris: ip ended with 1: File exists');
  expect(reasonOf(new Error('a: b', { cause: new Error('b') }))).toBe('a: b');
  expect(reasonOf('words')).toBe('words');
});

test('what the system refuses is said with the remedy', () => {
  const cause = new Error('ENOSPC: no space left on device, write');
  expect(reasonOf(new Error('could not write /x/lab.json', { cause }))).toBe(
    'could not write /x/lab.json: ENOSPC: no space left on device, write; free some space on this disk',
  );
});

test('columns are as wide as their widest cell, without trailing blanks', () => {
  expect(
    tableLines(
      ['NAME', 'X'],
      [
        ['a', ''],
        ['longer', 'y'],
      ],
    ),
  ).toEqual(['NAME    X', 'a', 'longer  y']);
});
