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
