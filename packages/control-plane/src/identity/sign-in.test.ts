/** Signing in over TLS: the endpoints clients use, what is refused, and which tokens open the API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ManualClock, countingIds } from '@sallyport/runtime';
import { join } from 'node:path';
import { isOurAudience, normaliseAudience } from './audience.ts';
import { openTokenAuthority } from './tokens.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testTenant } from '../testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ store: 'memory', resourceRules: [], settings: { ...testSettings, certificateNames: ['vpn.example'] } });
});
afterAll(() => server.stop());

const signIn = (path: string, form: Record<string, string>): ReturnType<TestServer['client']['send']> =>
  server.client.send('POST', `${path}?client-request-id=1`, {
    text: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    token: null,
  });
const credentials = (): Record<string, string> => ({
  grant_type: 'client_credentials',
  client_id: server.client.file.clientId,
  client_secret: server.client.file.clientSecret,
  scope: `${server.client.file.endpoint}//.default`,
});

test.each([
  '/adfs/oauth2/token',
  `/${testTenant}/oauth2/v2.0/token`,
  `/adfs/${testTenant}/oauth2/v2.0/token`,
  `/${testTenant}/oauth2/token`,
])('%s gives a token that opens the API', async (path) => {
  const answer = await signIn(path, credentials());
  expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
  const subscriptions = await server.client.send('GET', '/subscriptions', { token: answer.body.access_token });
  expect(subscriptions.body.value).toHaveLength(2);
});

test('wrong credentials are refused with the codes Entra uses', async () => {
  const wrongSecret = await signIn('/adfs/oauth2/token', { ...credentials(), client_secret: 'wrong' });
  expect([wrongSecret.status, wrongSecret.body.error, wrongSecret.body.error_codes]).toEqual([401, 'invalid_client', [7000215]]);
  const unknown = await signIn('/adfs/oauth2/token', { ...credentials(), client_id: 'nobody' });
  expect([unknown.status, unknown.body.error]).toEqual([400, 'unauthorized_client']);
  const elsewhere = await signIn('/adfs/oauth2/token', { ...credentials(), scope: 'https://elsewhere.example/.default' });
  expect([elsewhere.status, elsewhere.body.error]).toEqual([400, 'invalid_resource']);
  const grant = await signIn('/adfs/oauth2/token', { ...credentials(), grant_type: 'password' });
  expect([grant.status, grant.body.error]).toEqual([400, 'unsupported_grant_type']);
  const tenant = await signIn('/11111111-1111-4111-8111-111111111111/oauth2/v2.0/token', credentials());
  expect([tenant.status, tenant.body.error_codes]).toEqual([400, [90002]]);
});

test('discovery in both styles points at token endpoints on the host that was asked', async () => {
  const { endpoint } = server.client.file;
  const adfs = await server.client.send('GET', '/adfs/.well-known/openid-configuration', { token: null });
  expect(adfs.body.token_endpoint).toBe(`${endpoint}/adfs/oauth2/token`);
  const entra = await server.client.send('GET', `/${testTenant}/v2.0/.well-known/openid-configuration`, { token: null });
  expect(entra.body.token_endpoint).toBe(`${endpoint}/${testTenant}/oauth2/v2.0/token`);
  const other = await server.client.send('GET', '/adfs/.well-known/openid-configuration', {
    token: null,
    headers: { host: 'vpn.example' },
  });
  expect(other.body.token_endpoint).toBe('https://vpn.example/adfs/oauth2/token');
});

test('cloud metadata has the three shapes', async () => {
  const get = async (version: string): Promise<unknown> =>
    (await server.client.send('GET', `/metadata/endpoints?api-version=${version}`, { token: null })).body;
  const { endpoint } = server.client.file;
  expect(await get('2015-01-01')).toMatchObject({ authentication: { loginEndpoint: `${endpoint}/adfs`, audiences: [`${endpoint}/`] } });
  expect(await get('2019-05-01')).toMatchObject([{ name: 'Sallyport', suffixes: {}, authentication: { tenant: testTenant } }]);
  expect(await get('2022-09-01')).toMatchObject({ name: 'Sallyport', resourceManager: `${endpoint}/` });
});

test('no token, a forged one and a wrong scheme are 401 with a challenge', async () => {
  const none = await server.client.send('GET', '/subscriptions', { token: null });
  expect([none.status, none.body.error.code]).toEqual([401, 'AuthenticationFailed']);
  expect(none.headers['www-authenticate']).toBe(`Bearer authorization_uri="${server.client.file.endpoint}/${testTenant}"`);
  expect(none.headers['x-ms-failure-cause']).toBe('gateway');
  const forged = await server.client.send('GET', '/subscriptions', { token: `${server.client.token.slice(0, -4)}AAAA` });
  expect([forged.status, forged.body.error.code]).toEqual([401, 'InvalidAuthenticationToken']);
  expect(forged.headers['www-authenticate']).toContain('error="invalid_token"');
  const basic = await server.client.send('GET', '/subscriptions', { token: null, headers: { authorization: 'Basic abc' } });
  expect(basic.body.error.code).toBe('InvalidAuthenticationToken');
});

test('an expired token, one of another tenant and one for another audience are told apart', async () => {
  const clock = new ManualClock();
  const keyFile = join(server.directory, 'test-token-key.pem');
  const authority = (tenantId: string): ReturnType<typeof openTokenAuthority> =>
    openTokenAuthority({ keyFile, tenantId, clock, ids: countingIds() });
  const mine = authority(testTenant);
  const token = await mine.issue('client', 'https://here:1');
  const isHere = (audience: string): boolean => audience === 'https://here:1';
  expect(await mine.verify(token, isHere)).toEqual({ clientId: 'client', tenantId: testTenant });
  expect(await mine.verify(token, () => false)).toMatchObject({ code: 'InvalidAuthenticationToken' });
  expect(await authority('another').verify(token, isHere)).toMatchObject({ code: 'InvalidAuthenticationTokenTenant' });
  await clock.advance(3_700_000);
  expect(await mine.verify(token, isHere)).toMatchObject({ code: 'ExpiredAuthenticationToken' });
});

test('audiences are compared by host and port, whatever clients append', () => {
  expect(normaliseAudience('https://host:1//.default')).toBe('https://host:1');
  expect(isOurAudience('https://HOST:1/graph', ['host:1'])).toBe(true);
  expect(isOurAudience('https://management.azure.com/.default', [])).toBe(true);
  expect(isOurAudience('https://host:2', ['host:1'])).toBe(false);
  expect(isOurAudience('http://host:1', ['host:1'])).toBe(false);
  expect(isOurAudience('', ['host:1'])).toBe(false);
});
