/** Keys rotated against stock charons, each end at its own time: which is let in when, and what an established SA notices of it. */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { openSession, type ViciSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charonFiles } from './charon.ts';
import { Driven, isUp } from './driven.ts';
import { configurePeer, gatewayAddress, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved } from './testbed.ts';

const [oldKey, newKey] = ['Testbed.Key.1', 'Testbed.Key.2'];
const far = '2999-01-01T00:00:00.000Z';
const saIds = (seen: ConnectionObservation): string => seen.ikeSas.map(({ uniqueId }) => uniqueId).join();

describe.each([
  { version: 1 as const, proposals: ['aes256-sha1-modp1024'], espProposals: ['aes256-sha256'] },
  { version: 2 as const, proposals: ['aes256-sha256-modp1024'], espProposals: ['aes256gcm16'] },
])('a key rotation of IKEv$version', ({ version, proposals, espProposals }) => {
  let testbed: Testbed;
  let peer: ViciSession;

  beforeAll(async () => {
    testbed = await Testbed.create(`rot${version}${process.pid}`);
    await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
    peer = await testbed.startPeer('a');
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  const reference = tunnelTo('a').ike.sharedKey;
  const withKeys = (ike: Partial<TunnelPlan['ike']>): InstancePlan => testbed.instance([tunnelTo('a', { ike: { version, ...ike } })]);
  const before = (): InstancePlan => withKeys({ sharedKey: reference });
  const during = (change: Partial<TunnelPlan['ike']> = {}, acceptedUntil = far): InstancePlan =>
    withKeys({ sharedKey: { ...reference, version: 2 }, previousSharedKey: { ...reference, acceptedUntil }, ...change });

  const begin = async (instance: InstancePlan): Promise<Driven> => {
    testbed.keys.set(`${reference.id}@1`, oldKey).set(`${reference.id}@2`, newKey);
    await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
    await configurePeer(peer, 'a', { key: oldKey, version: `${version}`, proposals, espProposals });
    return Driven.begin(testbed, instance);
  };
  const deviceTurns = (key: string): Promise<void> =>
    peer.loadShared({ id: 'gw', key: Buffer.from(key), owners: [peerAddress('a'), gatewayAddress] });
  const hasKey =
    (keyVersion: number | undefined) =>
    (seen: ConnectionObservation): boolean =>
      isUp(seen) && seen.sharedKeyVersion === keyVersion;
  const up = (run: Driven, keyVersion: number | undefined): Promise<ConnectionObservation> =>
    run.until('a', hasKey(keyVersion), `it is up with key ${keyVersion ?? 'only'}`);
  /** The device ends the IKE SA and starts another, as on a reboot or a re-authentication. */
  const deviceReauthenticates = async (run: Driven, keyVersion: number): Promise<void> => {
    const was = saIds((await run.engine.observe(run.instance)).connections[0] as ConnectionObservation);
    await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
    await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 }).catch(() => undefined); // refused once where the keys cross
    await run.until('a', (seen) => hasKey(keyVersion)(seen) && saIds(seen) !== was, `a new SA with key ${keyVersion}`);
    const answered = (): Promise<number> => testbed.ping(peerNumber('a'), peerInside('a'), 3);
    await until(answered, (count) => count === 3, { because: 'packets pass', clock: systemClock });
  };

  it('gateway first: the SA stands untouched, the old key goes on until the device turns, then the new', async () => {
    await using run = await begin(before());
    const was = saIds(await up(run, undefined));
    const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 60);
    run.change(during());
    expect(saIds(await up(run, 1))).toBe(was);
    expect(await echoes).toBe(60);
    await deviceReauthenticates(run, 1);
    await deviceTurns(newKey);
    await deviceReauthenticates(run, 2);
    const settled = saIds(await up(run, 2));
    run.change(withKeys({ sharedKey: { ...reference, version: 2 } }));
    expect(saIds(await up(run, undefined))).toBe(settled);
  });

  it('device first: the SA stands untouched, and the new key is good as soon as the gateway knows it', async () => {
    await using run = await begin(before());
    const was = saIds(await up(run, undefined));
    await deviceTurns(newKey);
    run.change(during());
    expect(saIds(await up(run, 1))).toBe(was);
    await deviceReauthenticates(run, 2);
  });

  it.runIf(version === 2)('would not work with both keys loaded: charon verifies with either and signs with one', async () => {
    await using run = await begin(before());
    await up(run, undefined);
    await run[Symbol.asyncDispose]();
    using charon = await openSession(charonFiles(testbed.context.paths, run.instance.namespace).socket, { clock: systemClock });
    const refusals: string[] = [];
    await peer.subscribeLog(({ message }) => void (/MAC mismatched|AUTHENTICATION_FAILED/.test(message) && refusals.push(message)));
    await charon.loadShared({ id: 'second', key: Buffer.from(newKey), owners: [gatewayAddress, peerAddress('a')] });
    const outcomes: string[] = [];
    for (const key of [oldKey, newKey]) {
      await deviceTurns(key);
      await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
      outcomes.push(
        await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 }).then(
          () => 'up',
          () => 'refused',
        ),
      );
    }
    await charon.unloadShared('second');
    expect([outcomes.toSorted(), refusals]).toEqual([['refused', 'up'], [expect.stringMatching(/MAC mismatched/)]]);
  });

  it('finds the key of a device it starts towards, whichever it has', async () => {
    await using run = await begin(during());
    const withOld = saIds(await up(run, 1));
    await deviceTurns(newKey);
    await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
    expect(saIds(await up(run, 2))).not.toBe(withOld);
  });

  it('answers either key where it only responds', async () => {
    await using run = await begin(during({ initiates: false }));
    const deviceStarts = (): Promise<void> => peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 3000 }).catch(() => undefined);
    const seen = await until(
      async () => {
        await deviceStarts();
        return (await run.engine.observe(run.instance)).connections[0];
      },
      (one) => one?.status === 'Connected' && one.sharedKeyVersion === 1,
      { because: 'the old key is let in', clock: systemClock, timeoutMs: 30_000 },
    );
    expect(seen?.ikeSas.map(({ isInitiator }) => isInitiator)).toEqual([false]);
  });

  it('refuses the old key after the window, though the plan still names it', async () => {
    await using run = await begin(during());
    await up(run, 1);
    run.change(during({}, '2001-01-01T00:00:00.000Z'));
    const refused = await run.until('a', ({ reason }) => reason?.code === 'WrongKey', 'the old key is refused');
    await deviceTurns(newKey);
    expect([refused.status, saIds(await up(run, undefined))]).toEqual(['NotConnected', expect.stringMatching(/^\d+$/)]);
  });

  it('keeps the key it found over a restart of the agent', async () => {
    await using run = await begin(during());
    const was = saIds(await up(run, 1));
    await run[Symbol.asyncDispose]();
    await using engine = testbed.createEngine();
    expect(await testbed.pass(engine, run.instance)).toEqual([]);
    expect(saIds(await untilObserved(engine, run.instance, 'a', hasKey(1), 'it is up'))).toBe(was);
  });
});
