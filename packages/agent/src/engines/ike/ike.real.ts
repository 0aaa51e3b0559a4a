/** Our engine drives a real charon over xfrmd against stock charons, in namespaces: what it makes, leaves alone, and says. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { childSas, viciRead, type ViciSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceEngine } from '../engine.ts';
import { charonFiles } from './charon.ts';
import { configurePeer, peerAddress, peerInside, peerNumber, Testbed, tunnelTo, untilObserved, type PeerSettings } from './testbed.ts';

const isUp = ({ status }: ConnectionObservation): boolean => status === 'Connected';
const saIds = (seen: ConnectionObservation): readonly string[] =>
  seen.ikeSas.map((sa) => `${sa.uniqueId}: ${sa.childSas.map((child) => child.uniqueId).join()}`);

describe('the IKE engine on a real charon', () => {
  let testbed: Testbed;
  const peers = new Map<string, ViciSession>();
  let current: InstancePlan;

  beforeAll(async () => {
    testbed = await Testbed.create(`ike${process.pid}`);
    for (const name of ['a', 'b', 'c']) {
      await testbed.addMachine(name, peerAddress(name), peerInside(name));
      peers.set(name, await testbed.startPeer(name));
    }
  });
  afterAll(() => testbed[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const name of peers.keys()) await configure(name);
  });

  const peer = (name: string): ViciSession => {
    const found = peers.get(name);
    if (found === undefined) throw new Error(`no peer ${name}`);
    return found;
  };
  const configure = async (name: string, settings: PeerSettings = {}): Promise<void> => {
    await peer(name).terminate({ ike: 'gw', force: true, timeoutMs: 0 });
    await configurePeer(peer(name), name, settings);
  };
  const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => testbed.instance(tunnels);
  const up = (engine: InstanceEngine, name: string): Promise<ConnectionObservation> =>
    untilObserved(engine, current, name, isUp, `${name} is up`);
  /** Starts with nothing loaded. */
  const begin = async (instance: InstancePlan): Promise<{ engine: InstanceEngine } & AsyncDisposable> => {
    current = plan();
    const engine = testbed.createEngine();
    await testbed.pass(engine, current);
    await testbed.pass(engine, instance);
    current = instance;
    const driver = testbed.drive(engine, () => current);
    return {
      engine,
      [Symbol.asyncDispose]: async () => {
        await driver[Symbol.asyncDispose]();
        await engine[Symbol.asyncDispose]();
      },
    };
  };
  const change = (instance: InstancePlan): void => {
    current = instance;
    testbed.onWake();
  };

  it('brings tunnels up, carries packets, and reports in Azure’s names', async () => {
    await using run = await begin(plan(tunnelTo('a'), tunnelTo('b')));
    const seen = await up(run.engine, 'a');
    await up(run.engine, 'b');
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
    await using run = await begin(plan(tunnelTo('a'), tunnelTo('b'), tunnelTo('c')));
    const before = { a: saIds(await up(run.engine, 'a')), c: saIds(await up(run.engine, 'c')), b: saIds(await up(run.engine, 'b')) };
    const reference = { ...tunnelTo('b').ike.sharedKey, version: 2 };
    testbed.keys.set(`${reference.id}@2`, 'Testbed.Key.2');
    change(plan(tunnelTo('a'), tunnelTo('b', { ike: { sharedKey: reference } }), tunnelTo('c')));
    await untilObserved(
      run.engine,
      current,
      'b',
      ({ reason }) => reason?.code === 'WrongKey',
      'b fails while only our end has the new key',
    );
    await peer('b').loadShared({ id: 'gw', key: Buffer.from('Testbed.Key.2'), owners: [peerAddress('b'), '198.51.100.10'] });
    expect(saIds(await up(run.engine, 'b'))).not.toEqual(before.b);
    expect(saIds(await up(run.engine, 'a'))).toEqual(before.a);
    expect(saIds(await up(run.engine, 'c'))).toEqual(before.c);
    change(plan(tunnelTo('a'), tunnelTo('c')));
    await until(
      () => peer('b').listSas(),
      (sas) => sas.length === 0,
      { because: 'the peer of the deleted connection was told', clock: systemClock },
    );
    expect(saIds(await up(run.engine, 'a'))).toEqual(before.a);
    expect(saIds(await up(run.engine, 'c'))).toEqual(before.c);
  });

  it('finds everything again after its own restart and sends charon nothing', async () => {
    await using run = await begin(plan(tunnelTo('a')));
    const before = saIds(await up(run.engine, 'a'));
    await run[Symbol.asyncDispose]();
    const log = (): string => readFileSync(charonFiles(testbed.context.paths, 'gw-hq-0').logFile, 'utf8');
    const logged = log();
    await using engine = testbed.createEngine();
    expect(await testbed.pass(engine, current)).toEqual([]);
    expect(saIds(await up(engine, 'a'))).toEqual(before);
    expect(log().slice(logged.length)).not.toMatch(/\[CFG\]/);
  });

  it('has all tunnels back after charon was killed, without a hand', async () => {
    await using run = await begin(plan(tunnelTo('a'), tunnelTo('b')));
    await Promise.all([up(run.engine, 'a'), up(run.engine, 'b')]);
    const { engines } = await run.engine.observe(current);
    process.kill(engines[0]?.processId ?? 0, 'SIGKILL');
    await untilObserved(run.engine, current, 'a', ({ status }) => status !== 'Connected', 'the observation tells the truth');
    await Promise.all([up(run.engine, 'a'), up(run.engine, 'b')]);
    const answered = await until(
      () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
      (count) => count === 3,
      { because: 'packets pass', clock: systemClock },
    );
    expect(answered).toBe(3);
  });

  it('ends a charon that nobody knows any more, and starts its own', async () => {
    await using run = await begin(plan(tunnelTo('a')));
    await up(run.engine, 'a');
    const pid = (await run.engine.observe(current)).engines[0]?.processId ?? 0;
    await run[Symbol.asyncDispose]();
    rmSync(charonFiles(testbed.context.paths, 'gw-hq-0').pidFile);
    await using engine = testbed.createEngine();
    expect(await testbed.pass(engine, current)).toEqual([]);
    await up(engine, 'a');
    expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false);
  });

  it('counts across rekeys', async () => {
    await using run = await begin(plan(tunnelTo('a')));
    const first = saIds(await up(run.engine, 'a'));
    await testbed.ping(peerNumber('a'), peerInside('a'), 10);
    expect(await peer('a').rekey({ child: 'net' })).toBe(1);
    await untilObserved(run.engine, current, 'a', (seen) => isUp(seen) && saIds(seen).join() !== first.join(), 'the child was rekeyed');
    await testbed.ping(peerNumber('a'), peerInside('a'), 10);
    const seen = await untilObserved(run.engine, current, 'a', ({ ingressPackets }) => ingressPackets >= 20, '20 packets are counted');
    expect(seen).toMatchObject({ ingressPackets: 20, egressPackets: 20, ingressBytes: 20 * 84, egressBytes: 20 * 84 });
  });

  it('speaks IKEv1', async () => {
    await configure('a', { version: '1', proposals: ['aes256-sha1-modp1024'], espProposals: ['aes256-sha256'] });
    await using run = await begin(plan(tunnelTo('a', { ike: { version: 1 } })));
    expect((await up(run.engine, 'a')).ikeSas).toMatchObject([
      { version: 1, integrity: 'SHA1', childSas: [{ encryption: 'AES256', integrity: 'SHA256' }] },
    ]);
  });

  it('accepts as responder what it would not offer', async () => {
    await configure('a', { espProposals: ['aes128-sha1'] });
    const accepts = [...tunnelTo('a').esp.accepts, { encryption: 'AES128', integrity: 'SHA1', pfsGroup: 'None' }];
    await using run = await begin(plan(tunnelTo('a', { esp: { accepts } })));
    await untilObserved(run.engine, current, 'a', ({ reason }) => reason?.code === 'NoCommonEspProposal', 'our own start is refused');
    await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
    expect((await up(run.engine, 'a')).ikeSas.flatMap((sa) => sa.childSas)).toMatchObject([
      { encryption: 'AES128', integrity: 'SHA1', name: 'a-accept' },
    ]);
  });

  it('makes one child per pair of selectors', async () => {
    const selectors = ['10.1.0.0/16', '10.2.0.0/16'].map((local) => ({ local: [local], remote: ['192.168.21.0/24'] }));
    await configure('a', { remoteSelectors: ['10.0.0.0/8'] });
    await using run = await begin(plan(tunnelTo('a', { esp: { selectors } })));
    const both = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.flatMap((sa) => sa.childSas).length === 2;
    const seen = await untilObserved(run.engine, current, 'a', both, 'both pairs are up');
    expect(seen.ikeSas.flatMap((sa) => sa.childSas.flatMap((child) => child.localSelectors)).toSorted()).toEqual([
      '10.1.0.0/16',
      '10.2.0.0/16',
    ]);
  });

  describe('of a policy-based gateway', () => {
    const selectors = [{ local: ['10.1.0.0/16'], remote: ['192.168.21.0/24'] }];
    const algorithms = [{ encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' }];
    const onTraffic = tunnelTo('a', {
      ike: { version: 1, dpdTimeoutSeconds: 0 },
      esp: { offers: algorithms, accepts: algorithms, selectors, acceptsOtherSelectors: false, idleTimeoutSeconds: 2 },
    });
    const device: PeerSettings = { version: '1', espProposals: ['aes256-sha256'], remoteSelectors: ['10.1.0.0/16'] };
    const idle = (engine: InstanceEngine, why: RegExp): Promise<ConnectionObservation> =>
      untilObserved(
        engine,
        current,
        'a',
        ({ status, reason, ikeSas }) =>
          status === 'NotConnected' && reason?.code === 'Idle' && why.test(reason.message) && ikeSas.length === 0,
        `a is idle: ${why.source}`,
      );
    const saysNothing = (): Promise<unknown> =>
      until(
        () => peer('a').listSas(),
        (sas) => sas.length === 0,
        { because: 'the device has no SA', clock: systemClock },
      );

    it('comes up on a packet, goes when there are no more, and comes again from either side', async () => {
      await configure('a', device);
      await using run = await begin(plan(onTraffic));
      await idle(run.engine, /no packet has asked for it yet; the next packet of either side brings it up/);
      await saysNothing();
      // The packet that asks is lost, as in the kernel; those that follow are not.
      const first = await until(
        () => testbed.ping(peerNumber('a'), peerInside('a'), 5),
        (answered) => answered === 5,
        { because: 'packets pass', clock: systemClock },
      );
      expect(first).toBe(5);
      expect(await up(run.engine, 'a')).toMatchObject({ ikeSas: [{ version: 1, childSas: [{ localSelectors: ['10.1.0.0/16'] }] }] });
      await idle(run.engine, /no packet passed for 2 s/);
      await saysNothing();
      await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
      expect((await up(run.engine, 'a')).ikeSas).toMatchObject([{ isInitiator: false }]);
      expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
      await idle(run.engine, /no packet passed for 2 s/);
      await until(
        () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
        (answered) => answered === 3,
        { because: 'packets pass again', clock: systemClock },
      );
    });

    it('is idle, not broken, when the device closes first', async () => {
      await configure('a', device);
      await using run = await begin(plan(onTraffic));
      await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
      await up(run.engine, 'a');
      await peer('a').terminate({ ike: 'gw' });
      const closed = /idle, not broken: peer 198\.51\.100\.21 closed the tunnel; the next packet/;
      expect((await idle(run.engine, closed)).ikeSas).toEqual([]);
    });

    it('takes no selectors but its own, as the device’s initiator learns', async () => {
      await configure('a', { ...device, remoteSelectors: ['10.9.0.0/16'] });
      await using run = await begin(plan(onTraffic));
      await expect(peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 })).rejects.toThrow(/net/);
      const refused = ({ reason }: ConnectionObservation): boolean => reason?.code === 'SelectorsRefused';
      const seen = await untilObserved(run.engine, current, 'a', refused, 'it says so');
      expect(seen.reason?.message).toMatch(/10\.9\.0\.0\/16/);
    });

    it('says what is wrong once traffic has asked', async () => {
      await configure('a', { ...device, key: 'Another.Key' });
      await using run = await begin(plan(onTraffic));
      await idle(run.engine, /no packet has asked/);
      await testbed.ping(peerNumber('a'), peerInside('a'), 1);
      const isTold = ({ status, reason }: ConnectionObservation): boolean => status === 'NotConnected' && reason?.code === 'WrongKey';
      await untilObserved(run.engine, current, 'a', isTold, 'the reason is WrongKey');
      await configure('a', device);
      const answered = await until(
        () => testbed.ping(peerNumber('a'), peerInside('a'), 3),
        (count) => count === 3,
        { because: 'packets pass once the key is right', clock: systemClock },
      );
      expect(answered).toBe(3);
    });
  });

  it('ends what the peer opens where it only initiates', async () => {
    await using run = await begin(plan(tunnelTo('a', { ike: { responds: false } })));
    await up(run.engine, 'a');
    await peer('a').terminate({ ike: 'gw' });
    await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: -1 });
    const own = ({ ikeSas, status }: ConnectionObservation): boolean => status === 'Connected' && ikeSas.every((sa) => sa.isInitiator);
    expect((await untilObserved(run.engine, current, 'a', own, 'only our own SA is left')).ikeSas).not.toEqual([]);
  });

  /** Each has sent its first packet before it hears the other. */
  const cross = async (engine: InstanceEngine): Promise<void> => {
    await using silence = await testbed.silence();
    change(plan(tunnelTo('a')));
    await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: -1 });
    const hasBegun = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.some((sa) => sa.isInitiator && sa.state === 'CONNECTING');
    await untilObserved(engine, current, 'a', hasBegun, 'our end has begun');
    const ofPeer = (await peer('a').listSas()).filter(({ body }) => viciRead.flag(body, 'initiator'));
    expect(ofPeer.map(({ body }) => viciRead.text(body, 'state'))).toEqual(['CONNECTING']);
    await silence.end();
  };

  it('does not flap when both ends start at once', async () => {
    await using run = await begin(plan());
    await cross(run.engine);
    await up(run.engine, 'a');
    const seen = new Set<string>();
    const ids = new Set<string>();
    const isOver = ({ status, ikeSas }: ConnectionObservation): boolean => {
      seen.add(status);
      for (const sa of ikeSas) ids.add(sa.uniqueId);
      // charon ends what another replaced after 10 s, and we after 15.
      return ikeSas.length === 1 && ikeSas.every((sa) => sa.establishedSeconds > 16);
    };
    await untilObserved(run.engine, current, 'a', isOver, 'one SA is left and stays', 60_000);
    expect([...seen]).toEqual(['Connected']);
    expect(ids.size).toBeLessThanOrEqual(2);
  });

  it('ends one of two that crossed within seconds, and no echo is lost', async () => {
    await using run = await begin(plan());
    const haveCome = ({ ikeSas }: ConnectionObservation): boolean =>
      ikeSas.every((sa) => sa.state === 'ESTABLISHED' && sa.childSas.length === 1) && ikeSas.some((sa) => sa.establishedSeconds >= 1);
    // An end that hears the other early enough leaves its own attempt, and one SA comes of it.
    for (let count = 0, attempt = 1; count !== 2; attempt += 1) {
      expect(attempt).toBeLessThan(8);
      change(plan());
      await configure('a');
      await until(
        () => peer('a').listSas(),
        (sas) => sas.length === 0,
        { because: 'the last attempt has left nothing', clock: systemClock },
      );
      await cross(run.engine);
      count = (await untilObserved(run.engine, current, 'a', haveCome, 'what crossed has come up')).ikeSas.length;
    }
    const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 500, 40);
    // charon ends what another replaced after 10 s.
    const isOver = ({ ikeSas }: ConnectionObservation): boolean => ikeSas.length === 1;
    const left = await untilObserved(run.engine, current, 'a', isOver, 'one is ended', 8000);
    expect(await echoes).toBe(500);
    expect(saIds(await up(run.engine, 'a'))).toEqual(saIds(left));
    const ofPeer = (await peer('a').listSas()).map(({ body }) => viciRead.text(body, 'initiator-spi'));
    expect(ofPeer).toEqual(left.ikeSas.map(({ initiatorSpi }) => initiatorSpi));
  });

  it('ends the older of two CHILD SAs when the peer asked for its own in the IKE SA that we began, and no packet is lost', async () => {
    await configure('a', { children: ['net', 'again'] });
    await using run = await begin(plan(tunnelTo('a')));
    const first = await up(run.engine, 'a');
    await peer('a').initiate({ ike: 'gw', child: 'again', timeoutMs: 5000 });
    const childrenOf = ({ ikeSas }: ConnectionObservation): readonly string[] =>
      ikeSas.flatMap((sa) => sa.childSas.map(({ uniqueId }) => uniqueId));
    const two = await untilObserved(run.engine, current, 'a', (seen) => childrenOf(seen).length === 2, 'both stand');
    const echoes = testbed.ping(peerNumber('a'), peerInside('a'), 500, 40);
    const one = await untilObserved(run.engine, current, 'a', (seen) => childrenOf(seen).length === 1, 'one is ended');
    expect(await echoes).toBe(500);
    expect(childrenOf(one)).toEqual(childrenOf(two).filter((id) => !childrenOf(first).includes(id)));
    expect(one.ikeSas.map(({ uniqueId }) => uniqueId)).toEqual(first.ikeSas.map(({ uniqueId }) => uniqueId));
    expect((await peer('a').listSas()).map((sa) => childSas(sa).length)).toEqual([1]);
  });

  describe('says why not', () => {
    const reasonIs = (engine: InstanceEngine, code: string): Promise<ConnectionObservation> =>
      untilObserved(
        engine,
        current,
        'a',
        ({ status, reason }) => status === 'NotConnected' && reason?.code === code,
        `the reason is ${code}`,
      );

    it.each([
      ['WrongKey', { key: 'Another.Key' }, /198\.51\.100\.21 answered AUTHENTICATION_FAILED: the shared keys differ/],
      [
        'NoCommonIkeProposal',
        { proposals: ['aes128-sha384-ecp384'] },
        /none of our IKE proposals.*; offered AES256\/SHA256\/DHGroup2, AES256\/SHA1\/DHGroup2/,
      ],
      [
        'NoCommonEspProposal',
        { espProposals: ['aes128-sha1'] },
        /none of our IPsec proposals; offered GCMAES256\/GCMAES256, AES256\/SHA256/,
      ],
    ] as const)('as initiator: %s', async (code, settings: PeerSettings, message) => {
      await configure('a', settings);
      await using run = await begin(plan(tunnelTo('a')));
      expect((await reasonIs(run.engine, code)).reason?.message).toMatch(message);
      await configure('a');
      await up(run.engine, 'a'); // mended on the other side, it comes up by itself
    });

    it('as initiator: SelectorsRefused', async () => {
      await configure('a', { remoteSelectors: ['172.16.0.0/16'] });
      const selectors = [{ local: ['10.1.0.0/16'], remote: ['192.168.21.0/24'] }];
      await using run = await begin(plan(tunnelTo('a', { esp: { selectors } })));
      expect((await reasonIs(run.engine, 'SelectorsRefused')).reason?.message).toMatch(
        /^peer 198\.51\.100\.21 refused our traffic selectors; proposed were /,
      );
    });

    it('as initiator: PeerSilent, within 10 s; and it connects when the peer is there', async () => {
      await peer('a').unloadConnection('gw');
      await testbed.killPeer('a');
      const started = systemClock.monotonic();
      await using run = await begin(plan(tunnelTo('a')));
      expect((await reasonIs(run.engine, 'PeerSilent')).reason?.message).toBe('peer 198.51.100.21 does not answer on UDP 500');
      expect(systemClock.monotonic() - started).toBeLessThan(10_000);
      peers.set('a', await testbed.startPeer('a'));
      await configure('a');
      await up(run.engine, 'a');
    });

    it('of a peer that died: PeerSilent, and it is back with the peer', async () => {
      await using run = await begin(plan(tunnelTo('a', { ike: { dpdTimeoutSeconds: 9 } })));
      await up(run.engine, 'a');
      await testbed.killPeer('a');
      await reasonIs(run.engine, 'PeerSilent');
      peers.set('a', await testbed.startPeer('a'));
      await configure('a');
      await up(run.engine, 'a');
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
      await configure('a', settings);
      await using run = await begin(plan(tunnelTo('a', { ike: { initiates: false } })));
      await untilObserved(run.engine, current, 'a', ({ reason }) => reason?.message.includes('only responds') === true, 'it waits');
      await peer('a')
        .initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 })
        .catch(() => undefined);
      expect((await reasonIs(run.engine, code)).reason?.message).toMatch(message);
    });
  });

  it('IKEv1: ends a CHILD SA that charon keeps as REKEYED, also when nothing is sent', async () => {
    await configure('a', { version: '1', children: ['net', 'again'] });
    await using run = await begin(plan(tunnelTo('a', { ike: { version: 1, initiates: false } })));
    await peer('a').initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 });
    await up(run.engine, 'a');
    await peer('a').initiate({ ike: 'gw', child: 'again', timeoutMs: 5000 });
    const statesOf = ({ ikeSas }: ConnectionObservation): string => ikeSas.flatMap((sa) => sa.childSas.map(({ state }) => state)).join();
    await untilObserved(run.engine, current, 'a', (seen) => statesOf(seen) === 'REKEYED,INSTALLED', 'charon keeps the former');
    await untilObserved(run.engine, current, 'a', (seen) => statesOf(seen) === 'INSTALLED', 'the former is ended');
    const left = (await peer('a').listSas()).flatMap((sa) => childSas(sa).map((child) => viciRead.text(child.body, 'name')));
    expect(left).toEqual(['again']);
    expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
  });

  it('IKEv1: ends its own CHILD SA once the peer has begun another in its place and sends on it', async () => {
    await configure('a', { version: '1' });
    const { offers, accepts } = tunnelTo('a').esp;
    // As Azure's defaults: more is accepted than offered, so what the peer begins is another child than ours.
    const more = [...accepts, { encryption: 'AES128', integrity: 'SHA1', pfsGroup: 'None' }];
    await using run = await begin(plan(tunnelTo('a', { ike: { version: 1 }, esp: { offers, accepts: more } })));
    const first = await up(run.engine, 'a');
    expect(first.ikeSas.flatMap(({ childSas }) => childSas.map(({ name }) => name))).toEqual(['a']);
    expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
    expect(await peer('a').rekey({ child: 'net' })).toBe(1);
    const names = (seen: ConnectionObservation): string => seen.ikeSas.flatMap(({ childSas }) => childSas.map(({ name }) => name)).join();
    await untilObserved(run.engine, current, 'a', (seen) => names(seen) === 'a,a-accept', 'the peer has begun another');
    await until(
      async () => {
        expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
        return names(await untilObserved(run.engine, current, 'a', isUp, 'it is up all the time'));
      },
      (now) => now === 'a-accept',
      { because: 'the former is ended', clock: systemClock, timeoutMs: 20_000, everyMs: 200 },
    );
    expect(await testbed.ping(peerNumber('a'), peerInside('a'), 3)).toBe(3);
    // The peer was told.
    const theirs = (await peer('a').listSas()).flatMap(childSas).filter(({ body }) => viciRead.text(body, 'state') === 'INSTALLED');
    expect(theirs).toHaveLength(1);
  });
});
