/** Every request that is refused before a rule is asked: Azure's status and code, and nothing stored. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { SendOptions, TestClient } from '../testing/test-client.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';

let server: TestServer;
let client: TestClient;
const subscription = `/subscriptions/${testSubscription}`;
const group = `${subscription}/resourceGroups/rg`;
const notes = `${group}/providers/Microsoft.Network/notes`;
const good = { location: 'westeurope', properties: {} };

beforeAll(async () => {
  server = await startTestServer({ resourceRules: fixtureRules, planner: fixturePlanner, store: 'memory' });
  client = server.client;
  await client.send('PUT', group, { body: { location: 'westeurope' } });
});
afterAll(() => server.stop());

type Case = readonly [name: string, method: string, path: string, options: SendOptions, status: number, code: string];

const cases: readonly Case[] = [
  ['no api-version', 'GET', `${notes}?x=1`, {}, 400, 'MissingApiVersionParameter'],
  ['a malformed api-version', 'GET', `${notes}?api-version=latest`, {}, 400, 'InvalidApiVersionParameter'],
  ['an impossible date', 'GET', `${notes}?api-version=2024-13-01`, {}, 400, 'InvalidApiVersionParameter'],
  ['an api-version before the first', 'GET', `${notes}?api-version=2014-01-01`, {}, 400, 'NoRegisteredProviderFound'],
  ['an unknown subscription', 'GET', '/subscriptions/11111111-1111-4111-8111-111111111111/resourcegroups', {}, 404, 'SubscriptionNotFound'],
  ['an unknown group', 'GET', `${subscription}/resourceGroups/none/providers/Microsoft.Network/notes/n`, {}, 404, 'ResourceGroupNotFound'],
  ['an unknown namespace', 'GET', `${group}/providers/Microsoft.Compute/virtualMachines/v`, {}, 404, 'InvalidResourceNamespace'],
  ['an unknown type', 'GET', `${group}/providers/Microsoft.Network/dreams/d`, {}, 404, 'InvalidResourceType'],
  ['an unknown child type', 'GET', `${notes}/n/dreams/d`, {}, 404, 'InvalidResourceType'],
  ['a path to nowhere', 'GET', '/nowhere/at/all', {}, 404, 'NotFound'],
  ['another method', 'POST', `${notes}/n`, { body: good }, 405, 'MethodNotAllowed'],
  ['a method HTTP has and ARM has not', 'OPTIONS', `${notes}/n`, {}, 405, 'MethodNotAllowed'],
  ['invalid JSON', 'PUT', `${notes}/n`, { text: '{"location": ' }, 400, 'InvalidRequestContent'],
  ['no body', 'PUT', `${notes}/n`, {}, 400, 'InvalidRequestContent'],
  [
    'another content type',
    'PUT',
    `${notes}/n`,
    { text: '<a/>', headers: { 'content-type': 'application/xml' } },
    415,
    'UnsupportedMediaType',
  ],
  ['no location', 'PUT', `${notes}/n`, { body: { properties: {} } }, 400, 'LocationRequired'],
  ['a location there is not', 'PUT', `${notes}/n`, { body: { ...good, location: 'mars' } }, 400, 'LocationNotAvailableForResourceType'],
  [
    'what the schema refuses',
    'PUT',
    `${notes}/n`,
    { body: { ...good, properties: { colour: 'impossible' } } },
    400,
    'InvalidRequestFormat',
  ],
  ['no token', 'PUT', `${notes}/n`, { body: good, token: null }, 401, 'AuthenticationFailed'],
  ['a bad token', 'PUT', `${notes}/n`, { body: good, token: 'eyJhbGciOiJub25lIn0.e30.' }, 401, 'InvalidAuthenticationToken'],
  ['a group without location', 'PUT', `${subscription}/resourceGroups/rg2`, { body: {} }, 400, 'LocationRequired'],
  ['a group that would move', 'PUT', group, { body: { location: 'northeurope' } }, 409, 'InvalidResourceGroupLocation'],
  [
    'a group name with a colon in it',
    'PUT',
    `${subscription}/resourceGroups/a%3Ab`,
    { body: { location: 'westeurope' } },
    400,
    'InvalidResourceGroup',
  ],
  ['DELETE of a group there is not', 'DELETE', `${subscription}/resourceGroups/none`, {}, 404, 'ResourceGroupNotFound'],
  ['a malformed escape', 'GET', `${notes}/%E0%A4%A`, {}, 400, 'BadRequest'],
  [
    'an unknown filter',
    'GET',
    `${group}/resources?api-version=2021-04-01&$filter=colour%20eq%20'red'`,
    {},
    400,
    'InvalidFilterInQueryString',
  ],
];

test.each(cases)('%s', async (_name, method, path, options, status, code) => {
  const answer = await client.send(method, path, options);
  expect([answer.status, answer.body?.error?.code]).toEqual([status, code]);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.body.error.message.length).toBeGreaterThan(10);
  expect((await client.send('GET', `${group}/resources`)).body.value).toEqual([]);
});

test('a body of 5 MB is 413 with an error to read, whether announced or not', async () => {
  const text = JSON.stringify({ ...good, tags: { long: 'x'.repeat(5 * 1024 * 1024) } });
  const announced = await client.send('PUT', `${notes}/n`, { text });
  expect([announced.status, announced.body.error.code]).toEqual([413, 'RequestContentTooLarge']);
  const chunked = await client.send('PUT', `${notes}/n`, { text, headers: { 'transfer-encoding': 'chunked' } });
  expect([chunked.status, chunked.body.error.code]).toEqual([413, 'RequestContentTooLarge']);
  expect((await client.send('GET', `${notes}/n`)).status).toBe(404);
});

test('a strict server refuses api-versions it does not know', async () => {
  const strict = await startTestServer({
    resourceRules: fixtureRules,
    planner: fixturePlanner,
    store: 'memory',
    settings: { ...testSettings, strictApiVersions: true },
  });
  try {
    await strict.client.send('PUT', group, { body: { location: 'westeurope' } });
    expect((await strict.client.send('GET', `${notes}?api-version=2031-01-01`)).body.error.code).toBe('NoRegisteredProviderFound');
    expect((await strict.client.send('GET', `${notes}?api-version=2025-05-01`)).status).toBe(200);
  } finally {
    await strict.stop();
  }
});
