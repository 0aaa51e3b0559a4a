/**
 * VGW-PEER-007. A cable is cut under an established tunnel: the peer is found dead by its own silence, the connection says so, nothing leaves in clear
 * meanwhile, and the tunnel is back by itself when the cable is.
 */
import { expect, test } from 'vitest';
import { findPlace, inside, member, waitForStatus } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { buildOneSite, changeConnection, changeDevice, observed, ping, reaches } from './one-site.ts';
import type { OneSite } from './one-site.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

const device = '203.0.113.11';

/** Between a device and its provider. Neither end gets to know: links stay up. */
async function cut({ device }: OneSite): Promise<void> {
  const input = `table inet cut {
  chain in {
    type filter hook prerouting priority -500; policy accept;
    iifname "public" drop
  }
  chain out {
    type filter hook postrouting priority 500; policy accept;
    oifname "public" drop
  }
}
`;
  await ports.run(inside(device.namespace, ['nft', '-f', '-']), { input });
}

async function mend({ device }: OneSite): Promise<void> {
  await ports.run(inside(device.namespace, ['nft', 'delete', 'table', 'inet', 'cut']));
}

test.for([2, 1] as const)('IKEv%i: a peer whose cable is cut is PeerSilent, and back when it is mended', async (ikeVersion) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `dead-peer-${ikeVersion}`, async (evidence) => {
    const site = await buildOneSite(up.session, 's2s-ikev2-psk');
    const { session, connection } = site;
    await changeDevice(site, { ikeVersion });
    await changeConnection(site, { connectionProtocol: `IKEv${ikeVersion}`, dpdTimeoutSeconds: 15 }, ikeVersion === 1);
    await waitForStatus(session, connection, 'Connected');
    const vm = site.vm('vm1');
    const host = site.host.addresses[0] ?? '';
    await reaches(vm, host);
    await evidence.startCapture();
    await cut(site);
    const seen = await until(
      () => observed(site),
      ({ status }) => status === 'NotConnected',
      { because: 'the peer is found dead', clock: systemClock, timeoutMs: 60_000, everyMs: 200 },
    );
    expect(seen.reason).toMatchObject({ code: 'PeerSilent', message: expect.stringMatching(/^peer 203\.0\.113\.11 /) as string });
    const properties = member(await session.arm.get(connection), 'properties');
    expect(member(properties, 'connectionStatus')).toBe('NotConnected');
    expect(member(properties, 'connectionStatusReason', 'code')).toBe('PeerSilent');
    // What belongs in the tunnel goes nowhere now.
    expect(await ping(vm, host, undefined, 3)).toBe(0);
    await mend(site);
    await waitForStatus(session, connection, 'Connected');
    await reaches(vm, host);
    await reaches(site.host, vm.addresses[0] ?? '');
    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16')).toBe(0);
  });
});

test('VGW-PEER-007, IKEv2: the shortest timeout is met, and only by its own connection', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'dead-peer-9', async (evidence) => {
    const site = await buildOneSite(up.session, 's2s-ikev2-psk');
    const { session, connection } = site;
    await changeDevice(site);
    await changeConnection(site, { dpdTimeoutSeconds: 9 });
    await waitForStatus(session, connection, 'Connected');
    await reaches(site.vm('vm1'), site.host.addresses[0] ?? '');
    const [before] = (await observed(site)).ikeSas;
    // A silent peer that answers its checks is alive, however long nobody sends.
    const gateway = findPlace(session.fabric, 'hq-gateway/IN_0');
    const path = await evidence.captureAt(gateway);
    await until(
      () => path.times(`udp port 4500 and src host ${device} and udp[8:4] = 0`),
      (answers) => answers.length >= 4,
      { because: 'four checks are answered', clock: systemClock, timeoutMs: 60_000, everyMs: 500 },
    );
    expect((await observed(site)).ikeSas.map(({ uniqueId }) => uniqueId)).toEqual([before?.uniqueId]);

    await cut(site);
    await until(
      () => observed(site),
      ({ status, reason }) => status === 'NotConnected' && reason?.code === 'PeerSilent',
      { because: 'the peer is found dead', clock: systemClock, timeoutMs: 60_000, everyMs: 200 },
    );
    await mend(site);
    await waitForStatus(session, connection, 'Connected');
    await path.stop();
    // From the last the peer said to the first message of a new SA. charon alone takes 14 s at least.
    const heard = await path.times(`src host ${device}`);
    const begun = await path.times(`src host ${gateway.addresses[0] ?? ''} and udp port 500`);
    const [first = 0] = begun.filter((at) => at > Math.max(...heard.filter((other) => other < at)) + 5);
    const silence = first - Math.max(...heard.filter((at) => at < first));
    expect(silence).toBeGreaterThan(8);
    expect(silence).toBeLessThan(13.5);
  });
});
