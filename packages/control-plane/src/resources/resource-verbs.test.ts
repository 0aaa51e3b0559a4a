/** The verbs over real TLS, with fixture types: statuses, headers, etags, operations. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSubscription } from '../testing/test-server.ts';

let server: TestServer;
const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const things = `${group}/providers/Microsoft.Network/things`;

beforeAll(async () => {
  server = await startTestServer({ resourceRules: fixtureRules, planner: fixturePlanner, store: 'memory' });
  await server.client.send('PUT', group, { body: { location: 'West Europe' } });
  await server.startAgent();
});
afterAll(() => server.stop());

test('a planned resource is created with 201, Updating and an operation that ends Succeeded', async () => {
  const { first, last } = await server.client.run('PUT', `${things}/a`, { location: 'westeurope', properties: { colour: 'red' } });
  expect(first.status).toBe(201);
  expect(first.body.properties.provisioningState).toBe('Updating');
  expect(first.headers['azure-asyncoperation']).toMatch(
    new RegExp(
      `^${server.controlPlane.endpoint}/subscriptions/${testSubscription}/providers/Microsoft.Network/locations/westeurope/operations/[0-9a-f-]{36}\\?api-version=2025-05-01$`,
    ),
  );
  expect(first.headers['retry-after']).toBe('1');
  expect(last?.body).toMatchObject({ status: 'Succeeded' });
  const got = await server.client.send('GET', `${things}/a`);
  expect(got.body.properties.provisioningState).toBe('Succeeded');
  expect(got.headers['etag']).toBe(got.body.etag);
  expect(got.body.etag).not.toBe(first.body.etag);
});
