/** From site to site through one gateway: IKEv2 to IKEv1 and back, not for a site with policy-based selectors; segments of the size Azure promises (VGW-PEER-009). */
import { expect, test } from 'vitest';
import { buildScenario, expectScenario, findPlace, inside, loadScenario, pingUntilAnswered, swanctl, transfer } from '@sallyport/lab';
import type { LabSession, Place } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, observedConnections, ports, withEvidence } from './up-process.ts';

test('sites reach each other through the gateway, and only where their selectors are any to any', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'transit', async (evidence) => {
    const { session } = up;
    const scenario = loadScenario('s2s-transit', session.arm.file.subscriptionId);
    await evidence.startCapture();
    await buildScenario(session, scenario);
    expect(await expectScenario(session, scenario)).toHaveLength(6);
    const [one, two, three, vm] = ['site1-host', 'site2-host', 'site3-host', 'vm1'].map((name) => findPlace(session.fabric, name)) as [
      Place,
      Place,
      Place,
      Place,
    ];
    await pingUntilAnswered(session, one, two);
    await pingUntilAnswered(session, two, one);
    expect((await transfer(session, one, two, 1_000_000)).bytes).toBe(1_000_000);
    expect((await transfer(session, two, one, 1_000_000)).bytes).toBe(1_000_000);

    // site3's device asks for the pair and gets it, as every responder's peer does; its packets get no further than the gateway.
    await swanctl(ports, session.fabric, 'site3', ['--initiate', '--child', 'net2']);
    const pair = (await observedConnections(session))
      .flatMap(({ ikeSas }) => ikeSas.flatMap(({ childSas }) => childSas))
      .find(
        ({ localSelectors, remoteSelectors }) => localSelectors.join() === '10.51.0.0/24' && remoteSelectors.join() === '192.168.3.0/24',
      );
    expect(pair?.state).toBe('INSTALLED');
    expect(await answers(session, three, one)).toBe(0);
    expect(await answers(session, one, three)).toBe(0);

    for (const [from, to] of [
      [vm, one],
      [one, vm],
      [one, two],
    ] as const)
      expect(await announcedSegment(session, from, to), `${from.name} to ${to.name}`).toBe(1350);
    const gateway = findPlace(session.fabric, 'hq-gateway/IN_0');
    const { stdout } = await ports.run(inside(gateway.namespace, ['ip', '-j', 'link', 'show']));
    const tunnels = (JSON.parse(stdout) as readonly { readonly ifname: string; readonly mtu: number }[]).filter(({ ifname }) =>
      /^t\d/.test(ifname),
    );
    expect(tunnels.map(({ mtu }) => mtu)).toEqual([1400, 1400, 1400]);

    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16')).toBe(0);
  });
});

/** How many of five echoes were answered. */
async function answers(session: LabSession, from: Place, to: Place): Promise<number> {
  const argv = ['ping', '-n', '-q', '-c', '5', '-i', '0.1', '-W', '1', to.addresses[0] ?? ''];
  const { stdout } = await session.ports.run(inside(from.namespace, argv), { okCodes: [0, 1] });
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}

/** The MSS in the first SYN that arrives at `to`, as tcpdump, which is nobody's, reads it there. The port is closed. */
async function announcedSegment(session: LabSession, from: Place, to: Place): Promise<number> {
  const target = to.addresses[0] ?? '';
  const filter = `tcp[tcpflags] == tcp-syn and dst host ${target}`;
  const capture = ports.run(inside(to.namespace, ['tcpdump', '-n', '-l', '-c', '1', '-i', 'eth0', filter]), { timeoutMs: 60_000 });
  const connect = `require('node:net').connect({ host: process.argv[1], port: 9 }).on('error', () => {})`;
  let text: string | undefined;
  capture.then(
    ({ stdout }) => (text = stdout),
    () => (text = ''),
  );
  await until(
    () => session.ports.run(inside(from.namespace, [process.execPath, '-e', connect, target])).then(() => text),
    (seen) => seen !== undefined,
    { because: `a SYN of ${from.name} arrives at ${to.name}`, clock: systemClock, timeoutMs: 30_000 },
  );
  return Number(/mss (\d+)/.exec(text ?? '')?.[1]);
}
