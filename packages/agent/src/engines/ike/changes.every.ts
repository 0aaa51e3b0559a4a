/**
 * Changes of a connection that follow each other faster than they can be carried out, while its peer calls and hangs up, on real charons: what is there in
 * the end is what the last one says, and the SA of another connection stands through all of them. The order is chance; a failure names it.
 */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { systemClock, until } from '@sallyport/runtime';
import { expect, it } from 'vitest';
import { Driven, isUp, StockPeers } from './driven.ts';
import { peerInside, peerNumber, Testbed, tunnelTo } from './testbed.ts';

const modes = {
  Default: { initiates: true, responds: true },
  InitiatorOnly: { initiates: true, responds: false },
  ResponderOnly: { initiates: false, responds: true },
} as const;
type Mode = keyof typeof modes;
type Step = { readonly mode: Mode; readonly lifetimeSeconds: number };

const rounds = 60;
const oneOf = <T>(all: readonly [T, ...T[]]): T => all[Math.floor(Math.random() * all.length)] ?? all[0];

it.each([
  { version: 1 as const, proposals: ['aes256-sha1-modp1024'], espProposals: ['aes256-sha256'] },
  { version: 2 as const, proposals: ['aes256-sha256-modp1024'], espProposals: ['aes256gcm16'] },
])('IKEv$version: the last of many changes is in force, and another connection never notices', async ({ version, ...proposals }) => {
  await using testbed = await Testbed.create(`chg${version}${process.pid}`);
  const peers = await StockPeers.start(testbed, 'a', 'b');
  for (const name of ['a', 'b']) await peers.configure(name, { version: `${version}`, ...proposals });
  const tunnel = (name: string, ike: Partial<TunnelPlan['ike']>): TunnelPlan => tunnelTo(name, { ike: { version, ...ike } });
  const planOf = ({ mode, lifetimeSeconds }: Step): InstancePlan =>
    testbed.instance([tunnel('a', { ...modes[mode], lifetimeSeconds }), tunnel('b', {})]);
  await using run = await Driven.begin(testbed, planOf({ mode: 'Default', lifetimeSeconds: 28_800 }));
  await run.up('a');
  const spisOf = ({ ikeSas }: ConnectionObservation): string =>
    ikeSas.map(({ initiatorSpi, childSas }) => `${initiatorSpi}: ${childSas.map(({ inboundSpi }) => inboundSpi).join()}`).join();
  const other = spisOf(await run.up('b'));

  const calls = (timeoutMs: number): Promise<void> =>
    peers
      .get('a')
      .initiate({ ike: 'gw', child: 'net', timeoutMs })
      .catch(() => undefined); // the gateway may only initiate, or be in the middle of a change
  const meanwhile = [
    () => Promise.resolve(),
    () => run.engine.observe(run.instance),
    () => testbed.pass(run.engine, run.instance),
    () => calls(-1),
    () => peers.get('a').terminate({ ike: 'gw', force: true, timeoutMs: 0 }),
  ] as const;

  for (let round = 0; round < rounds; round += 1) {
    const steps = Array.from({ length: 1 + (round % 4) }, (): Step => ({
      mode: oneOf(['Default', 'InitiatorOnly', 'ResponderOnly']),
      lifetimeSeconds: oneOf([28_800, 7200, 3600]),
    }));
    for (const step of steps) {
      run.change(planOf(step));
      await oneOf(meanwhile)();
    }
    // What stands before the last change is carried out may look like what it asks for.
    await testbed.pass(run.engine, run.instance);
    const told = `round ${round}: ${JSON.stringify(steps)}`;
    const mode = steps.at(-1)?.mode;
    const isAsAsked = (seen: ConnectionObservation): boolean =>
      isUp(seen) && (mode === 'Default' || seen.ikeSas.every(({ isInitiator }) => isInitiator === (mode === 'InitiatorOnly')));
    await until(
      async () => {
        if (mode === 'ResponderOnly') await calls(3000);
        return run.until('a', () => true, told);
      },
      isAsAsked,
      { because: told, clock: systemClock, timeoutMs: 60_000, everyMs: 200 },
    );
    await until(
      () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
      (answered) => answered === 3,
      { because: `packets pass, ${told}`, clock: systemClock },
    );
    expect([told, spisOf(await run.up('b'))]).toEqual([told, other]);
  }
});
