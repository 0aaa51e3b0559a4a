/**
 * IKEv2, both ends begin, and our IKE_AUTH is lost once: when it comes again the peer has its own SA, and ends that one without a word, for ours says
 * INITIAL_CONTACT (RFC 7296 §2.4). Of our two, which are of the same moment, only one is the peer's. Real charons in namespaces. Needs root.
 */
import type { ConnectionObservation } from '@sallyport/model';
import { viciRead, type ViciSession } from '@sallyport/protocols';
import { expect, it } from 'vitest';
import { configurePeer, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved } from './testbed.ts';

const established = ({ ikeSas }: ConnectionObservation): number => ikeSas.filter(({ state }) => state === 'ESTABLISHED').length;

// Which of the two has the lower SPIs is chance.
it.concurrent.each([1, 2, 3])('one that both ends have is kept: round %i', { timeout: 120_000 }, async (round) => {
  await using testbed = await Testbed.create(`mute${process.pid}${round}`);
  await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
  const peer: ViciSession = await testbed.startPeer('a');
  await configurePeer(peer, 'a');
  const atPeer = (text: string): Promise<unknown> =>
    testbed.context.run(['nsenter', `--net=/run/netns/${testbed.prefix}a`, '--', 'nft', text]);
  // Our requests of IKE_AUTH: exchange type 35, flags of an original initiator's request. RFC 7296 §3.1, RFC 3948 §2.2.
  await atPeer(
    'add table inet sp; add chain inet sp in { type filter hook input priority 0; }; add rule inet sp in udp dport 4500 @th,240,8 35 @th,248,8 8 counter drop',
  );
  const instance = testbed.instance([tunnelTo('a')]);
  await using engine = testbed.createEngine();
  await testbed.pass(engine, instance);
  await using _driver = testbed.drive(engine, () => instance);
  await untilObserved(engine, instance, 'a', ({ ikeSas }) => ikeSas.length === 1, 'our attempt is under way');
  await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  await atPeer('delete table inet sp');
  await untilObserved(engine, instance, 'a', (seen) => established(seen) === 2, 'both stand here');
  const theirs = async (): Promise<readonly (string | undefined)[]> =>
    (await peer.listSas()).map(({ body }) => viciRead.text(body, 'initiator-spi'));
  // The peer has ended its own by now.
  expect(await theirs()).toHaveLength(1);
  const one = await untilObserved(engine, instance, 'a', ({ ikeSas }) => ikeSas.length === 1, 'one is left', 60_000);
  // Where ours with the peer's number had to be found dead, charon has made a third.
  expect(await theirs()).toContain(one.ikeSas[0]?.initiatorSpi);
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
});
