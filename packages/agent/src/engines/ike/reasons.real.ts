/** Why a tunnel is down, told from what real charons say: as initiator, as responder, and of a peer that says nothing. */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { systemClock } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Driven, StockPeers } from './driven.ts';
import { peerInside, peerNumber, Testbed, tunnelTo, type PeerSettings } from './testbed.ts';

let testbed: Testbed;
let peers: StockPeers;
beforeAll(async () => {
  testbed = await Testbed.create(`why${process.pid}`);
  peers = await StockPeers.start(testbed, 'a');
});
afterAll(() => testbed[Symbol.asyncDispose]());
beforeEach(() => peers.configureAll());

const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => testbed.instance(tunnels);

const reasonIs = (run: Driven, code: string): Promise<ConnectionObservation> =>
  run.until('a', ({ status, reason }) => status === 'NotConnected' && reason?.code === code, `the reason is ${code}`);

it.each([
  ['WrongKey', { key: 'Another.Key' }, /198\.51\.100\.21 answered AUTHENTICATION_FAILED: the shared keys differ/],
  [
    'NoCommonIkeProposal',
    { proposals: ['aes128-sha384-ecp384'] },
    /none of our IKE proposals.*; offered AES256\/SHA256\/DHGroup2, AES256\/SHA1\/DHGroup2/,
  ],
  ['NoCommonEspProposal', { espProposals: ['aes128-sha1'] }, /none of our IPsec proposals; offered GCMAES256\/GCMAES256, AES256\/SHA256/],
] as const)('as initiator: %s', async (code, settings: PeerSettings, message) => {
  await peers.configure('a', settings);
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  expect((await reasonIs(run, code)).reason?.message).toMatch(message);
  await peers.configure('a');
  await run.up('a'); // mended on the other side, it comes up by itself
});

it('as initiator: SelectorsRefused', async () => {
  await peers.configure('a', { remoteSelectors: ['172.16.0.0/16'] });
  const selectors = [{ local: ['10.1.0.0/16'], remote: ['192.168.21.0/24'] }];
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { esp: { selectors } })));
  expect((await reasonIs(run, 'SelectorsRefused')).reason?.message).toMatch(
    /^peer 198\.51\.100\.21 refused our traffic selectors; proposed were /,
  );
});

it('as initiator: PeerSilent, within 10 s; and it connects when the peer is there', async () => {
  await peers.get('a').unloadConnection('gw');
  await testbed.killPeer('a');
  const started = systemClock.monotonic();
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  expect((await reasonIs(run, 'PeerSilent')).reason?.message).toBe('peer 198.51.100.21 does not answer on UDP 500');
  expect(systemClock.monotonic() - started).toBeLessThan(10_000);
  await peers.startAgain('a');
  await peers.configure('a');
  await run.up('a');
});

it('of a peer that died: PeerSilent, and it is back with the peer', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { dpdTimeoutSeconds: 9 } })));
  await run.up('a');
  await testbed.killPeer('a');
  await reasonIs(run, 'PeerSilent');
  await peers.startAgain('a');
  await peers.configure('a');
  await run.up('a');
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
});

it.each([
  ['WrongKey', { key: 'Another.Key' }, /198\.51\.100\.21 did not prove our shared key/],
  [
    'NoCommonIkeProposal',
    { proposals: ['aes128-sha384-ecp384'] },
    /offered IKE AES128\/SHA384\/ECP384; accepted are AES256\/SHA256\/DHGroup2/,
  ],
  [
    'NoCommonEspProposal',
    { espProposals: ['aes128-sha1'] },
    /offered IPsec AES128\/SHA1; accepted are GCMAES256\/GCMAES256, AES256\/SHA256/,
  ],
] as const)('as responder: %s', async (code, settings: PeerSettings, message) => {
  await peers.configure('a', settings);
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { initiates: false } })));
  await run.until('a', ({ reason }) => reason?.message.includes('only responds') === true, 'it waits');
  await peers
    .get('a')
    .initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 })
    .catch(() => undefined);
  expect((await reasonIs(run, code)).reason?.message).toMatch(message);
});
