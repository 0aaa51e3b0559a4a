/**
 * VGW-PEER-004, VGW-PEER-005: devices behind a real NAT router; its one public address is the local network gateway's, its ports are its own, and it forgets.
 * What must hold: the peer behind it connects under whatever identity it shows, tunnels survive new ports, and two devices behind
 * one address do not disturb each other.
 */
import { expect, test } from 'vitest';
import {
  EchoStream,
  addNat,
  addSite,
  buildScenario,
  deviceLog,
  findPlace,
  forgetFlows,
  forwardIke,
  loadScenario,
  markDevice,
  member,
  readMachines,
  routerOf,
  startDevice,
  swanctl,
  waitForStatus,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { DeviceConfig, LabSession, Nat, Scenario } from '@sallyport/lab';
import type { ConnectionObservation } from '@sallyport/model';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, cli, observedConnections, ports, withEvidence } from './up-process.ts';
import { changeConnection, reaches } from './one-site.ts';

const natAddress = '203.0.113.11';

type Behind = { readonly session: LabSession; readonly scenario: Scenario; readonly connection: string };

async function build(up: UpProcess): Promise<Behind> {
  const { session } = up;
  const scenario = loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId);
  await buildScenario(session, scenario, { sites: false });
  await addNat(ports, session.fabric, { name: 'cpe', publicAddress: natAddress });
  return { session, scenario, connection: scenario.expect[0]?.connection ?? '' };
}

/** A site behind the router, with a device that is configured as its administrator knows the world. */
async function addDevice({ session, scenario, connection }: Behind, name: string, change: Partial<DeviceConfig> = {}): Promise<void> {
  const site = await addSite(ports, session.fabric, { name, prefixes: ['192.168.0.0/24'], nat: 'cpe' });
  const device = scenario.sites[0]?.device;
  if (device?.kind !== 'strongswan') throw new Error('the scenario has no strongSwan');
  const key = member(await session.arm.get(`${connection}/sharedkey`), 'value');
  writeDeviceConfig(session.fabric, name, {
    ...device,
    localAddress: site.publicAddress,
    remoteAddress: findPlace(session.fabric, 'hq-gateway/IN_0').addresses[0] ?? '',
    sharedKey: String(key),
    initiates: false,
    ...change,
  });
  await markDevice(session.fabric, name, connection);
  await startDevice(ports, session.fabric, { name });
}

/** As a device does that wants its tunnel: again and again. @returns how many tries it took. */
async function connect({ session }: Behind, name: string): Promise<number> {
  let tries = 0;
  await until(
    async () => {
      tries += 1;
      return swanctl(ports, session.fabric, name, ['--initiate', '--child', 'net1', '--timeout', '5']);
    },
    () => true,
    { because: `${name} connects`, clock: systemClock, timeoutMs: 30_000, everyMs: 500 },
  );
  return tries;
}

async function observed({ session }: Behind): Promise<ConnectionObservation> {
  const [only] = await observedConnections(session);
  if (only === undefined) throw new Error('no connection is observed');
  return only;
}

/** Its one IKE SA, once our own attempt to a peer that is up by now is ended. */
function settled(behind: Behind): Promise<ConnectionObservation> {
  return until(
    () => observed(behind),
    ({ ikeSas }) => ikeSas.length === 1,
    { because: 'one IKE SA is left', clock: systemClock, timeoutMs: 30_000 },
  );
}

const ikeIds = (seen: ConnectionObservation): string => seen.ikeSas.map(({ uniqueId }) => uniqueId).join();

test.for([2, 1] as const)('IKEv%i: the peer behind NAT connects by its private address, and follows new ports', async (ikeVersion) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `nat-${ikeVersion}`, async (evidence) => {
    await evidence.startCapture();
    const behind = await build(up);
    const { session, connection } = behind;
    if (ikeVersion === 1) await changeConnection(behind, { connectionProtocol: 'IKEv1' }, true);
    await addDevice(behind, 'site1', { ikeVersion });
    const tries = await connect(behind, 'site1');
    // Once refused for its identity, then known by it.
    expect(tries).toBeLessThanOrEqual(3);
    await waitForStatus(session, connection, 'Connected');
    const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host')];
    await reaches(host, vm.addresses[0] ?? '');
    await reaches(vm, '192.168.0.10');
    const before = await settled(behind);
    expect(before.ikeSas).toMatchObject([{ remoteAddress: natAddress, peerIdentity: '100.64.1.11', isInitiator: false }]);
    expect(before.ikeSas[0]?.remotePort).not.toBe(4500);
    expect(before.notes).toEqual([
      {
        code: 'NatBetween',
        message: `a NAT is between: the peer is seen at ${natAddress} port ${before.ikeSas[0]?.remotePort} and calls itself 100.64.1.11`,
      },
    ]);
    const shown = await ports.run([cli, 'status', '--data-dir', session.fabric.dataDirectory]);
    expect(shown.stdout).toContain(before.notes?.[0]?.message);

    // The router forgets, and the next packet of the device comes from another port.
    const nat = readMachines(session.fabric).find((machine): machine is Nat => machine.kind === 'nat');
    if (nat === undefined) throw new Error('no NAT router');
    await using inward = new EchoStream(session, host, vm);
    await using outward = new EchoStream(session, vm, host);
    for (const stream of [inward, outward]) await stream.waitForAnswer();
    for (const round of [1, 2, 3]) {
      const port = (await observed(behind)).ikeSas[0]?.remotePort;
      await forgetFlows(ports, session.fabric, nat, routerOf('nat'));
      await until(
        () => observed(behind),
        (seen) => seen.ikeSas[0]?.remotePort !== port,
        { because: `round ${round}: the gateway follows the new port`, clock: systemClock, timeoutMs: 30_000 },
      );
      for (const stream of [inward, outward]) await stream.waitForAnswer();
    }
    expect(ikeIds(await observed(behind))).toBe(ikeIds(before));
    const lost = { toVnet: inward.read(), fromVnet: outward.read() };
    // A packet or two each time: those on their way to the old port.
    expect(Math.max(lost.toVnet.lost.length, lost.fromVnet.lost.length)).toBeLessThan(lost.toVnet.answered);

    // The agent comes anew and finds its peer under the name it has.
    await up.kill();
    await up.begin();
    await until(
      () => observedConnections(session),
      ([seen]) => seen?.status === 'Connected',
      { because: 'the new agent observes the tunnel', clock: systemClock, timeoutMs: 30_000 },
    );
    for (const stream of [inward, outward]) await stream.waitForAnswer();
    expect(ikeIds(await observed(behind))).toBe(ikeIds(before));
    expect(inward.read().lost).toEqual(lost.toVnet.lost);
    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16')).toBe(0);
    expect(await evidence.countPackets(`src host ${natAddress} and udp dst port 4500 and not udp src port 4500`)).toBeGreaterThan(10);
  });
});

test('two devices behind one address: the first keeps its tunnel, the second is refused by name', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'nat-two-devices', async () => {
    const behind = await build(up);
    const { session } = behind;
    await addDevice(behind, 'site1');
    await connect(behind, 'site1');
    const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host')];
    await using stream = new EchoStream(session, host, vm);
    await stream.waitForAnswer();
    const before = await settled(behind);
    await addDevice(behind, 'site2');
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const refused = swanctl(ports, session.fabric, 'site2', ['--initiate', '--child', 'net1', '--timeout', '5']);
      await expect(refused).rejects.toThrow(/establishing CHILD_SA 'net1' failed/);
    }
    expect(deviceLog(session.fabric, 'site2')).toContain('received AUTHENTICATION_FAILED notify error');
    await stream.waitForAnswer();
    expect(stream.read().lost).toEqual([]);
    expect(ikeIds(await observed(behind))).toBe(ikeIds(before));
  });
});

test('with ports 500 and 4500 forwarded the gateway starts, and the device calls itself by the public address', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'nat-forwarded', async () => {
    const behind = await build(up);
    const { session, connection } = behind;
    await addDevice(behind, 'site1', { localId: natAddress });
    await forwardIke(ports, session.fabric, 'cpe', 'site1');
    await waitForStatus(session, connection, 'Connected');
    const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host')];
    await reaches(vm, '192.168.0.10');
    await reaches(host, vm.addresses[0] ?? '');
    expect((await settled(behind)).ikeSas).toMatchObject([{ remoteAddress: natAddress, remotePort: 4500, isInitiator: true }]);
  });
});
