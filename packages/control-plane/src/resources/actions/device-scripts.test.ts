/** Device scripts through the API: filled from the real plan, with the stored key, refused in words; the key is in no log. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomIds, systemClock } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import type { FakeAgent } from '../../agents/fake-agent.ts';
import { buildSiteToSite, idOf } from '../../testing/site-to-site.ts';
import type { TestResponse } from '../../testing/test-client.ts';
import type { TestServer } from '../../testing/test-server.ts';
import { startTestServer } from '../../testing/test-server.ts';

let server: TestServer;
let agent: FakeAgent;
const logged: string[] = [];
const note = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
const log: Logger = { error: note, warn: note, info: note, debug: note, child: () => log };
const connection = idOf('connections', 'hq-site');
const gateway = idOf('virtualNetworkGateways', 'gw');
const strongSwan = { vendor: 'strongSwan', deviceFamily: 'swanctl', firmwareVersion: 'strongSwan 5.9' };

beforeAll(async () => {
  server = await startTestServer({ store: 'memory', ports: { clock: systemClock, ids: randomIds, log } });
  agent = await server.startAgent();
  await buildSiteToSite(server);
});
afterAll(() => server.stop());

const ask = (body: object): Promise<TestResponse> => server.client.send('POST', `${connection}/vpndeviceconfigurationscript`, { body });

async function change(properties: object): Promise<void> {
  const { body } = await server.client.send('GET', connection);
  const { last } = await server.client.run('PUT', connection, { ...body, properties: { ...body.properties, ...properties } });
  expect(last?.body.status).toBe('Succeeded');
}

test('the list is XML in a JSON string, at once', async () => {
  const answer = await server.client.send('POST', `${gateway}/supportedvpndevices`);
  expect([answer.status, answer.headers['content-type'], answer.headers['location']]).toEqual([
    200,
    expect.stringContaining('application/json'),
    undefined,
  ]);
  expect(answer.body).toMatch(
    /^<\?xml version="1.0" encoding="utf-8"\?>\n<RpVpnDeviceList version="1.0">\n {2}<Vendor name="Cisco">\n {4}<DeviceFamily name="CSR">\n {6}<FirmwareVersion name="IOS-XE 16.10" \/>/,
  );
  expect(answer.body.match(/<DeviceFamily /g)).toHaveLength(13);
});

test('every device of the list has a script of the connection’s values', async () => {
  const list: string = (await server.client.send('POST', `${gateway}/supportedvpndevices`)).body;
  const address = agent.plan()?.instances[0]?.public.address ?? '';
  const answers: Record<string, number> = {};
  for (const [, vendor = '', families = ''] of list.matchAll(/<Vendor name="([^"]*)">(.*?)<\/Vendor>/gs))
    for (const [, deviceFamily = '', firmwareVersion = ''] of families.matchAll(
      /Family name="([^"]*)">\s*<FirmwareVersion name="([^"]*)"/g,
    )) {
      const answer = await ask({ vendor, deviceFamily, firmwareVersion });
      answers[`${vendor} ${deviceFamily}`] = answer.status;
      for (const value of answer.status === 200 ? [address, '203.0.113.10', '10.1.0.0', '192.168.0.0', 'Correct.Horse', 'hq-site'] : [])
        expect(answer.body).toContain(value);
    }
  expect(Object.entries(answers).filter(([, status]) => status !== 200)).toEqual([['libreswan libreswan', 400]]);
});

test('a device without the connection’s algorithms is refused with both named, until a policy fits', async () => {
  const libreswan = { vendor: 'LIBRESWAN', deviceFamily: 'libreswan', firmwareVersion: 'libreswan 4.0' };
  const refused = await ask(libreswan);
  expect(refused.body.error).toMatchObject({ code: 'VpnDeviceScriptPolicyNotSupported' });
  expect(refused.body.error.message).toMatch(/^libreswan has no IKE proposal AES256 SHA1 DHGroup2, /);
  const policy = {
    saLifeTimeSeconds: 3600,
    saDataSizeKilobytes: 2048,
    ipsecEncryption: 'AES128',
    ipsecIntegrity: 'SHA256',
    ikeEncryption: 'AES192',
    ikeIntegrity: 'SHA384',
    dhGroup: 'ECP256',
    pfsGroup: 'PFSMM',
  };
  await change({ ipsecPolicies: [policy], dpdTimeoutSeconds: 90, usePolicyBasedTrafficSelectors: true });
  expect((await ask(libreswan)).body).toContain(
    '    ike=aes192-sha2_384;dh19\n    phase2=esp\n    esp=aes128-sha2_256;dh19\n    pfs=yes\n',
  );
  const script = (await ask(strongSwan)).body;
  for (const line of ['proposals = aes192-sha384-ecp256', 'esp_proposals = aes128-sha256-ecp256', 'life_time = 3600s', 'dpd_timeout = 90s'])
    expect(script).toContain(line);
  await change({ ipsecPolicies: [], dpdTimeoutSeconds: 45, usePolicyBasedTrafficSelectors: false });
});

test('the key in a script is the one of now', async () => {
  await server.client.run('PUT', `${connection}/sharedkey`, { value: 'Battery"Staple' });
  expect((await ask(strongSwan)).body).toContain(`secret = 0x${Buffer.from('Battery"Staple').toString('hex')}\n`);
});

test('who may only answer is told so: a gateway that initiates only', async () => {
  await change({ connectionMode: 'InitiatorOnly' });
  expect((await ask(strongSwan)).body).toContain('start_action = none');
  await change({ connectionMode: 'Default' });
});

test('BGP is in the script when the connection speaks it, with the addresses of both ends', async () => {
  const merge = async (id: string, properties: object): Promise<void> => {
    const { body } = await server.client.send('GET', id);
    const { first } = await server.client.run('PUT', id, { ...body, properties: { ...body.properties, ...properties } });
    expect(first.status).toBe(200);
  };
  await merge(gateway, { enableBgp: true });
  await merge(idOf('localNetworkGateways', 'site'), { bgpSettings: { asn: 65_050, bgpPeeringAddress: '192.168.0.254' } });
  expect((await ask(strongSwan)).body).not.toMatch(/bgp/i);
  await change({ enableBgp: true });
  const script = (await ask(strongSwan)).body;
  for (const line of ['neighbor 10.1.255.30 remote-as 65515', 'router bgp 65050', 'update-source 192.168.0.254', 'if_id_in = 11'])
    expect(script).toContain(line);
  await change({ enableBgp: false });
});

test('an unknown device is refused with the list, a body that is none as every such body', async () => {
  for (const unknown of [{ vendor: 'Acme' }, { deviceFamily: 'ipsec' }, { firmwareVersion: '1' }]) {
    const { status, body } = await ask({ ...strongSwan, ...unknown });
    expect([status, body.error.code]).toEqual([400, 'VpnDeviceNotSupported']);
    expect(body.error.message).toContain("'Juniper, Juniper_SRX_GA, Juniper_SRX_12.x_GA'");
  }
  for (const body of [{}, { ...strongSwan, vendor: 1 }]) expect((await ask(body)).body.error.code).toBe('InvalidRequestFormat');
  const missing = await server.client.send('POST', `${idOf('connections', 'nosuch')}/vpndeviceconfigurationscript`, { body: strongSwan });
  expect(missing.status).toBe(404);
});

test('a connection that is not in force has no script, and the answer says why', async () => {
  const { body } = await server.client.send('GET', connection);
  const policy = {
    saLifeTimeSeconds: 3600,
    saDataSizeKilobytes: 2048,
    ipsecEncryption: 'AES128',
    ipsecIntegrity: 'SHA256',
    ikeEncryption: 'AES192',
    ikeIntegrity: 'SHA384',
    dhGroup: 'None',
    pfsGroup: 'None',
  };
  await server.client.send('PUT', connection, { body: { ...body, properties: { ...body.properties, ipsecPolicies: [policy] } } });
  await expect
    .poll(async () => (await ask(strongSwan)).body.error)
    .toMatchObject({
      code: 'VpnDeviceScriptNotAvailable',
      message: expect.stringContaining('hq-site not planned: its policy has no IKE Diffie-Hellman group'),
    });
});

test('each script given out is logged, and no log has a key', () => {
  const given = logged.filter((line) => line.includes('device configuration script with shared key given out'));
  expect(given.length).toBeGreaterThan(12);
  expect(given[0]).toContain(`"resource":"${connection}"`);
  expect(given[0]).toContain('"correlationId":"');
  expect(logged.join()).not.toMatch(/Correct\.Horse|Battery/);
});
