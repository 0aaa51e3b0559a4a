/** Outbound certificates: imported, judged, renewed, shown without their key, given to the host that needs them, told when they run out. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomIds, silentLogger, systemClock } from '@sallyport/runtime';
import type { FakeAgent } from '../agents/fake-agent.ts';
import { buildSiteToSite, idOf } from '../testing/site-to-site.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer } from '../testing/test-server.ts';

const connection = idOf('connections', 'hq-site');
const path = '/providers/Sallyport.KeyVault/certificates/gateway';
const both = 'serverAuth,clientAuth';
const day = 24 * 3600 * 1000;

let directory: string;
let server: TestServer;
let client: TestClient;
let agent: FakeAgent;
let ahead = 0;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sp-certificates-'));
  const clock = { ...systemClock, now: () => systemClock.now() + ahead };
  server = await startTestServer({ ports: { clock, ids: randomIds, log: silentLogger } });
  client = server.client;
  agent = await server.startAgent({ connection: () => ({}) });
  await buildSiteToSite(server);
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await server.stop();
});

/** A self-signed one: who issued it is the device's to judge. */
function made(
  subject: string,
  options: { readonly key?: string; readonly usage?: string; readonly days?: number } = {},
): { cert: string; key: string } {
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const { key: kind = 'rsa:2048', usage = both, days = 365 } = options;
  const extension = usage === '' ? [] : ['-addext', `extendedKeyUsage=${usage}`];
  const args = [
    'req',
    '-x509',
    '-newkey',
    kind,
    '-nodes',
    '-subj',
    subject,
    '-days',
    `${days}`,
    '-keyout',
    key,
    '-out',
    cert,
    ...extension,
  ];
  execFileSync('openssl', args, { stdio: 'ignore' });
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}
const put = (value: string): ReturnType<TestClient['send']> => client.send('PUT', path, { body: { value } });

test.each([
  ['InvalidCertificate', 'no PEM', () => 'nothing'],
  ['OutboundCertificateWithoutPrivateKey', 'no key', () => made('/CN=gw').cert],
  ['OutboundCertificateWithoutPrivateKey', "another's key", () => made('/CN=gw').cert + made('/CN=gw').key],
  ['OutboundCertificateKeyNotSupported', 'a short key', () => Object.values(made('/CN=gw', { key: 'rsa:1024' })).join('')],
  ['OutboundCertificateUsageMissing', 'no usage', () => Object.values(made('/CN=gw', { usage: '' })).join('')],
  ['OutboundCertificateUsageMissing', 'servers only', () => Object.values(made('/CN=gw', { usage: 'serverAuth' })).join('')],
  ['OutboundCertificateSubjectMissing', 'no subject', () => Object.values(made('/')).join('')],
])('%s: a certificate with %s is refused and nothing is stored', async (code, _what, value) => {
  const answer = await put(value());
  expect([answer.status, answer.body.error.code]).toEqual([400, code]);
  expect(answer.text).not.toContain('PRIVATE');
  expect((await client.send('GET', path)).status).toBe(404);
});

test('a connection is planned once its certificate is there; its host gets it, and no GET has the key', async () => {
  const authority = made('/CN=Branch CA');
  const { body } = await client.send('GET', connection);
  const certificateAuthentication = {
    outboundAuthCertificate: 'https://contoso.vault.azure.net/certificates/Gateway/0123456789abcdef0123456789abcdef',
    inboundAuthCertificateSubjectName: 'branch.contoso.com',
    inboundAuthCertificateChain: [authority.cert.replaceAll(/-----[A-Z ]+-----|\s/g, '')],
  };
  const wanted = { ...body, properties: { ...body.properties, authenticationType: 'Certificate', certificateAuthentication } };
  const { last } = await client.run('PUT', connection, wanted);
  expect(last?.body).toMatchObject({
    status: 'Failed',
    error: { code: 'CertificateMissing', message: expect.stringContaining('gateway was not imported') },
  });

  const own = made('/C=NL/O=Contoso/CN=gateway.contoso.com');
  const answer = await put(own.key + own.cert);
  expect(answer.body).toMatchObject({ name: 'gateway', version: 1, subject: 'C=NL, O=Contoso, CN=gateway.contoso.com' });
  await expect
    .poll(() => agent.plan()?.instances[0]?.tunnels[0]?.ike)
    .toMatchObject({
      localId: '%certificate',
      remoteId: 'CN=branch.contoso.com',
      certificate: { own: { version: 1 }, authorities: certificateAuthentication.inboundAuthCertificateChain },
    });
  expect(agent.plan()?.instances[0]?.tunnels[0]?.ike.sharedKey).toBeUndefined();
  await expect.poll(() => [...agent.secrets().values()].join()).toContain('PRIVATE KEY');
  const secretLine = own.key.split('\n')[3] ?? '';
  expect([...agent.secrets().values()].join()).toContain(secretLine);
  const shown = [JSON.stringify(agent.plan())];
  for (const url of [connection, path, '/providers/Sallyport.KeyVault/certificates', '/debug/status'])
    shown.push((await client.send('GET', url)).text);
  expect(shown.filter((text) => text.includes('PRIVATE KEY') || text.includes(secretLine))).toEqual([]);
  expect(readFileSync(join(server.directory, 'store.sqlite'), 'latin1')).not.toContain(secretLine);
  expect((await client.send('GET', connection)).body.properties.certificateAuthentication).toEqual(certificateAuthentication);
});

test('the same import changes nothing, another renews, and one in use can not be removed', async () => {
  const own = made('/CN=gateway.contoso.com', { days: 20 });
  const value = own.cert + own.key;
  expect([(await put(value)).body.version, (await put(value)).body.version]).toEqual([2, 2]);
  await expect.poll(() => agent.plan()?.instances[0]?.tunnels[0]?.ike.certificate?.own.version).toBe(2);
  const refused = await client.send('DELETE', path);
  expect([refused.status, refused.body.error.code]).toEqual([409, 'CertificateInUse']);
});

test('that it runs out is told a month before, and then that it has', async () => {
  const told = async (): Promise<readonly string[]> => {
    const { body } = await client.send('GET', `${connection}/providers/Sallyport.Health/conditions`);
    return (body.value as readonly { code: string; text: string }[]).map(({ code, text }) => `${code}: ${text.replace(/ on .*/, '')}`);
  };
  expect(await told()).toEqual(['CertificateExpiring: connection hq-site: its outbound certificate gateway expires']);
  ahead = 21 * day;
  // The token of the test is of another day then.
  server.client.close();
  const { openTestClient } = await import('../testing/test-client.ts');
  client = await openTestClient(server.directory);
  await agent.report();
  expect(await told()).toEqual(['CertificateExpired: connection hq-site: its outbound certificate gateway expired']);
});
