/** One gateway, twenty sites, echoes on all of them all the time: what is done to one connection costs the other nineteen not one packet. */
import { expect, test } from 'vitest';
import {
  EchoStream,
  buildScenario,
  connectSdk,
  deleteResource,
  findPlace,
  loadScenario,
  putResource,
  reloadDevice,
  waitForStatus,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { UpProcess, withEvidence } from './up-process.ts';

const newKey = 'Another.Key.Of.Site.7';

test('of twenty connections one is re-keyed, one deleted and one added, and the others lose no packet', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'twenty-sites', async () => {
    const { session } = up;
    const scenario = loadScenario('s2s-twenty-sites', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    for (const { connection } of scenario.expect) await waitForStatus(session, connection, 'Connected');

    await using streams = new AsyncDisposableStack();
    const vm = findPlace(session.fabric, scenario.expect[0]?.traffic[0]?.networkInterface ?? '');
    const bySite = new Map(
      scenario.sites.map(({ name }) => [name, streams.use(new EchoStream(session, vm, findPlace(session.fabric, `${name}-host`)))]),
    );
    for (const stream of bySite.values()) await stream.waitForAnswer();
    const before = new Map([...bySite].map(([name, stream]) => [name, stream.read()]));
    for (const [name, { lost }] of before) expect(lost, `${name} before any change`).toEqual([]);

    const disturbed = new Set<string>();
    const expectOthersWhole = async (what: string): Promise<void> => {
      for (const [name, stream] of bySite) {
        if (disturbed.has(name)) continue;
        await stream.waitForAnswer();
        expect(stream.read().lost, `${name} after ${what}`).toEqual([]);
      }
    };

    disturbed.add('site7');
    await changeKey(session, scenario, 'site7');
    await waitForStatus(session, connectionOf(scenario, 'site7').put, 'Connected');
    await bySite.get('site7')?.waitForAnswer();
    await expectOthersWhole('the key of site7 changed');

    disturbed.add('site9');
    const sdk = await connectSdk(session.arm.file);
    const ninth = connectionOf(scenario, 'site9');
    await deleteResource(sdk, ninth.put);
    expect(await session.arm.get(ninth.put)).toBeUndefined();
    await expectOthersWhole('site9 was deleted');

    await putResource(sdk, ninth.put, ninth.body);
    await waitForStatus(session, ninth.put, 'Connected');
    await bySite.get('site9')?.waitForAnswer();
    await expectOthersWhole('site9 was added');
    const counts = [...bySite].filter(([name]) => !disturbed.has(name)).map(([, stream]) => stream.read());
    expect(counts).toHaveLength(18);
    expect(Math.min(...counts.map(({ sent }) => sent))).toBeGreaterThan(20);
  });
});

/** The key in the cloud first, which must break the tunnel, then in the device, as two administrators would. */
async function changeKey(session: LabSession, scenario: Scenario, site: string): Promise<void> {
  const connection = connectionOf(scenario, site);
  const device = scenario.sites.find(({ name }) => name === site)?.device;
  if (device?.kind !== 'strongswan') throw new Error(`${site} has no device`);
  const [resourceGroup = '', name = ''] = [connection.put.split('/')[4], connection.put.split('/').at(-1)];
  await (await connectSdk(session.arm.file)).virtualNetworkGatewayConnections.setSharedKey(resourceGroup, name, { value: newKey });
  await waitForStatus(session, connection.put, 'NotConnected');
  const place = findPlace(session.fabric, site);
  const [gateway] = findPlace(session.fabric, 'hq-gateway/IN_0').addresses;
  writeDeviceConfig(session.fabric, site, {
    ...device,
    localAddress: place.addresses[0] ?? '',
    remoteAddress: gateway ?? '',
    sharedKey: newKey,
  });
  await reloadDevice(session.ports, session.fabric, site);
}

function connectionOf(scenario: Scenario, site: string): Scenario['resources'][number] {
  const found = scenario.resources.find(({ put }) => put.endsWith(`/connections/hq-${site}`));
  if (found === undefined) throw new Error(`the scenario has no connection for ${site}`);
  return found;
}
