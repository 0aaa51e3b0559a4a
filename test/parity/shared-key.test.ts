/** A connection's key at its own URL, by HTTP: read, set, reset, refused. What az sends for it is test/conformance/az.test.ts, what hosts do with it test/lab. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf, startSiteToSite, type TestResponse, type TestServer } from '@sallyport/control-plane/testing';

const connection = idOf('connections', 'hq-site');
const url = `${connection}/sharedkey`;
let server: TestServer;

beforeAll(async () => {
  server = await startSiteToSite();
});
afterAll(() => server.stop());

const send = (method: string, path: string, body?: unknown): Promise<TestResponse> =>
  server.client.send(method, path, body === undefined ? {} : { body });
const key = async (): Promise<string> => (await send('GET', url)).body.value;
/** Everything a refusal could have changed: the key, and the connection with its etag. */
const stored = async (): Promise<readonly string[]> => [await key(), (await send('GET', connection)).text];
const outcome = ({ status, body }: TestResponse): unknown => [status, body?.error?.code];

test('VGW-KEY-005: it is shown with an empty id, and in no other answer', async () => {
  const shown = await send('GET', url);
  expect([shown.status, shown.body]).toEqual([200, { id: '', value: 'Correct.Horse' }]);
  const others = [connection, connection.replace(/\/hq-site$/, ''), `${idOf('virtualNetworkGateways', 'gw')}/connections`];
  for (const other of others) expect((await send('GET', other)).text).not.toContain('Correct.Horse');
});

test('VGW-KEY-005: a connection that is not there has none', async () => {
  expect(outcome(await send('GET', `${idOf('connections', 'none')}/sharedkey`))).toEqual([404, 'ResourceNotFound']);
  expect(outcome(await send('PUT', `${idOf('connections', 'none')}/sharedkey`, { value: 'a' }))).toEqual([404, 'ResourceNotFound']);
  expect(outcome(await send('POST', `${idOf('connections', 'none')}/sharedkey/reset`, { keyLength: 8 }))).toEqual([
    404,
    'ResourceNotFound',
  ]);
});

test.each(['x', 'y'.repeat(128), '!"#$%&\'()*+,./0123456789:;<=>?@AZ[\\]^_`az{|}', '0'])(
  'VGW-KEY-006: the key %s is set, in an operation of its own',
  async (value) => {
    const etag = (await send('GET', connection)).body.etag;
    const { first, last } = await server.client.run('PUT', url, { value });
    expect([first.status, first.body, last?.body.status]).toEqual([200, { id: '', value }, 'Succeeded']);
    expect(await key()).toBe(value);
    expect((await send('GET', connection)).body.etag).not.toBe(etag);
  },
);

const badKeys = ['', ' ', 'two words', 'a-b', 'a~b', 'tab\there', 'line\n', 'del\u007f', 'schlüssel', 'x'.repeat(129)];
test.each(badKeys)('VGW-KEY-001: the key %j is refused, and the old one stays', async (value) => {
  const before = await stored();
  expect(outcome(await send('PUT', url, { value }))).toEqual([400, 'InvalidSharedKey']);
  expect(await stored()).toEqual(before);
});

test('VGW-KEY-001: a refusal does not repeat the key', async () => {
  for (const value of badKeys.filter(({ length }) => length > 2))
    expect((await send('PUT', url, { value })).text).not.toContain(JSON.stringify(value).slice(1, -1));
});

test.each([{}, { value: null }, { value: 7 }, { value: ['a'] }, { keyLength: 8 }, []])('VGW-KEY-006: %j is no key', async (body) => {
  const before = await stored();
  expect(outcome(await send('PUT', url, body))).toEqual([400, 'InvalidRequestFormat']);
  expect(await stored()).toEqual(before);
});

test.each([1, 32, 128])('VGW-KEY-007: a reset makes a new key of %i characters and answers the length', async (keyLength) => {
  const before = await key();
  const { first, last } = await server.client.run('POST', `${url}/reset`, { keyLength });
  expect([first.status, first.text, last?.body.status]).toEqual([202, '', 'Succeeded']);
  expect((await send('GET', first.headers['location'] ?? '')).body).toEqual({ keyLength });
  const after = await key();
  expect(after).toMatch(new RegExp(`^[A-Za-z0-9]{${keyLength}}$`));
  expect(after).not.toBe(before);
});

test.each([0, -1, 129, 1.5])('VGW-KEY-002: a reset to a length of %d is refused', async (keyLength) => {
  const before = await stored();
  expect(outcome(await send('POST', `${url}/reset`, { keyLength }))).toEqual([400, 'InvalidSharedKeyLength']);
  expect(await stored()).toEqual(before);
});

test.each([{}, { keyLength: null }, { keyLength: 'long' }, { value: 'a' }])('VGW-KEY-007: %j is no length', async (body) => {
  const before = await stored();
  expect(outcome(await send('POST', `${url}/reset`, body))).toEqual([400, 'InvalidRequestFormat']);
  expect(await stored()).toEqual(before);
});

test('VGW-KEY-004: two connections made without a key have different ones, of 32 letters and digits', async () => {
  const { body } = await send('GET', connection);
  const keys: string[] = [];
  for (const index of [1, 2]) {
    const site = idOf('localNetworkGateways', `generated-${index}`);
    await server.client.run('PUT', site, {
      location: body.location,
      properties: { gatewayIpAddress: `203.0.113.${index + 20}`, localNetworkAddressSpace: { addressPrefixes: [`172.20.${index}.0/24`] } },
    });
    const id = idOf('connections', `generated-${index}`);
    const { connectionType, virtualNetworkGateway1 } = body.properties;
    const properties = { connectionType, virtualNetworkGateway1, localNetworkGateway2: { id: site } };
    expect((await server.client.run('PUT', id, { location: body.location, properties })).last?.body.status).toBe('Succeeded');
    keys.push((await send('GET', `${id}/sharedkey`)).body.value);
  }
  expect(keys).toEqual([expect.stringMatching(/^[A-Za-z0-9]{32}$/), expect.stringMatching(/^[A-Za-z0-9]{32}$/)]);
  expect(new Set(keys).size).toBe(2);
});
