/** ARM's protocol as bytes: headers, operation URLs, paths in odd shapes, api-versions, etags; what Terraform relies on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';

const subscription = `/subscriptions/${testSubscription}`;
const group = `${subscription}/resourceGroups/raw`;
const network = `${group}/providers/Microsoft.Network`;
const version = '?api-version=2025-05-01';
const vnet = {
  location: 'westeurope',
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    subnets: [
      { name: 'b', properties: { addressPrefix: '10.0.2.0/24' } },
      { name: 'a', properties: { addressPrefix: '10.0.1.0/24' } },
    ],
  },
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  await server.startAgent();
  await server.client.send('PUT', `${group}?api-version=2021-04-01`, { body: { location: 'westeurope' } });
});
afterAll(() => server.stop());

describe('a long-running PUT and DELETE', () => {
  test('PUT: 201, Updating, Azure-AsyncOperation absolute on the host the client used, no Location; then 200 on update', async () => {
    const made = await server.client.send('PUT', `${network}/virtualNetworks/lro${version}`, { body: vnet });
    expect([made.status, made.body.properties.provisioningState]).toEqual([201, 'Updating']);
    expect(made.headers['location']).toBeUndefined();
    expect(made.headers['azure-asyncoperation']).toMatch(
      new RegExp(
        `^${server.controlPlane.endpoint}${subscription}/providers/Microsoft\\.Network/locations/westeurope/operations/[0-9a-f-]{36}\\?api-version=2025-05-01$`,
      ),
    );
    expect(made.headers['retry-after']).toMatch(/^\d+$/);
    const status = await until(
      () => server.client.send('GET', made.headers['azure-asyncoperation'] ?? ''),
      ({ body }) => body.status === 'Succeeded',
      { because: 'the operation ends', clock: systemClock },
    );
    expect(status.status).toBe(200);
    const updated = await server.client.run('PUT', `${network}/virtualNetworks/lro${version}`, vnet);
    expect(updated.first.status).toBe(200);
  });

  test('DELETE: 202 with both headers; the resource answers 200 until it is 404, as Terraform polls it; the id stays known', async () => {
    const path = `${network}/virtualNetworks/lro${version}`;
    const deleted = await server.client.send('DELETE', path);
    expect([deleted.status, deleted.text]).toEqual([202, '']);
    const [operation = '', result = ''] = [deleted.headers['azure-asyncoperation'], deleted.headers['location']];
    expect(result).toContain('/operationResults/');
    const seen = new Set<number>();
    await until(
      () => server.client.send('GET', path),
      ({ status }) => seen.add(status) && status === 404,
      { because: 'the network is gone', clock: systemClock },
    );
    expect([...seen].every((status) => status === 200 || status === 404)).toBe(true);
    await until(
      () => server.client.send('GET', operation),
      ({ body }) => body.status === 'Succeeded',
      { because: 'the operation ends', clock: systemClock },
    );
    expect([200, 204]).toContain((await server.client.send('GET', result)).status);
    expect((await server.client.send('DELETE', path)).status).toBe(204);
  });
});

describe('no drift', () => {
  test('a second GET equals the first, and what was PUT is in it, lists in order', async () => {
    const path = `${network}/virtualNetworks/stable${version}`;
    await server.client.run('PUT', path, { ...vnet, tags: { A: 'b' } });
    const [first, second] = [await server.client.send('GET', path), await server.client.send('GET', path)];
    expect(second.body).toEqual(first.body);
    expect(first.body).toMatchObject({
      tags: { A: 'b' },
      properties: { addressSpace: vnet.properties.addressSpace, subnets: vnet.properties.subnets },
    });
    const again = await server.client.run('PUT', path, first.body);
    const after = await server.client.send('GET', path);
    expect(again.first.status).toBe(200);
    expect(withoutEtags(after.body)).toEqual(withoutEtags(first.body));
  });
});

describe('paths and queries', () => {
  test('case, doubled and closing slashes, None', async () => {
    const path = `${network}/virtualNetworks/paths`;
    await server.client.run('PUT', `${path}${version}`, vnet);
    for (const odd of [
      path.toUpperCase().replace(testSubscription.toUpperCase(), testSubscription),
      path.replace('Microsoft.Network/', 'Microsoft.Network//'),
      `${path}/`,
      path.replace('resourceGroups', 'resourcegroups'),
    ]) {
      const { status, body } = await server.client.send('GET', `${odd}${version}`);
      expect([odd, status, body.id]).toEqual([odd, 200, path]);
    }
    expect((await server.client.send('GET', `${network}/virtualNetworks/?api-version=2025-05-01&$top=None`)).status).toBe(200);
  });

  test('api-version: missing, malformed, old and new', async () => {
    const answer = async (query: string): Promise<readonly unknown[]> => {
      const { status, body } = await server.client.send('GET', `${network}/virtualNetworks${query}`);
      return [status, body.error?.code];
    };
    expect(await answer('?x=1')).toEqual([400, 'MissingApiVersionParameter']);
    expect(await answer('?api-version=yesterday')).toEqual([400, 'InvalidApiVersionParameter']);
    expect(await answer('?api-version=2015-06-15')).toEqual([200, undefined]);
    expect(await answer('?api-version=2031-01-01')).toEqual([200, undefined]);
    expect((await answer('?api-version=2014-01-01'))[0]).toBe(400);
  });

  test('every answer has the ids and headers operators look for', async () => {
    const { headers } = await server.client.send('GET', `${network}/virtualNetworks${version}`, {
      headers: { 'x-ms-correlation-request-id': 'c0ffee00-0000-4000-8000-000000000001' },
    });
    expect(headers['x-ms-correlation-request-id']).toBe('c0ffee00-0000-4000-8000-000000000001');
    expect(headers['x-ms-request-id']).toBeDefined();
    expect(headers['x-ms-routing-request-id']).toMatch(/^[A-Z0-9]+:\d{8}T\d{6}Z:[0-9a-f-]{36}$/);
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['strict-transport-security']).toBeDefined();
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
  });
});

describe('etags', () => {
  test('change with every write; If-Match guards, If-None-Match creates only', async () => {
    const path = `${network}/virtualNetworks/etags${version}`;
    await server.client.run('PUT', path, vnet);
    const { body, headers } = await server.client.send('GET', path);
    expect(headers['etag']).toBe(body.etag);
    expect(body.properties.subnets[0].etag).toBe(body.etag);
    const stale = await server.client.send('PUT', path, {
      body: vnet,
      headers: { 'if-match': 'W/"00000000-0000-0000-0000-000000000000"' },
    });
    expect([stale.status, stale.body.error.code]).toEqual([412, 'PreconditionFailed']);
    const exists = await server.client.send('PUT', path, { body: vnet, headers: { 'if-none-match': '*' } });
    expect(exists.status).toBe(412);
    expect((await server.client.send('GET', path)).body.etag).toBe(body.etag);
    expect((await server.client.send('PUT', path, { body: vnet, headers: { 'if-match': body.etag } })).status).toBe(200);
  });
});

describe('before signing in', () => {
  test('cloud metadata in the three shapes of its clients', async () => {
    const metadata = async (apiVersion: string): Promise<unknown> =>
      (await server.client.send('GET', `/metadata/endpoints?api-version=${apiVersion}`, { token: null })).body;
    const own: unknown = expect.stringContaining(server.controlPlane.endpoint);
    const some: unknown = expect.any(String);
    expect(await metadata('2015-01-01')).toMatchObject({ authentication: { loginEndpoint: own, audiences: [some] } });
    expect(await metadata('2019-05-01')).toMatchObject([
      { name: some, authentication: { loginEndpoint: own, audiences: [some] }, suffixes: {} },
    ]);
    expect(await metadata('2022-09-01')).toMatchObject({
      name: some,
      resourceManager: own,
      microsoftGraphResourceId: some,
      authentication: { loginEndpoint: own, tenant: some, identityProvider: some },
    });
  });

  test('no token and a bad token are told apart', async () => {
    const none = await server.client.send('GET', `${group}?api-version=2021-04-01`, { token: null });
    expect([none.status, none.body.error.code]).toEqual([401, 'AuthenticationFailed']);
    expect(none.headers['www-authenticate']).toMatch(/^Bearer authorization_uri="https:/);
    const bad = await server.client.send('GET', `${group}?api-version=2021-04-01`, { token: 'nonsense' });
    expect([bad.status, bad.body.error.code]).toEqual([401, 'InvalidAuthenticationToken']);
  });
});

function withoutEtags(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, member: unknown) => (key === 'etag' ? undefined : member)));
}
