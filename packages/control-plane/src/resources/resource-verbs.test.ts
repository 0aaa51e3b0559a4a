/** The verbs over real TLS, with fixture types: statuses, headers, etags, children, paging, operations. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApplyFailure, HostPlan } from '@sallyport/model';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';

let server: TestServer;
let client: TestClient;
/** What the simulated host does. */
let mayApply = true;
let failing: string | undefined;

const subscription = `/subscriptions/${testSubscription}`;
const group = `${subscription}/resourceGroups/rg`;
const things = `${group}/providers/Microsoft.Network/things`;
const notes = `${group}/providers/Microsoft.Network/notes`;
const body = (properties: object = {}, tags?: object): object => ({ location: 'westeurope', tags, properties });

function failures({ vnets }: HostPlan): readonly ApplyFailure[] {
  const found = vnets.find(({ vnet }) => vnet.toLowerCase() === failing?.toLowerCase());
  return found === undefined ? [] : [{ resource: found.vnet, code: 'LinkFailed', message: 'no space left on device' }];
}

beforeAll(async () => {
  server = await startTestServer({
    resourceRules: fixtureRules,
    planner: fixturePlanner,
    store: 'memory',
    settings: { ...testSettings, operationHoldSeconds: 0 },
  });
  client = server.client;
  await client.send('PUT', group, { body: { location: 'West Europe' } });
  await server.startAgent({ mayApply: () => mayApply, failures });
});
afterAll(() => server.stop());

describe('PUT', () => {
  test('creates a planned resource with 201, Updating and an operation that ends Succeeded', async () => {
    const { first, last } = await client.run('PUT', `${things}/a`, body({ colour: 'red' }));
    expect([first.status, first.body.properties.provisioningState]).toEqual([201, 'Updating']);
    const operations = `${server.controlPlane.endpoint}${subscription}/providers/Microsoft.Network/locations/westeurope/operations/`;
    expect(first.headers['azure-asyncoperation']).toContain(operations);
    expect(first.headers['azure-asyncoperation']).toMatch(/\?api-version=2025-05-01$/);
    expect([first.headers['azure-asyncnotification'], first.headers['retry-after'], first.headers['location']]).toEqual([
      'Enabled',
      '1',
      undefined,
    ]);
    expect(last?.body).toMatchObject({ status: 'Succeeded' });
    const got = await client.send('GET', `${things}/a`);
    expect(got.body.properties.provisioningState).toBe('Succeeded');
    expect(got.headers['etag']).toBe(got.body.etag);
    expect(got.body.etag).not.toBe(first.body.etag);
  });

  test('updates with 200, keeps what the service decided, and replaces what the user said', async () => {
    const before = await client.send('GET', `${things}/a`);
    const { first, last } = await client.run('PUT', `${things}/A`, body({ size: 2 }));
    expect([first.status, last?.body.status]).toEqual([200, 'Succeeded']);
    const after = await client.send('GET', `${things}/a`);
    expect(after.body.id).toBe(`${things}/a`);
    expect(after.body.properties).toMatchObject({ size: 2, resourceGuid: before.body.properties.resourceGuid });
    expect(after.body.properties.colour).toBeUndefined();
  });

  test('is done at once when no host is concerned, with an operation that is over', async () => {
    const made = await client.send('PUT', `${notes}/n`, { body: body() });
    expect([made.status, made.body.properties.provisioningState]).toEqual([201, 'Succeeded']);
    expect((await client.send('GET', made.headers['azure-asyncoperation'] ?? '')).body.status).toBe('Succeeded');
    expect((await client.send('PUT', `${notes}/n`, { body: body() })).status).toBe(200);
  });

  test('refuses by rule with all of it undone', async () => {
    const refused = await client.send('PUT', `${things}/b`, { body: body({ colour: 'forbidden' }) });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'ColourForbidden']);
    const missing = await client.send('GET', `${things}/b`);
    expect([missing.status, missing.body.error]).toEqual([
      404,
      {
        code: 'ResourceNotFound',
        message:
          "The Resource 'Microsoft.Network/things/b' under resource group 'rg' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
      },
    ]);
  });

  test('a host that can not do it fails the operation in its own words; the resource heals when it can', async () => {
    failing = `${things}/sick`;
    const { last } = await client.run('PUT', `${things}/sick`, body());
    expect(last?.status).toBe(200);
    expect(last?.body).toMatchObject({ status: 'Failed', error: { code: 'LinkFailed', message: 'no space left on device', details: [] } });
    expect((await client.send('GET', `${things}/sick`)).body.properties.provisioningState).toBe('Failed');
    failing = undefined;
    await expect
      .poll(async () => (await client.send('GET', `${things}/sick`)).body.properties.provisioningState, { timeout: 5000 })
      .toBe('Succeeded');
    expect((await client.run('DELETE', `${things}/sick`)).last?.body.status).toBe('Succeeded');
  });
});

describe('etags', () => {
  test('If-Match with another etag is 412, with the current or * it passes', async () => {
    const { etag } = (await client.send('GET', `${notes}/n`)).body;
    const wrong = await client.send('PUT', `${notes}/n`, { body: body({ v: 1 }), headers: { 'if-match': 'W/"other"' } });
    expect([wrong.status, wrong.body.error.code]).toEqual([412, 'PreconditionFailed']);
    expect((await client.send('PUT', `${notes}/n`, { body: body({ v: 2 }), headers: { 'if-match': etag } })).status).toBe(200);
    expect((await client.send('DELETE', `${notes}/n`, { headers: { 'if-match': etag } })).status).toBe(412);
    expect((await client.send('PUT', `${notes}/n`, { body: body({ v: 3 }), headers: { 'if-match': '*' } })).status).toBe(200);
    expect((await client.send('PUT', `${notes}/none`, { body: body(), headers: { 'if-match': '*' } })).status).toBe(412);
  });

  test('If-None-Match: * creates only', async () => {
    expect((await client.send('PUT', `${notes}/n`, { body: body(), headers: { 'if-none-match': '*' } })).status).toBe(412);
    expect((await client.send('PUT', `${notes}/n2`, { body: body(), headers: { 'if-none-match': '*' } })).status).toBe(201);
  });
});

describe('GET, HEAD and PATCH', () => {
  test('paths are taken in any case, with empty segments and a trailing slash', async () => {
    const odd = `/SUBSCRIPTIONS/${testSubscription}/resourcegroups/RG/Providers/microsoft.network//THINGS/A/`;
    const got = await client.send('GET', odd);
    expect([got.status, got.body.id]).toEqual([200, `${things}/a`]);
  });

  test('HEAD says whether there is one', async () => {
    expect((await client.send('HEAD', `${things}/a`)).status).toBe(204);
    expect((await client.send('HEAD', `${things}/zzz`)).status).toBe(404);
    expect((await client.send('HEAD', group)).status).toBe(204);
    expect((await client.send('HEAD', `${group}x`)).status).toBe(404);
  });

  test('PATCH changes the tags and the etag, nothing else', async () => {
    const before = (await client.send('GET', `${things}/a`)).body;
    const patched = await client.send('PATCH', `${things}/a`, { body: { tags: { env: 'lab' } } });
    expect(patched.status).toBe(200);
    expect(patched.body).toEqual({ ...before, tags: { env: 'lab' }, etag: patched.body.etag });
    expect(patched.body.etag).not.toBe(before.etag);
    expect((await client.send('PATCH', `${things}/a`, { body: { tags: { env: 1 } } })).body.error.code).toBe('InvalidRequestFormat');
  });

  test('every answer carries the headers of ARM', async () => {
    const correlation = '0af7651916cd43dd8448eb211c80319c';
    const got = await client.send('GET', `${things}/a`, {
      headers: {
        'x-ms-correlation-request-id': correlation,
        'x-ms-client-request-id': 'mine',
        'x-ms-return-client-request-id': 'true',
      },
    });
    expect(got.headers).toMatchObject({
      'x-ms-correlation-request-id': correlation,
      'x-ms-client-request-id': 'mine',
      'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-ms-routing-request-id': expect.stringMatching(/^WESTEUROPE:\d{8}T\d{6}Z:[0-9a-f-]{36}$/),
      'x-ms-ratelimit-remaining-subscription-reads': '11999',
      'cache-control': 'no-cache',
      'content-type': 'application/json; charset=utf-8',
    });
  });
});

describe('children', () => {
  const parts = `${things}/a/parts`;

  test('are written through their parent, whose etag they share', async () => {
    const { first } = await client.run('PUT', `${parts}/P1`, { properties: { n: 1 } });
    expect([first.status, first.body.name]).toEqual([201, 'P1']);
    const again = await client.run('PUT', `${parts}/p1`, { properties: { n: 2 } });
    expect([again.first.status, again.last?.body.status]).toEqual([200, 'Succeeded']);
    const got = await client.send('GET', `${parts}/P1`);
    const parent = await client.send('GET', `${things}/a`);
    expect([got.body.properties.n, got.body.etag, got.headers['etag']]).toEqual([2, parent.body.etag, parent.body.etag]);
    expect((await client.send('GET', parts)).body.value).toHaveLength(1);
  });

  test('are missed by name, and their parents too', async () => {
    const child = await client.send('GET', `${parts}/none`);
    expect([child.status, child.body.error.code]).toEqual([404, 'NotFound']);
    const parent = await client.send('PUT', `${things}/none/parts/p`, { body: { properties: {} } });
    expect([parent.status, parent.body.error.code]).toEqual([404, 'ParentResourceNotFound']);
  });

  test('DELETE is 202 with both headers, then 404; a missing one is 204', async () => {
    const { first, last } = await client.run('DELETE', `${parts}/P1`);
    expect([first.status, first.text, last?.body.status]).toEqual([202, '', 'Succeeded']);
    expect(first.headers['location']).toContain('/operationResults/');
    expect((await client.send('GET', first.headers['location'] ?? '')).status).toBe(200);
    expect((await client.send('GET', `${parts}/P1`)).status).toBe(404);
    expect((await client.send('DELETE', `${parts}/P1`)).status).toBe(204);
  });
});

describe('operations under way', () => {
  test('a second write is 429 with the operation to wait for; so is one that builds on it', async () => {
    mayApply = false;
    const first = await client.send('PUT', `${things}/slow`, { body: body() });
    const second = await client.send('PUT', `${things}/slow`, { body: body() });
    expect([second.status, second.body.error.code, second.headers['retry-after']]).toEqual([429, 'AnotherOperationInProgress', '1']);
    expect(second.body.error.message).toContain(first.headers['azure-asyncoperation']);
    const user = await client.send('PUT', `${things}/user`, { body: body({ uses: `${things}/slow` }) });
    expect([user.status, user.body.error.code, user.body.error.details[0].code]).toEqual([
      429,
      'RetryableError',
      'ReferencedResourceNotProvisioned',
    ]);
    expect((await client.send('DELETE', `${things}/slow`)).status).toBe(429);
    const status = await client.send('GET', first.headers['azure-asyncoperation'] ?? '');
    expect([status.status, status.body.status]).toEqual([200, 'InProgress']);
    mayApply = true;
    await expect.poll(async () => (await client.send('GET', `${things}/slow`)).body.properties.provisioningState).toBe('Succeeded');
    expect((await client.run('PUT', `${things}/user`, body({ uses: `${things}/slow` }))).last?.body.status).toBe('Succeeded');
  });

  test('what is in use is not deleted; then it is, and GET says Deleting until it is gone', async () => {
    const used = await client.send('DELETE', `${things}/slow`);
    expect([used.status, used.body.error.code]).toEqual([400, 'InUse']);
    await client.run('DELETE', `${things}/user`);
    mayApply = false;
    const first = await client.send('DELETE', `${things}/slow`);
    expect(first.status).toBe(202);
    expect((await client.send('GET', `${things}/slow`)).body.properties.provisioningState).toBe('Deleting');
    const result = await client.send('GET', first.headers['location'] ?? '');
    expect([result.status, result.headers['location'], result.headers['retry-after']]).toEqual([202, first.headers['location'], '1']);
    // Asking again is no second operation.
    expect((await client.send('DELETE', `${things}/slow`)).headers['azure-asyncoperation']).toBe(first.headers['azure-asyncoperation']);
    mayApply = true;
    await expect.poll(async () => (await client.send('GET', `${things}/slow`)).status).toBe(404);
    expect((await client.send('GET', first.headers['location'] ?? '')).status).toBe(204);
    expect((await client.send('DELETE', `${things}/slow`)).status).toBe(204);
  });

  test('an operation nobody knows is 404', async () => {
    const unknown = await client.send('GET', `${subscription}/providers/Microsoft.Network/locations/westeurope/operations/none`);
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'OperationNotFound']);
  });
});

test('lists come in pages with absolute links on the host that was asked', async () => {
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) await client.send('PUT', `${notes}/${name}`, { body: body({}, { page: 'yes' }) });
  const names: string[] = [];
  let next: string | undefined = `${group}/resources?api-version=2021-04-01&$top=2&$filter=tagName eq 'page'`.replaceAll(' ', '%20');
  for (let pages = 0; next !== undefined && pages < 10; pages += 1) {
    const answer: Awaited<ReturnType<TestClient['send']>> = await client.send('GET', next);
    names.push(...answer.body.value.map((item: { name: string }) => item.name));
    next = answer.body.nextLink;
    expect(next ?? `${server.controlPlane.endpoint}/subscriptions/`).toContain(`${server.controlPlane.endpoint}/subscriptions/`);
  }
  expect(names).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
  expect((await client.send('GET', `${notes}?api-version=2025-05-01&$top=x`)).body.error.code).toBe('InvalidParameter');
  const all = await client.send('GET', `${subscription}/providers/Microsoft.Network/notes`);
  expect(all.body.nextLink).toBeUndefined();
  expect(all.body.value.length).toBeGreaterThanOrEqual(5);
});
