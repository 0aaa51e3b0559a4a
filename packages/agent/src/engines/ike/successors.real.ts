/**
 * IKEv1 where more is accepted than offered, as by Azure's defaults: a CHILD SA that the peer began would be made anew by our end with everything that
 * we accept, in one group (RFC 2409 §5.5), which a peer without PFS refuses. Real charons in namespaces. Needs root.
 */
import type { ConnectionObservation } from '@sallyport/model';
import { childSas, viciRead } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { expect, it } from 'vitest';
import { configurePeer, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved } from './testbed.ts';

const lifetimeSeconds = 30;
const names = (seen: ConnectionObservation): string => seen.ikeSas.flatMap(({ childSas: all }) => all.map(({ name }) => name)).join();

it('a CHILD SA that the peer began is followed by one of ours before it ends, and no packet is lost', async () => {
  await using testbed = await Testbed.create(`heir${process.pid}`);
  await testbed.addMachine('a', peerAddress('a'), peerInside('a'));
  const peer = await testbed.startPeer('a');
  await configurePeer(peer, 'a', { version: '1' });
  const { offers, accepts } = tunnelTo('a').esp;
  const more = [...accepts, { encryption: 'AES128', integrity: 'SHA1', pfsGroup: 'PFS2' }];
  const instance = testbed.instance([tunnelTo('a', { ike: { version: 1 }, esp: { offers, accepts: more, lifetimeSeconds } })]);
  await using engine = testbed.createEngine();
  await testbed.pass(engine, instance);
  await using _driver = testbed.drive(engine, () => instance);
  const observed = (isDone: (seen: ConnectionObservation) => boolean, because: string): Promise<ConnectionObservation> =>
    untilObserved(engine, instance, 'a', isDone, because, 60_000);
  await observed((seen) => names(seen) === 'a', 'our own child is up');
  const ping = (count: number, seconds: number): Promise<number> => testbed.ping(peerNumber('a'), peerInside('a'), count, seconds);
  expect(await ping(3, 5)).toBe(3);
  expect(await peer.rekey({ child: 'net' })).toBe(1);
  await until(
    async () => {
      expect(await ping(3, 5)).toBe(3);
      return names(await observed(() => true, 'it is read'));
    },
    (now) => now === 'a-accept',
    { because: 'only the child that the peer began is left', clock: systemClock, timeoutMs: 20_000, everyMs: 200 },
  );
  // Twenty a second, until well after its lifetime.
  const count = 20 * (lifetimeSeconds + 5);
  const [answered, followed] = await Promise.all([
    ping(count, lifetimeSeconds + 20),
    observed((seen) => names(seen) === 'a', 'it is followed by ours'),
  ]);
  expect(answered).toBe(count);
  expect(followed.ikeSas).toHaveLength(1);
  const theirs = (await peer.listSas()).flatMap(childSas).filter(({ body }) => viciRead.text(body, 'state') === 'INSTALLED');
  expect(theirs).toHaveLength(1);
}, 120_000);
