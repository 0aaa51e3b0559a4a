/** What survives the end of the program, polite or not: operations, resources, keys, sign-in. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const thing = `${group}/providers/Microsoft.Network/things/a`;
const options = {
  resourceRules: fixtureRules,
  planner: fixturePlanner,
  store: 'sqlite',
  settings: { ...testSettings, operationHoldSeconds: 0 },
} as const;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function start(dataDirectory?: string): Promise<TestServer> {
  const server = await startTestServer({ ...options, ...(dataDirectory === undefined ? {} : { dataDirectory }) });
  cleanUps.unshift(server.stop);
  return server;
}

async function begin(server: TestServer): Promise<string> {
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
  const put = await server.client.send('PUT', thing, { body: { location: 'westeurope', properties: { secret: 'Key1' } } });
  return new URL(put.headers['azure-asyncoperation'] ?? '').pathname;
}

const ended = async (server: TestServer, operation: string): Promise<void> => {
  await expect.poll(async () => (await server.client.send('GET', operation)).body.status, { timeout: 10_000 }).toBe('Succeeded');
  expect((await server.client.send('GET', thing)).body.properties.provisioningState).toBe('Succeeded');
};

test('an operation begun before a restart is known after it, and ends when a host has applied it', async () => {
  const before = await start();
  const operation = await begin(before);
  const { file, token } = before.client;
  const after = await before.restart();
  cleanUps.splice(0, 1, after.stop);
  expect((await after.client.send('GET', operation)).body.status).toBe('InProgress');
  // The same client and secret, and tokens issued before are still good.
  expect(after.client.file).toMatchObject({ clientId: file.clientId, clientSecret: file.clientSecret });
  expect((await after.client.send('GET', '/subscriptions', { token })).status).toBe(200);
  await after.startAgent();
  await ended(after, operation);
});

test('a program that was killed leaves files that the next one goes on from, to the end of every operation', async () => {
  const before = await start();
  const operation = await begin(before);
  // What a kill -9 leaves is what lies on the disk at that moment.
  const crashed = mkdtempSync(join(tmpdir(), 'sp-crashed-'));
  cleanUps.push(async () => rmSync(crashed, { recursive: true, force: true }));
  cpSync(before.directory, crashed, { recursive: true });
  const after = await start(crashed);
  expect((await after.client.send('GET', operation)).body.status).toBe('InProgress');
  await after.startAgent();
  await ended(after, operation);
  const deletion = await after.client.run('DELETE', thing);
  expect(deletion.last?.body.status).toBe('Succeeded');
});

test('a deletion and a group deletion under way are carried through after a crash', async () => {
  const before = await start();
  const agent = await before.startAgent();
  const operation = await begin(before);
  await ended(before, operation);
  await agent[Symbol.asyncDispose]();
  const deletion = await before.client.send('DELETE', group, {});
  expect(deletion.status).toBe(202);
  await expect.poll(async () => (await before.client.send('GET', thing)).body.properties.provisioningState).toBe('Deleting');
  const crashed = mkdtempSync(join(tmpdir(), 'sp-crashed-'));
  cleanUps.push(async () => rmSync(crashed, { recursive: true, force: true }));
  cpSync(before.directory, crashed, { recursive: true });
  const after = await start(crashed);
  const refused = await after.client.send('PUT', thing, { body: { location: 'westeurope', properties: {} } });
  expect([refused.status, refused.body.error.code]).toEqual([409, 'ResourceGroupBeingDeleted']);
  await after.startAgent();
  const location = new URL(deletion.headers['location'] ?? '').pathname;
  await expect.poll(async () => (await after.client.send('GET', location)).status, { timeout: 10_000 }).toBe(200);
  expect((await after.client.send('HEAD', group)).status).toBe(404);
});

test('an ended operation is kept for a day', async () => {
  const before = await start();
  await before.startAgent();
  const operation = await begin(before);
  await ended(before, operation);
  const after = await before.restart();
  cleanUps.splice(0, 1, after.stop);
  expect((await after.client.send('GET', operation)).body.status).toBe('Succeeded');
});
