/** VGW-PEER-006. A site given by host name: the agent asks a stock name server, and the tunnel goes where the name goes. */
import { expect, test } from 'vitest';
import {
  EchoStream,
  NameServer,
  addSite,
  buildScenario,
  connectSdk,
  expectScenario,
  findPlace,
  loadScenario,
  markDevice,
  putResource,
  startDevice,
  swanctl,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { reaches } from './one-site.ts';
import { UpProcess, observedConnections, ports, withEvidence } from './up-process.ts';

const key = 'Sallyport.Example.Key.1';

/** One more site with a stock device, which waits for the gateway. */
async function addDevice(session: LabSession, scenario: Scenario, name: string, publicAddress: string, prefix: string): Promise<void> {
  const device = scenario.sites[0]?.device;
  if (device?.kind !== 'strongswan') throw new Error('the scenario has no strongSwan');
  await addSite(ports, session.fabric, { name, prefixes: [prefix], publicAddress });
  writeDeviceConfig(session.fabric, name, {
    ...device,
    localAddress: publicAddress,
    remoteAddress: findPlace(session.fabric, 'hq-gateway/IN_0').addresses[0] ?? '',
    sharedKey: key,
    selectors: [{ local: [prefix], remote: ['10.1.0.0/16'] }],
  });
  await markDevice(session.fabric, name, device.connection);
  await startDevice(ports, session.fabric, { name });
}

/** A second connection of the gateway, to a site with a plain address. */
async function connectOther(session: LabSession, scenario: Scenario): Promise<void> {
  const sdk = await connectSdk(session.arm.file);
  const find = (type: string): Scenario['resources'][number] => {
    const found = scenario.resources.find(({ put }) => put.includes(`/${type}/`));
    if (found === undefined) throw new Error(`the scenario has no ${type}`);
    return found;
  };
  const site = find('localNetworkGateways').put.replace(/[^/]+$/, 'other');
  const connection = find('connections');
  await putResource(sdk, site, {
    location: 'westeurope',
    properties: { localNetworkAddressSpace: { addressPrefixes: ['192.168.3.0/24'] }, gatewayIpAddress: '203.0.113.13' },
  });
  const properties = { ...(connection.body['properties'] as object), localNetworkGateway2: { id: site } };
  await putResource(sdk, connection.put.replace(/[^/]+$/, 'hq-other'), { ...connection.body, properties });
}

test('the tunnel moves with the name, the old address is let go, and another connection loses nothing', async () => {
  const scenarioNames = loadScenario('fqdn-peer', '00000000-0000-4000-8000-000000000000').names;
  await using names = await NameServer.start(ports, scenarioNames);
  await using up = await UpProcess.start(['--name-server', names.address]);
  await withEvidence(up, 'fqdn-peer', async () => {
    const { session } = up;
    const scenario = loadScenario('fqdn-peer', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    expect(await expectScenario(session, scenario)).toHaveLength(2);

    await addDevice(session, scenario, 'other', '203.0.113.13', '192.168.3.0/24');
    await connectOther(session, scenario);
    const vm = findPlace(session.fabric, 'vm1');
    await reaches(vm, '192.168.3.10');
    await using untouched = new EchoStream(session, vm, findPlace(session.fabric, 'other-host'));
    await untouched.waitForAnswer();

    // The site gets a new device with another address, and then the name follows.
    await addDevice(session, scenario, 'site2', '203.0.113.12', '192.168.0.0/24');
    const remote = async (): Promise<string> =>
      (await observedConnections(session))
        .filter(({ connection }) => connection.endsWith('hq-site1'))
        .flatMap(({ ikeSas }) => ikeSas.filter(({ state }) => state === 'ESTABLISHED').map(({ remoteAddress }) => remoteAddress))
        .join();
    expect(await remote()).toBe('203.0.113.11');
    const others = async (): Promise<string> =>
      (await observedConnections(session))
        .filter(({ connection }) => connection.endsWith('hq-other'))
        .flatMap(({ ikeSas }) => ikeSas.map(({ uniqueId }) => uniqueId))
        .join();
    const before = await others();
    await names.change({ 'site1.example.net': '203.0.113.12' });
    await until(remote, (address) => address === '203.0.113.12', {
      because: 'the tunnel goes to the new address of the name',
      clock: systemClock,
      timeoutMs: 60_000,
    });
    await reaches(findPlace(session.fabric, 'site2-host'), vm.addresses[0] ?? '');
    await reaches(vm, '192.168.0.10');
    const old = swanctl(ports, session.fabric, 'site1', ['--initiate', '--child', 'net1', '--timeout', '4']);
    await expect(old).rejects.toThrow(/failed|timeout/);
    expect(await remote()).toBe('203.0.113.12');

    await untouched.waitForAnswer();
    expect(untouched.read().lost).toEqual([]);
    expect(await others()).toBe(before);
  });
});

test('while no name server answers the tunnel stays', async () => {
  const names = await NameServer.start(ports, { 'site1.example.net': '203.0.113.11' });
  await using up = await UpProcess.start(['--name-server', names.address]);
  await withEvidence(up, 'fqdn-no-server', async () => {
    const { session } = up;
    const scenario = loadScenario('fqdn-peer', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    await expectScenario(session, scenario);
    await names[Symbol.asyncDispose]();
    await using stream = new EchoStream(session, findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host'));
    await stream.waitForAnswer();
    // Longer than an answer lives and a look-up takes: three passes of a new agent that knows no address.
    await up.kill();
    await up.begin();
    for (let pass = 0; pass < 3; pass += 1) {
      const seen = Date.parse((await observedConnections(session))[0]?.observedAt ?? '');
      await until(
        async () => Date.parse((await observedConnections(session))[0]?.observedAt ?? ''),
        (at) => at > seen + 5000,
        { because: 'another pass is over', clock: systemClock, timeoutMs: 30_000, everyMs: 500 },
      );
    }
    await stream.waitForAnswer();
    expect(stream.read().lost).toEqual([]);
  });
  await names[Symbol.asyncDispose]();
});
