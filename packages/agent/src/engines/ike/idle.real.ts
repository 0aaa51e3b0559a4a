/** A policy-based gateway's connection on real charons: up on traffic, idle without, and never broken for that. */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Driven, StockPeers } from './driven.ts';
import { peerInside, peerNumber, Testbed, tunnelTo, type PeerSettings } from './testbed.ts';

let testbed: Testbed;
let peers: StockPeers;
beforeAll(async () => {
  testbed = await Testbed.create(`idle${process.pid}`);
  peers = await StockPeers.start(testbed, 'a');
});
afterAll(() => testbed[Symbol.asyncDispose]());
beforeEach(() => peers.configureAll());

const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => testbed.instance(tunnels);

const selectors = [{ local: ['10.1.0.0/16'], remote: ['192.168.21.0/24'] }];
const algorithms = [{ encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' }];
const onTraffic = tunnelTo('a', {
  ike: { version: 1, dpdTimeoutSeconds: 0 },
  esp: { offers: algorithms, accepts: algorithms, selectors, acceptsOtherSelectors: false, idleTimeoutSeconds: 2 },
});
const device: PeerSettings = { version: '1', espProposals: ['aes256-sha256'], remoteSelectors: ['10.1.0.0/16'] };
const idle = (run: Driven, why: RegExp): Promise<ConnectionObservation> =>
  run.until(
    'a',
    ({ status, reason, ikeSas }) => status === 'NotConnected' && reason?.code === 'Idle' && why.test(reason.message) && ikeSas.length === 0,
    `a is idle: ${why.source}`,
  );
const saysNothing = (): Promise<unknown> =>
  until(
    () => peers.get('a').listSas(),
    (sas) => sas.length === 0,
    { because: 'the device has no SA', clock: systemClock },
  );

it('comes up on a packet, goes when there are no more, and comes again from either side', async () => {
  await peers.configure('a', device);
  await using run = await Driven.begin(testbed, plan(onTraffic));
  await idle(run, /no packet has asked for it yet; the next packet of either side brings it up/);
  await saysNothing();
  // The packet that asks is lost, as in the kernel; those that follow are not.
  const first = await until(
    () => testbed.ping(peerNumber('a'), peerInside('a'), 5),
    (answered) => answered === 5,
    { because: 'packets pass', clock: systemClock },
  );
  expect(first).toBe(5);
  expect(await run.up('a')).toMatchObject({ ikeSas: [{ version: 1, childSas: [{ localSelectors: ['10.1.0.0/16'] }] }] });
  await idle(run, /no packet passed for 2 s/);
  await saysNothing();
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  expect((await run.up('a')).ikeSas).toMatchObject([{ isInitiator: false }]);
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
  await idle(run, /no packet passed for 2 s/);
  await until(
    () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
    (answered) => answered === 3,
    { because: 'packets pass again', clock: systemClock },
  );
});

it('is idle, not broken, when the device closes first', async () => {
  await peers.configure('a', device);
  await using run = await Driven.begin(testbed, plan(onTraffic));
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  await run.up('a');
  await peers.get('a').terminate({ ike: 'gw' });
  const closed = /idle, not broken: peer 198\.51\.100\.21 closed the tunnel; the next packet/;
  expect((await idle(run, closed)).ikeSas).toEqual([]);
});

it('takes no selectors but its own, as the device’s initiator learns', async () => {
  await peers.configure('a', { ...device, remoteSelectors: ['10.9.0.0/16'] });
  await using run = await Driven.begin(testbed, plan(onTraffic));
  await expect(peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 })).rejects.toThrow(/net/);
  const refused = ({ reason }: ConnectionObservation): boolean => reason?.code === 'SelectorsRefused';
  const seen = await run.until('a', refused, 'it says so');
  expect(seen.reason?.message).toMatch(/10\.9\.0\.0\/16/);
});

it('says what is wrong once traffic has asked', async () => {
  await peers.configure('a', { ...device, key: 'Another.Key' });
  await using run = await Driven.begin(testbed, plan(onTraffic));
  await idle(run, /no packet has asked/);
  await testbed.ping(peerNumber('a'), peerInside('a'), 1);
  const isTold = ({ status, reason }: ConnectionObservation): boolean => status === 'NotConnected' && reason?.code === 'WrongKey';
  await run.until('a', isTold, 'the reason is WrongKey');
  await peers.configure('a', device);
  const answered = await until(
    () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
    (count) => count === 3,
    { because: 'packets pass once the key is right', clock: systemClock },
  );
  expect(answered).toBe(3);
});
