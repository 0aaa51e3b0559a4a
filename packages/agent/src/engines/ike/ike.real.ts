/** Our engine drives a real charon over xfrmd against stock charons, in namespaces: what it makes and what it leaves alone. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { charonFiles } from './charon.ts';
import { Driven, isUp, saIds, StockPeers } from './driven.ts';
import { peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved } from './testbed.ts';

let testbed: Testbed;
let peers: StockPeers;
beforeAll(async () => {
  testbed = await Testbed.create(`ike${process.pid}`);
  peers = await StockPeers.start(testbed, 'a', 'b', 'c');
});
afterAll(() => testbed[Symbol.asyncDispose]());
beforeEach(() => peers.configureAll());

const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => testbed.instance(tunnels);

it('brings tunnels up, carries packets, and reports in Azure’s names', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a'), tunnelTo('b')));
  const seen = await run.up('a');
  await run.up('b');
  expect(seen.ikeSas).toMatchObject([
    {
      state: 'ESTABLISHED',
      version: 2,
      remoteAddress: peerAddress('a'),
      remotePort: 4500,
      encryption: 'AES256',
      integrity: 'SHA256',
      dhGroup: 'DHGroup2',
      childSas: [
        {
          encryption: 'GCMAES256',
          integrity: 'GCMAES256',
          pfsGroup: 'None',
          isUdpEncapsulated: true,
          remoteSelectors: ['192.168.21.0/24'],
        },
      ],
    },
  ]);
  expect(await testbed.ping(peerNumber('a'), peerInside('a'), 5)).toBe(5);
  expect(await testbed.ping(peerNumber('b'), peerInside('b'), 5)).toBe(5);
});

it('changes one of three and leaves the SAs of the others as they are', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a'), tunnelTo('b'), tunnelTo('c')));
  const before = { a: saIds(await run.up('a')), c: saIds(await run.up('c')), b: saIds(await run.up('b')) };
  const reference = { ...tunnelTo('b').ike.sharedKey, version: 2 };
  testbed.keys.set(`${reference.id}@2`, 'Testbed.Key.2');
  run.change(plan(tunnelTo('a'), tunnelTo('b', { ike: { sharedKey: reference } }), tunnelTo('c')));
  await run.until('b', ({ reason }) => reason?.code === 'WrongKey', 'b fails while only our end has the new key');
  await peers.get('b').loadShared({ id: 'gw', key: Buffer.from('Testbed.Key.2'), owners: [peerAddress('b'), '198.51.100.10'] });
  expect(saIds(await run.up('b'))).not.toEqual(before.b);
  expect(saIds(await run.up('a'))).toEqual(before.a);
  expect(saIds(await run.up('c'))).toEqual(before.c);
  run.change(plan(tunnelTo('a'), tunnelTo('c')));
  await until(
    () => peers.get('b').listSas(),
    (sas) => sas.length === 0,
    { because: 'the peer of the deleted connection was told', clock: systemClock },
  );
  expect(saIds(await run.up('a'))).toEqual(before.a);
  expect(saIds(await run.up('c'))).toEqual(before.c);
});

it('finds everything again after its own restart and sends charon nothing', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  const before = saIds(await run.up('a'));
  await run[Symbol.asyncDispose]();
  const log = (): string => readFileSync(charonFiles(testbed.context.paths, 'gw-hq-0').logFile, 'utf8');
  const logged = log();
  await using engine = testbed.createEngine();
  expect(await testbed.pass(engine, run.instance)).toEqual([]);
  expect(saIds(await untilObserved(engine, run.instance, 'a', isUp, 'it is up'))).toEqual(before);
  expect(log().slice(logged.length)).not.toMatch(/\[CFG\]/);
});

it('has all tunnels back after charon was killed, without a hand', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a'), tunnelTo('b')));
  await Promise.all([run.up('a'), run.up('b')]);
  const { engines } = await run.engine.observe(run.instance);
  process.kill(engines[0]?.processId ?? 0, 'SIGKILL');
  await run.until('a', ({ status }) => status !== 'Connected', 'the observation tells the truth');
  await Promise.all([run.up('a'), run.up('b')]);
  const answered = await until(
    () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
    (count) => count === 3,
    { because: 'packets pass', clock: systemClock },
  );
  expect(answered).toBe(3);
});

it('ends a charon that nobody knows any more, and starts its own', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  await run.up('a');
  const pid = (await run.engine.observe(run.instance)).engines[0]?.processId ?? 0;
  await run[Symbol.asyncDispose]();
  rmSync(charonFiles(testbed.context.paths, 'gw-hq-0').pidFile);
  await using engine = testbed.createEngine();
  expect(await testbed.pass(engine, run.instance)).toEqual([]);
  await untilObserved(engine, run.instance, 'a', isUp, 'it is up');
  expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false);
});

it('counts across rekeys', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a')));
  const first = saIds(await run.up('a'));
  await testbed.ping(peerNumber('a'), peerInside('a'), 10);
  expect(await peers.get('a').rekey({ child: 'net' })).toBe(1);
  await run.until('a', (seen) => isUp(seen) && saIds(seen).join() !== first.join(), 'the child was rekeyed');
  await testbed.ping(peerNumber('a'), peerInside('a'), 10);
  const seen = await run.until('a', ({ ingressPackets }) => ingressPackets >= 20, '20 packets are counted');
  expect(seen).toMatchObject({ ingressPackets: 20, egressPackets: 20, ingressBytes: 20 * 84, egressBytes: 20 * 84 });
});

it('speaks IKEv1', async () => {
  await peers.configure('a', { version: '1', proposals: ['aes256-sha1-modp1024'], espProposals: ['aes256-sha256'] });
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { version: 1 } })));
  expect((await run.up('a')).ikeSas).toMatchObject([
    { version: 1, integrity: 'SHA1', childSas: [{ encryption: 'AES256', integrity: 'SHA256' }] },
  ]);
});

it('accepts as responder what it would not offer', async () => {
  await peers.configure('a', { espProposals: ['aes128-sha1'] });
  const accepts = [...tunnelTo('a').esp.accepts, { encryption: 'AES128', integrity: 'SHA1', pfsGroup: 'None' }];
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { esp: { accepts } })));
  await run.until('a', ({ reason }) => reason?.code === 'NoCommonEspProposal', 'our own start is refused');
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
  expect((await run.up('a')).ikeSas.flatMap((sa) => sa.childSas)).toMatchObject([
    { encryption: 'AES128', integrity: 'SHA1', name: 'a-accept' },
  ]);
});

it('makes one child per pair of selectors', async () => {
  const selectors = ['10.1.0.0/16', '10.2.0.0/16'].map((local) => ({ local: [local], remote: ['192.168.21.0/24'] }));
  await peers.configure('a', { remoteSelectors: ['10.0.0.0/8'] });
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { esp: { selectors } })));
  const both = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.flatMap((sa) => sa.childSas).length === 2;
  const seen = await run.until('a', both, 'both pairs are up');
  expect(seen.ikeSas.flatMap((sa) => sa.childSas.flatMap((child) => child.localSelectors)).toSorted()).toEqual([
    '10.1.0.0/16',
    '10.2.0.0/16',
  ]);
});

it('leaves an IKE SA that the peer makes anew, also where it only initiates', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { responds: false } })));
  const [before] = (await run.up('a')).ikeSas;
  const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 60);
  expect(await peers.get('a').rekey({ ike: 'gw' })).toBe(1);
  expect(await echoes).toBe(60);
  const [after, ...others] = (await run.up('a')).ikeSas;
  expect([after?.isInitiator, others]).toEqual([false, []]);
  expect(after?.childSas.map(({ inboundSpi }) => inboundSpi)).toEqual(before?.childSas.map(({ inboundSpi }) => inboundSpi));
});

it('ends what the peer opens where it only initiates', async () => {
  await using run = await Driven.begin(testbed, plan(tunnelTo('a', { ike: { responds: false } })));
  await run.up('a');
  await peers.get('a').terminate({ ike: 'gw' });
  await peers.get('a').initiate({ ike: 'gw', child: 'net', timeoutMs: -1 });
  const own = ({ ikeSas, status }: ConnectionObservation): boolean => status === 'Connected' && ikeSas.every((sa) => sa.isInitiator);
  expect((await run.until('a', own, 'only our own SA is left')).ikeSas).not.toEqual([]);
});
