/** A shared key rotated by a tag: two administrators at two times, a tunnel that starts anew at each step, and no packet lost to the change itself. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  EchoStream,
  buildScenario,
  connectSdk,
  findPlace,
  loadScenario,
  member,
  reloadDevice,
  swanctl,
  waitForStatus,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { LabSession, ScenarioSite } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

const tag = 'sallyport:key-rotation-window';
const site = 'site1';

test.each(['gateway', 'device'] as const)('the %s gets the new key first, and the two ends never change together', async (first) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `key-rotation-${first}`, async () => {
    const { session } = up;
    const scenario = loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    const [{ connection, traffic } = { connection: '', traffic: [] }] = scenario.expect;
    await waitForStatus(session, connection, 'Connected');
    const [resourceGroup = '', name = ''] = [connection.split('/')[4], connection.split('/').at(-1)];
    const { virtualNetworkGatewayConnections: connections } = await connectSdk(session.arm.file);
    await connections.updateTags(resourceGroup, name, { tags: { [tag]: 'P1D' } });
    const device = scenario.sites.find((one) => one.name === site)?.device;

    await using echoes = new EchoStream(
      session,
      findPlace(session.fabric, traffic[0]?.networkInterface ?? ''),
      findPlace(session.fabric, `${site}-host`),
    );
    await echoes.waitForAnswer();
    const before = await onlySa(session);
    const gatewayTurns = async (): Promise<void> => void (await connections.setSharedKey(resourceGroup, name, { value: 'New.Key.1' }));
    const deviceTurns = (): Promise<void> => giveDevice(session, device, 'New.Key.1');

    await (first === 'gateway' ? gatewayTurns() : deviceTurns());
    expect(await onlySa(session)).toBe(before);
    if (first === 'gateway') {
      await until(
        () => conditions(session, connection),
        (found) => found.map(({ code }) => code).join() === 'OldKeyInUse',
        { because: 'the old key is told to be in use', clock: systemClock },
      );
      await startAnew(session, connection); // on the device's old key
      await deviceTurns();
    } else {
      await gatewayTurns();
      await echoes.waitForAnswer();
    }
    await startAnew(session, connection);
    await until(
      () => conditions(session, connection),
      (found) => found.length === 0,
      { because: 'the new key is in use', clock: systemClock, timeoutMs: 30_000 },
    );
    await echoes.waitForAnswer();

    // The window closes with the next change, which has none; the old key is refused then.
    await giveDevice(session, device, 'Sallyport.Example.Key.1');
    await connections.updateTags(resourceGroup, name, { tags: {} });
    await connections.setSharedKey(resourceGroup, name, { value: 'Newest.Key.1' });
    await until(
      async () => member(await session.arm.get(connection), 'properties', 'connectionStatusReason', 'code'),
      (code) => code === 'WrongKey',
      { because: 'an old key is refused after the window', clock: systemClock, timeoutMs: 60_000 },
    );
    expect(filesWith(session.fabric, /New(?:est)?\.Key\.1/)).toEqual([]);
    expect(up.output).not.toMatch(/New(?:est)?\.Key\.1/);
  });
});

test('while a key changes within a window, 200 echoes in a row are answered, and the window ends by itself', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'key-rotation-window', async () => {
    const { session } = up;
    const scenario = loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    const [{ connection, traffic } = { connection: '', traffic: [] }] = scenario.expect;
    await waitForStatus(session, connection, 'Connected');
    const [resourceGroup = '', name = ''] = [connection.split('/')[4], connection.split('/').at(-1)];
    const { virtualNetworkGatewayConnections: connections } = await connectSdk(session.arm.file);
    const before = await onlySa(session);
    await using echoes = new EchoStream(
      session,
      findPlace(session.fabric, traffic[0]?.networkInterface ?? ''),
      findPlace(session.fabric, `${site}-host`),
      20,
    );
    await echoes.waitForAnswer();
    await connections.updateTags(resourceGroup, name, { tags: { [tag]: 'PT20S' } });
    await connections.setSharedKey(resourceGroup, name, { value: 'New.Key.1' });
    const changed = echoes.read().sent;
    await until(
      () => echoes.read().sent,
      (sent) => sent > changed + 200,
      { because: '200 echoes were sent after the change', clock: systemClock, timeoutMs: 30_000 },
    );
    expect(echoes.read().lost).toEqual([]);
    expect(await onlySa(session)).toBe(before);
    await until(
      async () => member(await session.arm.get(connection), 'properties', 'connectionStatusReason', 'code'),
      (code) => code === 'WrongKey',
      { because: 'the old key is refused when the window is over', clock: systemClock, timeoutMs: 60_000 },
    );
    await giveDevice(session, scenario.sites.find((one) => one.name === site)?.device, 'New.Key.1');
    await waitForStatus(session, connection, 'Connected');
  });
});

async function onlySa(session: LabSession): Promise<string> {
  const [seen] = await observedConnections(session);
  return seen?.ikeSas.map((sa) => `${sa.initiatorSpi} ${sa.responderSpi}`).join() ?? '';
}

type Condition = { readonly code: string; readonly severity: string };

/** Without notes: the lab's devices always want their ESP in UDP, which is told as a NAT between. */
async function conditions(session: LabSession, connection: string): Promise<readonly Condition[]> {
  const found = await session.arm.get(`${connection}/providers/Sallyport.Health/conditions`);
  return ((member(found, 'value') ?? []) as readonly Condition[]).filter(({ severity }) => severity !== 'note');
}

async function giveDevice(session: LabSession, device: ScenarioSite['device'] | undefined, sharedKey: string): Promise<void> {
  if (device?.kind !== 'strongswan') throw new Error(`${site} has no device`);
  writeDeviceConfig(session.fabric, site, {
    ...device,
    localAddress: findPlace(session.fabric, site).addresses[0] ?? '',
    remoteAddress: findPlace(session.fabric, 'hq-gateway/IN_0').addresses[0] ?? '',
    sharedKey,
  });
  await reloadDevice(session.ports, session.fabric, site);
}

/** The device forgets its IKE SA and makes another, as on a reboot. */
async function startAnew(session: LabSession, connection: string): Promise<void> {
  const was = await onlySa(session);
  await swanctl(session.ports, session.fabric, site, ['--terminate', '--ike', 'azure', '--force', '--timeout', '5']);
  // Refused once where the gateway tries the other key first; it starts by itself then.
  await swanctl(session.ports, session.fabric, site, ['--initiate', '--child', 'net1', '--timeout', '5']).catch(() => undefined);
  await until(
    () => onlySa(session),
    (sa) => sa !== '' && sa !== was,
    { because: 'there is another IKE SA', clock: systemClock, timeoutMs: 60_000 },
  );
  await waitForStatus(session, connection, 'Connected');
}

/** Files of ours with the text in clear, but for the agent's own 0600 copies of secrets; the device's are its own affair. */
function filesWith(fabric: LabSession['fabric'], text: RegExp): readonly string[] {
  return [fabric.dataDirectory, fabric.runDirectory].flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !/\/(?:secrets|lab)\//.test(file) && text.test(readFileSync(file, 'latin1'))),
  );
}
