/**
 * An IKEv1 main mode made anew by our end, as after 28,800 s: charon gives the children to the new IKE SA before the peer has said a word. So a
 * slow peer, and one that refuses, must cost no more than they have to. Real charons in namespaces. Needs root.
 */
import type { ConnectionObservation, InstancePlan } from '@sallyport/model';
import { openSession, type ViciSession } from '@sallyport/protocols';
import { systemClock } from '@sallyport/runtime';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InstanceEngine } from '../engine.ts';
import { charonFiles } from './charon.ts';
import { isUp } from './driven.ts';
import { configurePeer, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved, type PeerSettings } from './testbed.ts';

const device: PeerSettings = { version: '1', proposals: ['aes256-sha256-modp1024'] };
let testbed: Testbed;
let peer: ViciSession;
let ours: ViciSession;
let instance: InstancePlan;
let engine: InstanceEngine & AsyncDisposable;
let driver: AsyncDisposable;

beforeAll(async () => {
  testbed = await Testbed.create(`reauth${process.pid}`);
  await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
  peer = await testbed.startPeer('a');
  await configurePeer(peer, 'a', device);
  engine = testbed.createEngine();
  instance = testbed.instance([tunnelTo('a', { ike: { version: 1 } })]);
  await testbed.pass(engine, instance);
  driver = testbed.drive(engine, () => instance);
  ours = await openSession(charonFiles(testbed.context.paths, 'gw-hq-0').socket, { clock: systemClock });
});
afterAll(async () => {
  ours?.[Symbol.dispose]();
  await driver?.[Symbol.asyncDispose]();
  await engine?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

const observed = (isDone: (seen: ConnectionObservation) => boolean, because: string): Promise<ConnectionObservation> =>
  untilObserved(engine, instance, 'a', isDone, because);
const atPeer = (text: string): Promise<unknown> =>
  testbed.context.run(['nsenter', `--net=/run/netns/${testbed.prefix}a`, '--', 'nft', text]);
const reauthenticate = (): Promise<unknown> => ours.connection.request('rekey', { ike: 'a', reauth: 'yes' });
/** 60 of them take three seconds: the agent has looked at the SAs by then. */
const answered = (): Promise<number> => testbed.ping(peerNumber('a'), peerInside('a'), 60, 10);

it('an answer that takes seconds is waited for, and packets flow meanwhile', async () => {
  const before = await observed(isUp, 'a is up');
  expect(await answered()).toBe(60);
  // IKE on 4500 begins with four zeros, ESP does not (RFC 3948 §2.2).
  await atPeer(
    'add table inet sp; add chain inet sp in { type filter hook input priority 0; }; add rule inet sp in udp dport 4500 @th,64,32 0 drop',
  );
  await reauthenticate();
  expect(await observed(({ ikeSas }) => ikeSas.length === 2, 'the new main mode has begun')).toMatchObject({ status: 'Connected' });
  expect(await answered()).toBe(60);
  await atPeer('delete table inet sp');
  const renewed = (seen: ConnectionObservation): boolean =>
    isUp(seen) && seen.ikeSas.some(({ uniqueId, state }) => state === 'ESTABLISHED' && uniqueId !== before.ikeSas[0]?.uniqueId);
  await observed(renewed, 'the new main mode is complete');
  expect(await answered()).toBe(60);
});

it('a peer that refuses is told so, and is tried again until it does not', async () => {
  await observed((seen) => isUp(seen) && seen.ikeSas.length === 1, 'one SA is left');
  await configurePeer(peer, 'a', { ...device, proposals: ['aes128-sha512-modp2048'] });
  await reauthenticate();
  const refused = (seen: ConnectionObservation): boolean => seen.status === 'NotConnected' && seen.reason?.code === 'NoCommonIkeProposal';
  await observed(refused, 'the reason is told');
  await configurePeer(peer, 'a', device);
  await observed(isUp, 'it is up again');
  expect(await answered()).toBe(60);
});
