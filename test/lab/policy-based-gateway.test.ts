/** A policy-based gateway against a stock IKEv1 device: idle and no fault, up by a packet of either side, nothing in clear while it is down. */
import { expect, test } from 'vitest';
import {
  buildScenario,
  expectScenario,
  findPlace,
  inside,
  loadScenario,
  member,
  pingUntilAnswered,
  transfer,
  waitForStatus,
} from '@sallyport/lab';
import type { LabSession, Place } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, cli, observedConnections, ports, withEvidence } from './up-process.ts';
import { XfrmdDevice } from './xfrmd-device.ts';

const inClear = 'net 10.0.0.0/8 or net 192.168.0.0/16';

test('a policy-based tunnel comes up on traffic of either side and is idle without', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'policy-based-gateway', async (evidence) => {
    const { session } = up;
    const scenario = loadScenario('s2s-policy-based-gateway', session.arm.file.subscriptionId);
    await evidence.startCapture();
    await buildScenario(session, scenario);
    const connection = scenario.expect[0]?.connection ?? '';
    await untilIdle(session, connection);
    // Idle is no trouble: exit code 0, and the sentence is in the table.
    const shown = await ports.run([cli, 'status', '--data-dir', session.fabric.dataDirectory]);
    expect(shown.stdout).toMatch(
      /NotConnected .*idle, not broken: no packet has asked for it yet; the next packet of either side brings it up/,
    );
    expect(shown.stdout).toContain('all is well');

    const trips = await expectScenario(session, scenario);
    expect(trips).toHaveLength(4);
    await waitForStatus(session, connection, 'Connected');
    const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host')];
    expect((await transfer(session, vm, host, 1_000_000)).bytes).toBe(1_000_000);

    // From idle again, a new TCP connection as the first thing anybody sends: its SYN is lost once and sent again.
    await reset(session, connection);
    await untilIdle(session, connection);
    expect((await transfer(session, vm, host, 1_000_000)).bytes).toBe(1_000_000);

    // The device starts on traffic as well. It has the kernel's ways now, so a packet of its host asks it.
    await reset(session, connection);
    await using _device = await XfrmdDevice.start(ports, session.fabric, 'site1', {
      remotePrefixes: ['10.1.0.0/16', '10.2.0.0/16'],
      startsOnTraffic: true,
    });
    await untilIdle(session, connection);
    await pingUntilAnswered(session, host, vm);
    await waitForStatus(session, connection, 'Connected');
    const sas = (await observedConnections(session)).flatMap(({ ikeSas }) => ikeSas);
    expect(sas.map(({ isInitiator, version }) => [isInitiator, version])).toEqual([[false, 1]]);
    expect(await pingSeries(session, vm, host)).toBe(20);
    await reset(session, connection);
    await untilIdle(session, connection);
    expect((await transfer(session, host, vm, 1_000_000)).bytes).toBe(1_000_000);

    // With the device's IKE gone, what asks for the tunnel in vain goes nowhere.
    await ports.daemons.stop(`${session.fabric.runDirectory}/lab/site1/charon.pid`);
    await reset(session, connection);
    expect(await pingSeries(session, vm, host)).toBe(0);
    await evidence.stopCapture();
    expect(await evidence.countPackets(inClear)).toBe(0);
    expect(await evidence.udpBytes('udp port 4500')).toBeGreaterThan(2_000_000);
  });
});

async function untilIdle(session: LabSession, connection: string): Promise<void> {
  await until(
    async () => member(await session.arm.get(connection), 'properties'),
    (seen) => member(seen, 'connectionStatus') === 'NotConnected' && member(seen, 'connectionStatusReason', 'code') === 'Idle',
    { because: 'the connection is idle', clock: systemClock, timeoutMs: 60_000 },
  );
}

/** The five minutes of silence, by hand: all SAs of the connection end. */
async function reset(session: LabSession, connection: string): Promise<void> {
  const { status } = await session.arm.send('POST', `${connection}/resetconnection`);
  expect(status).toBe(202);
  await until(
    () => observedConnections(session),
    (seen) => seen.every(({ ikeSas }) => ikeSas.length === 0),
    { because: 'the SAs are gone', clock: systemClock, timeoutMs: 60_000 },
  );
}

/** How many of twenty echoes were answered. */
async function pingSeries(session: LabSession, from: Place, to: Place): Promise<number> {
  const argv = ['ping', '-n', '-q', '-c', '20', '-i', '0.05', '-W', '2', to.addresses[0] ?? ''];
  const { stdout } = await session.ports.run(inside(from.namespace, argv), { okCodes: [0, 1] });
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}
