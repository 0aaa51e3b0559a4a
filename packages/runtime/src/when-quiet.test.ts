/** Bursts become one act each, and one that never ends is no reason to wait for ever. */
import { expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { whenQuiet } from './when-quiet.ts';

const options = { quietMs: 30, atMostMs: 1000 };

test('a burst is one act, when it has paused', async () => {
  const clock = new ManualClock();
  let acts = 0;
  const call = whenQuiet({ clock, ...options }, () => (acts += 1));
  for (let index = 0; index < 10; index += 1) {
    call();
    await clock.advance(20);
  }
  expect(acts).toBe(0);
  await clock.advance(10);
  expect(acts).toBe(1);
  await clock.advance(5000);
  expect(acts).toBe(1);
});

test('a burst that goes on is an act now and then', async () => {
  const clock = new ManualClock();
  let acts = 0;
  const call = whenQuiet({ clock, ...options }, () => (acts += 1));
  for (let index = 0; index < 200; index += 1) {
    call();
    await clock.advance(20);
  }
  expect(acts).toBe(4); // one a second
});

test('the more calls came, the longer a pause must be, up to ten times', async () => {
  const clock = new ManualClock();
  let acts = 0;
  const call = whenQuiet({ clock, ...options, longerMs: 10 }, () => (acts += 1));
  const actedAfterMs = async (calls: number): Promise<number> => {
    const before = acts;
    for (let index = 0; index < calls; index += 1) call();
    let waitedMs = 0;
    for (; acts === before; waitedMs += 10) await clock.advance(10);
    return waitedMs;
  };
  expect([await actedAfterMs(1), await actedAfterMs(5), await actedAfterMs(100)]).toEqual([30, 70, 300]);
});
