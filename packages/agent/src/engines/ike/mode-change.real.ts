/**
 * A change of `connectionMode` to Default leaves the tunnel as it is: the same SAs, and no echo lost; and is in force, for our end now
 * starts it. Real charons in namespaces. Needs root.
 */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { InstanceEngine } from '../engine.ts';
import { isUp } from './driven.ts';
import { configurePeer, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved } from './testbed.ts';

type Mode = Pick<TunnelPlan['ike'], 'initiates' | 'responds'>;
const responderOnly: Mode = { initiates: false, responds: true };
const initiatorOnly: Mode = { initiates: true, responds: false };
const both: Mode = { initiates: true, responds: true };

let testbed: Testbed;
let peer: ViciSession;
let engine: InstanceEngine & AsyncDisposable;

beforeAll(async () => {
  testbed = await Testbed.create(`mode${process.pid}`);
  await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
  peer = await testbed.startPeer('a');
  engine = testbed.createEngine();
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

const versions = [1, 2] as const;
const ids = ({ ikeSas }: ConnectionObservation): readonly string[] =>
  ikeSas.map((sa) => `${sa.uniqueId} ${sa.initiatorSpi}: ${sa.childSas.map((child) => `${child.uniqueId} ${child.inboundSpi}`).join()}`);
const hasAnswers = ({ ikeSas }: ConnectionObservation): boolean =>
  ikeSas.some((sa) => sa.childSas.some(({ packetsIn }) => packetsIn >= 10));
const instanceOf = (version: 1 | 2, mode: Mode): InstancePlan => testbed.instance([tunnelTo('a', { ike: { version, ...mode } })]);

it.each(
  versions.flatMap((version) => [[version, 'ResponderOnly', responderOnly] as const, [version, 'InitiatorOnly', initiatorOnly] as const]),
)('IKEv%i: from %s to Default the SAs stay, and no echo is lost', async (version, _mode, former) => {
  await testbed.pass(engine, testbed.instance([]));
  await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
  await configurePeer(peer, 'a', { version: `${version}` });
  const before = instanceOf(version, former);
  await testbed.pass(engine, before);
  if (!former.initiates) await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  const stood = await untilObserved(engine, before, 'a', isUp, 'a is up');

  const after = instanceOf(version, both);
  const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 100, 20);
  await untilObserved(engine, before, 'a', hasAnswers, 'echoes are under way');
  await testbed.pass(engine, after);
  await testbed.pass(engine, after);
  expect(await echoes).toBe(100);
  expect(ids(await untilObserved(engine, after, 'a', isUp, 'a is still up'))).toEqual(ids(stood));

  // What the new mode is for.
  await peer.terminate({ ike: 'gw' });
  const isOurs = (seen: ConnectionObservation): boolean => isUp(seen) && seen.ikeSas.every((sa) => sa.isInitiator);
  await untilObserved(engine, after, 'a', isOurs, 'our end has started it');
});
