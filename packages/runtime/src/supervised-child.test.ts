/** Children of a real process: started again, stopped politely, and gone with their parent. */
import { afterEach, expect, test } from 'vitest';
import { ManualClock, systemClock, type Clock } from './clock.ts';
import { silentLogger } from './logger.ts';
import { SupervisedChild } from './supervised-child.ts';
import { until } from './until.ts';

const running: SupervisedChild[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) await child.stop(500);
});

type Seen = { readonly lines?: string[]; readonly deaths?: string[]; readonly clock?: Clock };

function start(script: string, { lines = [], deaths = [], clock = systemClock }: Seen = {}): SupervisedChild {
  const child = new SupervisedChild({
    name: 'test',
    argv: [process.execPath, '-e', script],
    clock,
    log: silentLogger,
    onLine: (line) => lines.push(line),
    onDeath: (how) => deaths.push(how),
  });
  running.push(child);
  return child;
}

const waitFor = (read: () => number, wanted: number, because: string): Promise<number> =>
  until(read, (count) => count >= wanted, { because, clock: systemClock, timeoutMs: 10_000, everyMs: 10 });

test('a child that dies is started again, and each death is told', async () => {
  const [lines, deaths]: [string[], string[]] = [[], []];
  start('console.log("up"); setTimeout(() => process.exit(3), 10)', { lines, deaths });
  await waitFor(() => lines.length, 2, 'it is up a second time');
  expect(deaths[0]).toBe('exit code 3');
});

test('a killed child has another process id afterwards', async () => {
  const [lines, deaths]: [string[], string[]] = [[], []];
  const child = start('console.log("up"); setInterval(() => {}, 1000)', { lines, deaths });
  await waitFor(() => lines.length, 1, 'it is up');
  const first = child.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await waitFor(() => lines.length, 2, 'it is up again');
  expect(child.pid).not.toBe(first);
  expect(deaths).toEqual(['signal SIGKILL']);
});

test('a stop is polite, final, and ends by force what does not listen', async () => {
  const lines: string[] = [];
  const stubborn = start('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)', { lines });
  await waitFor(() => lines.length, 1, 'it is up');
  const pid = stubborn.pid ?? 0;
  await stubborn.stop(50);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('a child that was ended together with us is not started again, and nobody is told', async () => {
  const [lines, deaths]: [string[], string[]] = [[], []];
  const standing = new ManualClock();
  const { promise: isNoticed, resolve } = Promise.withResolvers<void>();
  const clock: Clock = { now: standing.now, monotonic: standing.monotonic, sleep: (ms, signal) => (resolve(), standing.sleep(ms, signal)) };
  const child = start('console.log("up"); setInterval(() => {}, 1000)', { lines, deaths, clock });
  await waitFor(() => lines.length, 1, 'it is up');
  process.kill(child.pid ?? 0, 'SIGTERM');
  await isNoticed;
  await child.stop();
  expect([lines, deaths]).toEqual([['up'], []]);
});

test('a program that is not there is a death, not a crash', async () => {
  const deaths: string[] = [];
  const child = new SupervisedChild({
    name: 'test',
    argv: ['/nonexistent/program'],
    clock: systemClock,
    log: silentLogger,
    onDeath: (how) => deaths.push(how),
  });
  running.push(child);
  await waitFor(() => deaths.length, 1, 'the death is told');
  expect(deaths[0]).toContain('ENOENT');
});
