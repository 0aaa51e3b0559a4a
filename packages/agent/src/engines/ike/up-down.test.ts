/** Who is woken by charon's events, and that a flood of them is not asked for. */
import type { EventHandler, ViciInput, ViciSession } from '@sallyport/protocols';
import { decodeMessage, encodeMessage } from '@sallyport/protocols';
import { ManualClock } from '@sallyport/runtime';
import { beforeEach, expect, test } from 'vitest';
import { createUpDown, type UpDown } from './up-down.ts';

let clock: ManualClock;
let looks: number;
let ended: string[];
let upDown: UpDown;
beforeEach(() => {
  clock = new ManualClock();
  looks = 0;
  ended = [];
  upDown = createUpDown({ clock, look: () => (looks += 1), onEnded: ({ name }) => ended.push(name) });
});

/** One whose charon tells as long as it is asked to. */
class Session {
  handlers = new Set<EventHandler>();
  isGone = false;
  subscribe = (_event: string, handler: EventHandler): Promise<void> => this.#asked(() => this.handlers.add(handler));
  unsubscribe = (_event: string, handler: EventHandler): Promise<void> => this.#asked(() => this.handlers.delete(handler));
  tell(name: string, isUp: boolean): void {
    const message: ViciInput = { ...(isUp ? { up: 'yes' } : {}), [name]: { uniqueid: '1' } };
    for (const handler of this.handlers) handler(decodeMessage(encodeMessage(message)));
  }
  async listen(): Promise<this> {
    await upDown.listen(this as unknown as ViciSession); // all that it is asked for
    return this;
  }
  #asked(act: () => unknown): Promise<void> {
    if (this.isGone) return Promise.reject(new Error('charon closed the VICI connection'));
    act();
    return Promise.resolve();
  }
}

test('what few tunnels do is told: at once when one went, when it has paused when they came up', async () => {
  const session = await new Session().listen();
  session.tell('hq', false);
  expect([looks, ended]).toEqual([1, ['hq']]);
  for (let index = 0; index < 7; index += 1) session.tell('hq', true);
  expect(looks).toBe(1);
  await clock.advance(100);
  expect([looks, session.handlers.size]).toEqual([2, 1]);
});

test('while many come up charon is not asked to tell, and then all are looked at', async () => {
  const session = await new Session().listen();
  for (let index = 0; index < 100; index += 1) session.tell(`hq-${index}`, true);
  await clock.advance(0);
  expect([session.handlers.size, upDown.isFlooded()]).toEqual([0, true]);
  await clock.advance(599);
  expect([looks, session.handlers.size]).toEqual([0, 0]);
  await clock.advance(1);
  expect([looks, session.handlers.size]).toEqual([0, 1]);
  await clock.advance(400);
  expect([looks, session.handlers.size, upDown.isFlooded()]).toEqual([1, 1, false]);
  await clock.advance(5000);
  expect(looks).toBe(1);
  session.tell('hq', true);
  await clock.advance(30);
  expect(looks).toBe(2);
});

test('while a flood goes on all are looked at every two seconds', async () => {
  const session = await new Session().listen();
  const ten = (): void => {
    for (let index = 0; index < 10; index += 1) session.tell('hq', true);
  };
  for (let tenths = 0; tenths < 100; tenths += 1) {
    ten();
    await clock.advance(100);
  }
  expect(looks).toBeGreaterThanOrEqual(3);
  expect(looks).toBeLessThanOrEqual(5);
  await clock.advance(1000);
  expect([session.handlers.size, upDown.isFlooded()]).toEqual([1, false]);
});

test('tunnels that come up one after another are no flood', async () => {
  const session = await new Session().listen();
  for (let index = 0; index < 30; index += 1) {
    session.tell('hq', true);
    await clock.advance(60);
    expect(session.handlers.size).toBe(1);
  }
});

test('a session that ends meanwhile is left aside, and the next one is listened to', async () => {
  const session = await new Session().listen();
  for (let index = 0; index < 8; index += 1) session.tell('hq', true);
  session.isGone = true;
  const next = await new Session().listen();
  await clock.advance(1000);
  expect(looks).toBe(1);
  next.tell('hq', false);
  expect([looks, ended]).toEqual([2, ['hq']]);
});
