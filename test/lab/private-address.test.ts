/**
 * VGW-PEER-010. A tunnel from the gateway's private address, to a device that is reached through the VNet: what its packets look like on that
 * path, that the public network sees none of them, that nothing leaves in clear while the tunnel is down, and that the gateway's
 * IKE is open to this peer alone.
 */
import { expect, test } from 'vitest';
import {
  buildScenario,
  expectScenario,
  findPlace,
  inside,
  loadScenario,
  member,
  pingUntilAnswered,
  privateDevice,
  transfer,
  waitForStatus,
} from '@sallyport/lab';

import type { Place } from '@sallyport/lab';
import { ping } from './one-site.ts';
import { UpProcess, observedConnections, ports, withEvidence } from './up-process.ts';

const gateway = '10.1.255.4';
const device = '172.16.0.1';

test('a tunnel over private peering uses the private addresses, and nothing of it is public or in clear', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'private-address', async (evidence) => {
    const { session } = up;
    const scenario = loadScenario('s2s-private-address', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    const [edge, vm, host] = ['edge', 'vm1', 'site1-host'].map((name) => findPlace(session.fabric, name)) as [Place, Place, Place];
    const path = await evidence.captureAt(edge);
    expect(await expectScenario(session, scenario)).toHaveLength(2);
    expect((await transfer(session, vm, host, 1_000_000)).bytes).toBe(1_000_000);
    expect((await transfer(session, host, vm, 1_000_000)).bytes).toBe(1_000_000);

    const [seen] = await observedConnections(session);
    expect(seen?.ikeSas).toMatchObject([{ localAddress: gateway, remoteAddress: device, peerIdentity: device }]);
    const connection = scenario.expect[0]?.connection ?? '';
    const tunnels = member(await session.arm.get(connection), 'properties', 'tunnelConnectionStatus');
    expect(tunnels).toMatchObject([{ tunnel: `hq-site1_${gateway}`, connectionStatus: 'Connected' }]);

    // Who is not the peer gets no answer from its IKE; the peer does.
    expect(await answersIke(vm.namespace, gateway)).toBe(false);
    expect(await answersIke(findPlace(session.fabric, 'site1').namespace, gateway)).toBe(true);

    // The circuit fails: nobody finds another way.
    await ports.run(inside(edge.namespace, ['ip', 'link', 'set', privateDevice, 'down']));
    expect(await ping(vm, host.addresses[0] ?? '', undefined, 3)).toBe(0);
    await ports.run(inside(edge.namespace, ['ip', 'link', 'set', privateDevice, 'up']));
    await waitForStatus(session, connection, 'Connected');
    await pingUntilAnswered(session, vm, host);
    await pingUntilAnswered(session, host, vm);

    await path.stop();
    await evidence.stopCapture();
    expect(await path.count(`udp port 500 and host ${gateway} and host ${device}`)).toBeGreaterThan(0);
    expect(await path.udpBytes(`udp port 4500 and host ${gateway} and host ${device}`)).toBeGreaterThan(4_000_000);
    // On the way there are only these two, and what says that a way is closed.
    expect(await path.first(`ip and not (host ${gateway} and host ${device}) and not icmp`)).toBe('');
    expect(await path.first('net 192.168.0.0/16 or net 10.1.0.0/24')).toBe('');
    expect(await evidence.countPackets('udp port 500 or udp port 4500 or esp')).toBe(0);
  });
});

/** ike-scan(1) as an outside judge: whether anything answers an IKEv2 request there. */
async function answersIke(namespace: string, address: string): Promise<boolean> {
  const argv = ['ike-scan', '--ikev2', '--sport=0', '--retry=2', '--timeout=700', address];
  const { stdout } = await ports.run(inside(namespace, argv), { okCodes: [0, 1], timeoutMs: 30_000 });
  return /[1-9] returned (?:handshake|notify)/.test(stdout);
}
