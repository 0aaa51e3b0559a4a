/**
 * VGW-PEER-001, VGW-PEER-002, VGW-PEER-003: as responder the gateway accepts the selectors a peer proposes: narrower ones, others, any; in every connection mode, IKEv1 and
 * IKEv2. Each child SA carries its own packets, and what does not belong to the connection comes through none of them.
 */
import { expect, test } from 'vitest';
import { inside, swanctl } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import type { ConnectionObservation } from '@sallyport/model';
import { addAddress, buildOneSite, changeConnection, changeDevice, childTraffic, observed, ping, reaches } from './one-site.ts';
import type { OneSite } from './one-site.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

/** A network behind the device that the connection does not have. */
const foreign = { prefix: '172.20.0.0/16', device: '172.20.0.1/16', host: '172.20.0.10' };

async function untilPairs(site: OneSite, pairs: readonly string[]): Promise<ConnectionObservation> {
  return until(
    () => observed(site),
    (seen) => seen.status === 'Connected' && Object.keys(childTraffic(seen)).toSorted().join() === pairs.toSorted().join(),
    { because: `the child SAs are ${pairs.join(' and ')}`, clock: systemClock, timeoutMs: 40_000, everyMs: 300 },
  );
}

/** What packets before that moment did is in it. */
function observedAfter(site: OneSite, ms: number): Promise<ConnectionObservation> {
  return until(
    () => observed(site),
    (seen) => Date.parse(seen.observedAt) > ms,
    { because: 'the agent has looked since', clock: systemClock, timeoutMs: 20_000 },
  );
}

/** Which of two child SAs carried packets outwards, and inwards, while something happened. */
async function carriers(site: OneSite, pairs: readonly string[], happen: () => Promise<unknown>): Promise<readonly boolean[]> {
  const before = childTraffic(await observedAfter(site, Date.now()));
  await happen();
  const happened = Date.now();
  const carried = (after: typeof before): readonly boolean[] =>
    pairs.map((pair) => ['in', 'out'].every((way) => (after[pair]?.[way as 'in'] ?? 0) > (before[pair]?.[way as 'in'] ?? 0)));
  const after = await until(
    async () => childTraffic(await observedAfter(site, happened)),
    (seen) => carried(seen).includes(true),
    { because: 'a child SA has carried the echoes', clock: systemClock, timeoutMs: 20_000 },
  );
  return carried(after);
}

/** Packets that came out of a tunnel and were dropped because of their source. */
async function droppedSources({ session }: OneSite): Promise<number> {
  const gateway = `${session.fabric.namespacePrefix}gw-hq-gateway-0`;
  const { stdout } = await ports.run(inside(gateway, ['nft', 'list', 'table', 'inet', 'sallyport']));
  return [...stdout.matchAll(/counter packets (\d+) bytes \d+ drop/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

/** What a machine got with a source address while something happened. */
async function arrivals(site: OneSite, vm: string, source: string, happen: () => Promise<unknown>): Promise<string> {
  const argv = ['timeout', '6', 'tcpdump', '-lni', 'eth0', 'src', 'host', source];
  const capture = ports.run(inside(site.vm(vm).namespace, argv), { okCodes: [0, 124] });
  await happen();
  return (await capture).stdout.trim();
}

test.for([2, 1] as const)('IKEv%i: the peer proposes, the gateway accepts, and filters what does not belong', async (version) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `peer-selectors-${version}`, async (evidence) => {
    await evidence.startCapture();
    const site = await buildOneSite(up.session, 's2s-policy-selectors');
    await addAddress(site.host, 'eth0', '192.168.1.10/24');
    await addAddress(site.host, 'eth0', `${foreign.host}/16`);
    await addAddress(site.device, 'lan', foreign.device);
    const [vm1, vm2] = [site.vm('vm1'), site.vm('vm2')];
    const [first, second] = [vm1.addresses[0] ?? '', vm2.addresses[0] ?? ''];
    // The gateway has four pairs of selectors, and proposes none of them.
    await changeConnection(site, { connectionProtocol: `IKEv${version}`, connectionMode: 'ResponderOnly' }, true);

    // Narrower, each child SA with packets of its own.
    await changeDevice(site, {
      ikeVersion: version,
      initiates: true,
      selectors: [
        { local: ['192.168.0.0/25'], remote: ['10.1.0.0/24'] },
        { local: ['192.168.1.0/24'], remote: ['10.2.0.0/16'] },
      ],
    });
    const narrow = ['10.1.0.0/24 to 192.168.0.0/25', '10.2.0.0/16 to 192.168.1.0/24'] as const;
    await untilPairs(site, narrow);
    expect(await carriers(site, narrow, () => reaches(vm1, '192.168.0.10'))).toEqual([true, false]);
    expect(await carriers(site, narrow, () => reaches(vm2, '192.168.1.10'))).toEqual([false, true]);
    expect(await carriers(site, narrow, () => reaches(site.host, first, '192.168.0.10'))).toEqual([true, false]);
    // No child SA has this pair: it goes nowhere.
    expect(await ping(vm1, '192.168.1.10', undefined, 2)).toBe(0);

    // Others: one that the connection has, one that it does not.
    await changeDevice(site, {
      ikeVersion: version,
      initiates: true,
      selectors: [
        { local: ['192.168.0.0/24'], remote: ['10.0.0.0/8'] },
        { local: [foreign.prefix], remote: ['10.1.0.0/16'] },
      ],
    });
    await untilPairs(site, ['10.0.0.0/8 to 192.168.0.0/24', `10.1.0.0/16 to ${foreign.prefix}`]);
    await reaches(vm1, '192.168.0.10');
    await reaches(vm2, '192.168.0.10');
    const dropped = await droppedSources(site);
    const seen = await arrivals(site, 'vm1', foreign.host, () => ping(site.host, first, foreign.host, 4));
    expect(seen).toBe('');
    expect((await droppedSources(site)) - dropped).toBeGreaterThan(0);
    // Nor does the gateway send there, whatever the SA would carry.
    expect(await ping(vm1, foreign.host, undefined, 2)).toBe(0);

    // Any. The device must keep its own networks out of a tunnel that takes everything.
    for (const prefix of ['192.168.0.0/16', foreign.prefix])
      await ports.run(inside(site.device.namespace, ['ip', 'rule', 'add', 'to', prefix, 'pref', '100', 'lookup', 'main']));
    await changeDevice(site, { ikeVersion: version, initiates: true, selectors: [{ local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }] });
    await untilPairs(site, ['0.0.0.0/0 to 0.0.0.0/0']);
    await reaches(vm1, '192.168.0.10');
    await reaches(site.host, second, '192.168.1.10');
    const droppedBefore = await droppedSources(site);
    expect(await arrivals(site, 'vm1', foreign.host, () => ping(site.host, first, foreign.host, 4))).toBe('');
    expect((await droppedSources(site)) - droppedBefore).toBeGreaterThan(0);

    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16 or net 172.16.0.0/12')).toBe(0);
  });
});

test('any to any, Default and InitiatorOnly: a peer that narrows or adds a child is followed, and nothing is made twice', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'peer-selectors-modes', async () => {
    const site = await buildOneSite(up.session, 's2s-policy-selectors');
    await addAddress(site.host, 'eth0', '192.168.1.10/24');
    const pairs = ['10.1.0.0/16 to 192.168.0.0/24', '10.2.0.0/16 to 192.168.1.0/24'] as const;
    const selectors = [
      { local: ['192.168.0.0/24'], remote: ['10.1.0.0/16'] },
      { local: ['192.168.1.0/24'], remote: ['10.2.0.0/16'] },
    ];
    const expectTraffic = async (): Promise<void> => {
      await reaches(site.vm('vm1'), '192.168.0.10');
      await reaches(site.vm('vm2'), '192.168.1.10');
    };
    await changeConnection(site, { usePolicyBasedTrafficSelectors: false, connectionMode: 'ResponderOnly' });
    await changeDevice(site, { initiates: true, selectors });
    await untilPairs(site, pairs);
    await expectTraffic();

    // Now ours to start: the first child by us, narrowed by the peer, the second by the peer.
    await changeConnection(site, { usePolicyBasedTrafficSelectors: false, connectionMode: 'InitiatorOnly' });
    await changeDevice(site, { initiates: false, selectors });
    await untilPairs(site, pairs.slice(0, 1));
    await swanctl(site.session.ports, site.session.fabric, 'site1', ['--initiate', '--child', 'net2', '--timeout', '10']);
    const seen = await untilPairs(site, pairs);
    expect(seen.ikeSas.map(({ isInitiator }) => isInitiator)).toEqual([true]);
    await expectTraffic();
  });
});
