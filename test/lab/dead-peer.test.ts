/**
 * VGW-PEER-007. A cable is cut under an established tunnel: the peer is found dead by its own silence, the connection says so, nothing leaves in clear
 * meanwhile, and the tunnel is back by itself when the cable is.
 */
import { expect, test } from 'vitest';
import { inside, member, waitForStatus } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { buildOneSite, changeConnection, changeDevice, observed, ping, reaches } from './one-site.ts';
import type { OneSite } from './one-site.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

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
