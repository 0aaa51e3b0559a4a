/** No line is lost to an agent that was killed, and none is told twice; SAs of two charons are two sessions. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, silentLogger } from '@sallyport/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createArrivals, type Arrivals } from './crossing.ts';
import { openHistory, readHistory } from './history.ts';
import { createListening, type Listening } from './listening.ts';

let directory: string;
let clock: ManualClock;
let arrivals: Arrivals;
let isFlooded: boolean;
beforeEach(() => {
  isFlooded = false;
  arrivals = createArrivals();
  directory = mkdtempSync(join(tmpdir(), 'sp-listening-'));
  clock = new ManualClock();
  writeFileSync(file('charon.log'), '');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string): string => join(directory, name);
const history = (): string => join(directory, 'history');
const open = (): Listening => {
  const listening = createListening({
    context: { clock, log: silentLogger },
    namespace: 'gw-hq-0',
    files: { logFile: file('charon.log'), logRead: file('charon.log-read'), pidFile: file('charon.pid') },
    history: openHistory(history(), { connectionOf: () => undefined, proposalsOf: () => undefined }),
    reasons: { onLog: () => undefined },
    identities: { onLog: () => false },
    arrivals,
    isFlooded: () => isFlooded,
    onFinding: () => {},
    onIdentity: () => {},
  });
  listening.start();
  return listening;
};
const write = (group: string, message: string, sa = ''): void =>
  appendFileSync(file('charon.log'), `2026-01-02T03:04:05.678 09[${group}] ${sa}${message}\n`);
const messages = (): readonly string[] => readHistory(history(), 'hq').map(({ message }) => message);

test('lines are kept with the time that charon gave them', async () => {
  await using listening = open();
  write('IKE', 'first', '<hq|1> ');
  listening.catchUp();
  expect(messages()).toEqual([]);
  await clock.advance(300);
  expect(readHistory(history(), 'hq')).toMatchObject([{ message: 'first', at: new Date('2026-01-02T03:04:05.678').toISOString() }]);
});

test('an agent that is killed before it has written goes on from where it had; what was written after its last note is in once', async () => {
  const killed = open();
  write('IKE', 'first', '<hq|1> ');
  killed.catchUp();
  await clock.advance(500);
  write('IKE', 'second', '<hq|1> ');
  killed.catchUp();
  expect(messages()).toEqual(['first']);
  await using again = open();
  again.catchUp();
  expect(messages()).toEqual(['first', 'second']);
  // Written, but the note of it was not.
  writeFileSync(file('charon.log-read'), JSON.stringify({ ...readNote(), offset: 0 }));
  await using third = open();
  third.catchUp();
  expect(messages()).toEqual(['first', 'second']);
});

test('while many tunnels come up the log is read by who decides by it, else when that is over', async () => {
  await using listening = open();
  listening.catchUp();
  isFlooded = true;
  write('IKE', 'first', '<hq|1> ');
  await clock.advance(2000);
  expect(messages()).toEqual([]);
  listening.catchUp();
  await clock.advance(300);
  expect(messages()).toEqual(['first']);
  write('IKE', 'second', '<hq|1> ');
  isFlooded = false;
  await clock.advance(400);
  expect(messages()).toEqual(['first', 'second']);
});

test('a charon that starts anew counts its SAs from 1 again, and they are others', async () => {
  await using listening = open();
  listening.catchUp();
  write('IKE', 'of the one', '<hq|1> ');
  write('JOB', 'spawning 16 worker threads');
  write('IKE', 'of the other', '<hq|1> ');
  listening.catchUp();
  await clock.advance(500);
  const sessions = readHistory(history(), 'hq').map(({ session }) => session);
  expect(new Set(sessions).size).toBe(2);
});

test('the order in which SAs came up is known until a charon starts anew', async () => {
  await using listening = open();
  listening.catchUp();
  for (const id of ['2', '1'])
    write('IKE', `CHILD_SA hq{${id}} established with SPIs c1_i c2_o and TS 10.1.0.0/16 === 192.168.1.0/24`, `<hq|${id}> `);
  write('IKE', 'IKE_SA hq[3] established between 198.51.100.10[198.51.100.10]...203.0.113.11[203.0.113.11]', '<hq|3> ');
  listening.catchUp();
  expect([arrivals.isBefore('2', '1'), arrivals.isBefore('1', '3')]).toEqual([true, undefined]);
  write('JOB', 'spawning 16 worker threads');
  listening.catchUp();
  expect(arrivals.isBefore('2', '1')).toBeUndefined();
});

function readNote(): object {
  return JSON.parse(readFileSync(file('charon.log-read'), 'utf8')) as object; // written by createListening
}
