/** A connection with real rules and the real planner: its key, its resets, its associations, its status and why. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConnectionObservation } from '@sallyport/model';
import type { FakeAgent } from '../../agents/fake-agent.ts';
import { buildSiteToSite, idOf, siteGroup } from '../../testing/site-to-site.ts';
import type { TestClient } from '../../testing/test-client.ts';
import type { TestServer } from '../../testing/test-server.ts';
import { startTestServer } from '../../testing/test-server.ts';

let server: TestServer;
let client: TestClient;
let agent: FakeAgent;
let reported: Partial<ConnectionObservation> = {};
const connection = idOf('connections', 'hq-site');
const gateway = idOf('virtualNetworkGateways', 'gw');

beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  client = server.client;
  agent = await server.startAgent({ connection: () => reported });
  await buildSiteToSite(server);
});
beforeEach(async () => {
  reported = {};
  await agent.report();
});
afterAll(() => server.stop());

const key = async (): Promise<string> => (await client.send('GET', `${connection}/sharedkey`)).body.value;
const keysOfHost = (): readonly string[] => [...agent.secrets().values()];

test('a connection with a host that reports it is Connected, and its key is in no GET', async () => {
  const got = await client.send('GET', connection);
  expect(got.body.properties).toMatchObject({ provisioningState: 'Succeeded', connectionStatus: 'Connected' });
  expect(got.body.properties.connectionStatusReason).toBeUndefined();
  expect(got.text).not.toContain('Correct.Horse');
  expect(await key()).toBe('Correct.Horse');
  expect(keysOfHost()).toEqual(['Correct.Horse']);
});

test('a key is changed by PUT in an operation of its own, and the host has it when that ends', async () => {
  const { first, last } = await client.run('PUT', `${connection}/sharedkey`, { value: 'Battery.Staple' });
  expect([first.status, first.body.value, last?.body.status]).toEqual([200, 'Battery.Staple', 'Succeeded']);
  expect(await key()).toBe('Battery.Staple');
  expect(keysOfHost()).toEqual(['Battery.Staple']);
  // A PUT of the connection without a key keeps it.
  const { body } = await client.send('GET', connection);
  expect((await client.run('PUT', connection, body)).last?.body.status).toBe('Succeeded');
  expect(await key()).toBe('Battery.Staple');
});

test('a key with a space, without value or too long is refused and the old one stays', async () => {
  const before = await key();
  for (const value of ['two words', 'x'.repeat(129), ''])
    expect((await client.send('PUT', `${connection}/sharedkey`, { body: { value } })).status).toBe(400);
  expect((await client.send('PUT', `${connection}/sharedkey`, { body: {} })).body.error.code).toBe('InvalidRequestFormat');
  expect((await client.send('POST', `${connection}/sharedkey/reset`, { body: { keyLength: 0 } })).status).toBe(400);
  expect(await key()).toBe(before);
});

test('a key reset makes a new one of the length asked for', async () => {
  const before = await key();
  const { first, last } = await client.run('POST', `${connection}/sharedkey/reset`, { keyLength: 64 });
  expect([first.status, first.text, last?.body.status]).toEqual([202, '', 'Succeeded']);
  const result = await client.send('GET', first.headers['location'] ?? '');
  expect(result.body).toEqual({ keyLength: 64 });
  expect(await key()).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(await key()).not.toBe(before);
});

test('a connection made without a key is given one', async () => {
  const { body } = await client.send('GET', connection);
  await client.run('DELETE', connection);
  const made = await client.run('PUT', connection, body);
  expect(made.last?.body.status).toBe('Succeeded');
  expect(await key()).toMatch(/^[A-Za-z0-9]{32}$/);
});

test('resets raise the epoch that the host acts on, of one tunnel or of all', async () => {
  const epoch = (): number => agent.plan()?.instances[0]?.tunnels[0]?.resetEpoch ?? -1;
  const before = epoch();
  const one = await client.run('POST', `${connection}/resetconnection`);
  expect([one.first.status, one.last?.body.status, epoch()]).toEqual([202, 'Succeeded', before + 1]);
  const all = await client.run('POST', `${gateway}/reset?api-version=2022-01-01&gatewayVip=None`);
  expect([all.first.status, all.last?.body.status, epoch()]).toEqual([202, 'Succeeded', before + 2]);
  expect((await client.send('GET', all.first.headers['location'] ?? '')).body.id).toBe(gateway);
});

test('gatewayVip picks the instance by its public address, and another address is refused', async () => {
  const before = agent.plan()?.instances[0]?.tunnels[0]?.resetEpoch ?? -1;
  const vip = agent.plan()?.instances[0]?.public.address ?? '';
  const own = await client.run('POST', `${gateway}/reset?api-version=2022-01-01&gatewayVip=${vip}`);
  expect([own.first.status, own.last?.body.status]).toEqual([202, 'Succeeded']);
  const other = await client.send('POST', `${gateway}/reset?api-version=2022-01-01&gatewayVip=203.0.113.99`);
  expect([other.status, other.body.error.code]).toEqual([400, 'InvalidParameter']);
  expect(agent.plan()?.instances[0]?.tunnels[0]?.resetEpoch).toBe(before + 1);
});

test('getikesas answers a string of JSON with cookies as whole numbers', async () => {
  const child = {
    name: 'c',
    uniqueId: '2',
    state: 'INSTALLED',
    inboundSpi: 'c1f2e3d4',
    outboundSpi: '0x00000001',
    encryption: 'GCMAES256',
    integrity: 'GCMAES256',
    pfsGroup: 'None',
    isUdpEncapsulated: true,
    localSelectors: ['0.0.0.0/0'],
    remoteSelectors: ['192.168.0.0/24'],
    bytesIn: 1,
    bytesOut: 2,
    packetsIn: 1,
    packetsOut: 1,
    installedSeconds: 10,
    lifetimeSeconds: 26_990,
  };
  reported = {
    ikeSas: [
      {
        uniqueId: '1',
        state: 'ESTABLISHED',
        version: 2,
        localAddress: '198.51.100.2',
        remoteAddress: '203.0.113.10',
        localPort: 4500,
        remotePort: 4500,
        initiatorSpi: '4c32a0bd2b7d1ce2',
        responderSpi: 'd68cb2f1a3e8e9b7',
        isInitiator: true,
        encryption: 'AES256',
        integrity: 'SHA1',
        dhGroup: 'DHGroup2',
        establishedSeconds: 100,
        rekeySeconds: 28_700,
        childSas: [child, { ...child, state: 'CREATED', uniqueId: '3', inboundSpi: '', outboundSpi: '' }],
      },
    ],
  };
  const [sa] = reported.ikeSas ?? [];
  if (sa === undefined) throw new Error('one was just reported');
  reported = { ikeSas: [sa, { ...sa, state: 'CONNECTING', responderSpi: '', childSas: [] }] };
  await agent.report();
  const asked = await client.send('POST', `${connection}/getikesas`);
  expect([asked.status, asked.text, asked.headers['azure-asyncoperation']]).toEqual([202, 'null', undefined]);
  const result = await client.send('GET', asked.headers['location'] ?? '');
  expect(typeof result.body).toBe('string');
  expect(result.body).toContain('"InitiatorCookie":5490627630056938722,"ResponderCookie":15459928371762882999');
  // What is still being negotiated is not among them.
  expect(result.body).not.toMatch(/SPI":0|Cookie":0/);
  expect(JSON.parse(result.body)).toMatchObject({
    IkeSAs: [
      {
        LocalEndpoint: '198.51.100.2',
        RemoteUdpEncapsulationPort: 4500,
        DhGroup: 'DHGroup2',
        LifeTimeSeconds: 28_800,
        QuickModeSAs: [
          {
            InboundSPI: 3_253_920_724,
            OutboundSPI: 1,
            LocalTrafficSelectors: ['0.0.0.0-255.255.255.255'],
            RemoteTrafficSelectors: ['192.168.0.0-192.168.0.255'],
            LifetimeKilobytes: 102_400_000,
            LifetimeSeconds: 27_000,
          },
        ],
      },
    ],
  });
});

test('a connection that is not connected says why, in the GET, in its conditions and in the status report', async () => {
  const reason = { code: 'WrongKey', message: 'the peer 203.0.113.10 refused our key', at: new Date().toISOString() };
  reported = { status: 'NotConnected', reason };
  await agent.report();
  const told = { code: reason.code, message: reason.message };
  const { properties } = (await client.send('GET', connection)).body;
  expect([properties.connectionStatus, properties.connectionStatusReason]).toEqual(['NotConnected', told]);
  const conditions = await client.send('GET', `${connection}/providers/Sallyport.Health/conditions`);
  expect(conditions.body.value).toEqual([
    { code: 'WrongKey', severity: 'error', title: 'Connection hq-site is not connected', text: reason.message, resource: connection },
  ]);
  const status = await client.send('GET', '/debug/status');
  expect(status.body.connections).toMatchObject([{ name: 'hq-site', connectionStatus: 'NotConnected', reason: told }]);
  expect(status.body.hosts).toMatchObject([{ name: 'h1', state: 'Reporting' }]);
  expect(status.body.tasks.map(({ name }: { name: string }) => name)).toContain('planning');
});

test('questions to the gateway: connections, peers, routes', async () => {
  const connections = await client.send('GET', `${gateway}/connections`);
  expect(connections.body.value.map(({ id }: { id: string }) => id)).toEqual([connection]);
  const peers = await client.send('POST', `${gateway}/getBgpPeerStatus?api-version=2025-05-01&peer=`);
  expect((await client.send('GET', peers.headers['location'] ?? '')).body).toEqual({ value: [] });
  const learned = await client.send('POST', `${gateway}/getLearnedRoutes`);
  const routes = await client.send('GET', learned.headers['location'] ?? '');
  expect(routes.body.value.map(({ network }: { network: string }) => network)).toEqual(
    expect.arrayContaining(['10.1.0.0/16', '192.168.0.0/24']),
  );
});

test('an action whose effect is not built is refused, not pretended', async () => {
  for (const path of [`${gateway}/startPacketCapture`, `${connection}/startPacketCapture`, `${gateway}/generatevpnprofile`]) {
    const refused = await client.send('POST', path, { body: {} });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'OperationNotSupported']);
  }
});

test('addresses of a network: free, taken, reserved, outside; and how full its subnets are', async () => {
  const check = async (address: string): Promise<unknown> =>
    (await client.send('GET', `${idOf('virtualNetworks', 'hq')}/CheckIPAddressAvailability?api-version=2025-05-01&ipAddress=${address}`))
      .body;
  expect(await check('10.1.0.9')).toEqual({ available: true, isPlatformReserved: false });
  expect(await check('10.1.0.1')).toMatchObject({
    available: false,
    isPlatformReserved: true,
    availableIPAddresses: expect.arrayContaining(['10.1.0.4']),
  });
  expect(await check('10.9.0.1')).toEqual({ available: false });
  const usages = await client.send('GET', `${idOf('virtualNetworks', 'hq')}/usages`);
  expect(usages.body.value).toMatchObject([
    { currentValue: -1, limit: -1 },
    { currentValue: 0, limit: 251 },
  ]);
});

test('a group with all of it is deleted in the right order', async () => {
  const deletion = await client.send('DELETE', siteGroup);
  expect([deletion.status, deletion.text]).toEqual([202, '']);
  expect((await client.send('GET', siteGroup)).body.properties.provisioningState).toBe('Deleting');
  await expect.poll(async () => (await client.send('GET', deletion.headers['location'] ?? '')).status, { timeout: 20_000 }).toBe(200);
  expect((await client.send('GET', siteGroup)).status).toBe(404);
  expect((await client.send('GET', `/subscriptions/${client.file.subscriptionId}/resources`)).body.value).toEqual([]);
  await expect.poll(() => agent.plan()?.instances).toEqual([]);
});
