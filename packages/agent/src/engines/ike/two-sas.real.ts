/** Where two SAs of a connection stand on real charons, because both ends began or one is followed by another: which is ended, and that no packet is lost. */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { childSas, viciRead } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Driven, isUp, saIds, StockPeers } from './driven.ts';
import { peerInside, peerNumber, Testbed, tunnelTo } from './testbed.ts';

let testbed: Testbed;
let peers: StockPeers;
beforeAll(async () => {
  testbed = await Testbed.create(`two${process.pid}`);
  peers = await StockPeers.start(testbed, 'a');
});
afterAll(() => testbed[Symbol.asyncDispose]());
beforeEach(() => peers.configureAll());

const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => testbed.instance(tunnels);

/** Each has sent its first packet before it hears the other. */
const cross = async (run: Driven): Promise<void> => {
  await using silence = await testbed.silence();
  run.change(plan(tunnelTo('a')));
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: -1 });
  const hasBegun = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.some((sa) => sa.isInitiator && sa.state === 'CONNECTING');
  await run.until('a', hasBegun, 'our end has begun');
  const ofPeer = (await peers.get('a').listSas()).filter(({ body }) => viciRead.flag(body, 'initiator'));
  expect(ofPeer.map(({ body }) => viciRead.text(body, 'state'))).toEqual(['CONNECTING']);
  await silence.end();
};

it('does not flap when both ends start at once', async () => {
  await using run = await Driven.begin(testbed, plan());
  await cross(run);
  await run.up('a');
  const seen = new Set<string>();
  const ids = new Set<string>();
  const isOver = ({ status, ikeSas }: ConnectionObservation): boolean => {
    seen.add(status);
    for (const sa of ikeSas) ids.add(sa.uniqueId);
    // charon ends what another replaced after 10 s, and we after 15.
    return ikeSas.length === 1 && ikeSas.every((sa) => sa.establishedSeconds > 16);
  };
  await run.until('a', isOver, 'one SA is left and stays', 60_000);
  expect([...seen]).toEqual(['Connected']);
  expect(ids.size).toBeLessThanOrEqual(2);
});

it('ends one of two that crossed within seconds, and no echo is lost', async () => {
  await using run = await Driven.begin(testbed, plan());
  const haveCome = ({ ikeSas }: ConnectionObservation): boolean =>
    ikeSas.every((sa) => sa.state === 'ESTABLISHED' && sa.childSas.length === 1) && ikeSas.some((sa) => sa.establishedSeconds >= 1);
  // An end that hears the other early enough leaves its own attempt, and one SA comes of it.
  for (let count = 0, attempt = 1; count !== 2; attempt += 1) {
    expect(attempt).toBeLessThan(8);
    run.change(plan());
    await peers.configure('a');
    await until(
      () => peers.get('a').listSas(),
      (sas) => sas.length === 0,
      { because: 'the last attempt has left nothing', clock: systemClock },
    );
    await cross(run);
    count = (await run.until('a', haveCome, 'what crossed has come up')).ikeSas.length;
  }
  const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 500, 40);
  // charon ends what another replaced after 10 s.
  const isOver = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.length === 1;
  const left = await run.until('a', isOver, 'one is ended', 8000);
  expect(await echoes).toBe(500);
  expect(saIds(await run.up('a'))).toEqual(saIds(left));
  const ofPeer = (await peers.get('a').listSas()).map(({ body }) => viciRead.text(body, 'initiator-spi'));
  expect(ofPeer).toEqual(left.ikeSas.map(({ initiatorSpi }) => initiatorSpi));
});

it('ends the older of two CHILD SAs when the peer asked for its own in the IKE SA that we began, and no packet is lost', async () => {
  await peers.configure('a', { children: ['net', 'again'] });
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  const first = await run.up('a');
  await peers.get('a').initiate({ ike: 'gw', child: 'again', timeoutMs: 5000 });
  const childrenOf = ({ ikeSas }: ConnectionObservation): readonly string[] =>
    ikeSas.flatMap((sa) => sa.childSas.map(({ uniqueId }) => uniqueId));
  const two = await run.until('a', (seen) => childrenOf(seen).length === 2, 'both stand');
  const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 500, 40);
  const one = await run.until('a', (seen) => childrenOf(seen).length === 1, 'one is ended');
  expect(await echoes).toBe(500);
  expect(childrenOf(one)).toEqual(childrenOf(two).filter((id) => !childrenOf(first).includes(id)));
  expect(one.ikeSas.map(({ uniqueId }) => uniqueId)).toEqual(first.ikeSas.map(({ uniqueId }) => uniqueId));
  expect((await peers.get('a').listSas()).map((sa) => childSas(sa).length)).toEqual([1]);
});

it('IKEv1: ends a CHILD SA that charon keeps as REKEYED, also when nothing is sent', async () => {
  await peers.configure('a', { version: '1', children: ['net', 'again'] });
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { version: 1, initiates: false } })));
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  await run.up('a');
  await peers.get('a').initiate({ ike: 'gw', child: 'again', timeoutMs: 5000 });
  const statesOf = ({ ikeSas }: ConnectionObservation): string => ikeSas.flatMap((sa) => sa.childSas.map(({ state }) => state)).join();
  await run.until('a', (seen) => statesOf(seen) === 'REKEYED,INSTALLED', 'charon keeps the former');
  await run.until('a', (seen) => statesOf(seen) === 'INSTALLED', 'the former is ended');
  const left = (await peers.get('a').listSas()).flatMap((sa) => childSas(sa).map((child) => viciRead.text(child.body, 'name')));
  expect(left).toEqual(['again']);
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
});

it('IKEv1: ends its own CHILD SA once the peer has begun another in its place and sends on it', async () => {
  await peers.configure('a', { version: '1' });
  const { offers, accepts } = tunnelTo('a').esp;
  // As Azure's defaults: more is accepted than offered, so what the peer begins is another child than ours.
  const more = [...accepts, { encryption: 'AES128', integrity: 'SHA1', pfsGroup: 'None' }];
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { version: 1 }, esp: { offers, accepts: more } })));
  const first = await run.up('a');
  expect(first.ikeSas.flatMap(({ childSas }) => childSas.map(({ name }) => name))).toEqual(['a']);
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
  expect(await peers.get('a').rekey({ child: 'net' })).toBe(1);
  const names = (seen: ConnectionObservation): string => seen.ikeSas.flatMap(({ childSas }) => childSas.map(({ name }) => name)).join();
  await run.until('a', (seen) => names(seen) === 'a,a-accept', 'the peer has begun another');
  await until(
    async () => {
      expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
      return names(await run.until('a', isUp, 'it is up all the time'));
    },
    (now) => now === 'a-accept',
    { because: 'the former is ended', clock: systemClock, timeoutMs: 20_000, everyMs: 200 },
  );
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
  // The peer was told.
  const theirs = (await peers.get('a').listSas()).flatMap(childSas).filter(({ body }) => viciRead.text(body, 'state') === 'INSTALLED');
  expect(theirs).toHaveLength(1);
});
