/** BackgroundTask against a manual clock. */
import { expect, test } from 'vitest';
import { BackgroundTask } from './background-task.ts';
import { ManualClock } from './clock.ts';
import { silentLogger } from './logger.ts';

test('a task runs at once, then every period, and sooner when woken', async () => {
  const clock = new ManualClock();
  let runs = 0;
  await using task = new BackgroundTask({ name: 't', periodMs: 1000, clock, log: silentLogger, activate: async () => void (runs += 1) });
  task.start();
  await clock.advance(0);
  expect(runs).toBe(1);
  await clock.advance(1000);
  expect(runs).toBe(2);
  task.wake();
  await clock.advance(0);
  expect(runs).toBe(3);
});

test('a task that has time at first runs after it, or when woken', async () => {
  const clock = new ManualClock();
  const runs = [0, 0];
  const [patient, woken] = runs.map(
    (_, index) =>
      new BackgroundTask({
        name: 't',
        periodMs: 1000,
        firstAfterMs: 500,
        clock,
        log: silentLogger,
        activate: async () => void (runs[index] = (runs[index] ?? 0) + 1),
      }),
  );
  patient?.start();
  woken?.wake();
  woken?.start();
  await clock.advance(499);
  expect(runs).toEqual([0, 1]);
  await clock.advance(1);
  expect(runs).toEqual([1, 1]);
  await clock.advance(1000);
  expect(runs).toEqual([2, 2]);
  await patient?.[Symbol.asyncDispose]();
  await woken?.[Symbol.asyncDispose]();
});

test('a failing activation is retried with growing waits and then forgotten', async () => {
  const clock = new ManualClock();
  let runs = 0;
  await using task = new BackgroundTask({
    name: 't',
    periodMs: 60_000,
    retryMs: 100,
    clock,
    log: silentLogger,
    activate: async () => {
      runs += 1;
      if (runs < 3) throw new Error('not yet');
    },
  });
  task.start();
  await clock.advance(0);
  await clock.advance(99);
  expect(runs).toBe(1);
  await clock.advance(1);
  expect(runs).toBe(2);
  expect(task.status().lastError).toBe('not yet');
  await clock.advance(200);
  expect(runs).toBe(3);
  expect(task.status()).toEqual({ name: 't', activations: 3, failuresInARow: 0 });
});

test('an activation that goes on failing is logged when its reason changes, and once it works again', async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const reasons = ['away', 'away', 'away', 'refused', 'refused', undefined, undefined, 'refused'];
  await using task = new BackgroundTask({
    name: 't',
    periodMs: 1000,
    clock,
    log: {
      ...silentLogger,
      warn: ({ err }, message) => lines.push(`${message}: ${String(err)}`),
      info: ({ failuresInARow }, message) => lines.push(`${message} after ${String(failuresInARow)}`),
    },
    activate: async () => {
      const reason = reasons.shift();
      if (reason !== undefined) throw new Error(reason);
    },
  });
  task.start();
  while (reasons.length > 0) await clock.advance(100);
  expect(lines).toEqual([
    'task activation failed: Error: away',
    'task activation failed: Error: refused',
    'task works again after 5',
    'task activation failed: Error: refused',
  ]);
});

test('a task that rests lets a storm of wakes through only as often as its own time allows', async () => {
  const clock = new ManualClock();
  let runs = 0;
  await using task = new BackgroundTask({
    name: 't',
    periodMs: 60_000,
    rest: 3,
    clock,
    log: silentLogger,
    activate: async (signal) => {
      runs += 1;
      await clock.sleep(10, signal);
    },
  });
  task.start();
  task.wake();
  for (let ms = 0; ms < 400; ms += 1) {
    task.wake();
    await clock.advance(1);
  }
  expect(runs).toBe(11);
  await clock.advance(100);
  task.wake();
  const before = runs;
  await clock.advance(0);
  expect(runs).toBe(before + 1);
});
