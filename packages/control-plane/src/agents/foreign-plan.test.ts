/** A host that acts on a plan this control plane never made: it is told, the operator is told, and its number counts for nothing. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testHost, testSettings, testSubscription } from '../testing/test-server.ts';
import { foreignPlan } from '../status/foreign-plan.ts';
import { callAgentDoor } from '../testing/agent-door.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const thing = (name: string): string => `${group}/providers/Microsoft.Network/things/${name}`;
const options = {
  resourceRules: fixtureRules,
  planner: fixturePlanner,
  store: 'sqlite',
  settings: { ...testSettings, operationHoldSeconds: 0 },
} as const;

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function start(dataDirectory?: string): Promise<TestServer> {
  const server = await startTestServer({ ...options, ...(dataDirectory === undefined ? {} : { dataDirectory }) });
  cleanUps.push(server.stop);
  return server;
}

async function put(server: TestServer, name: string): Promise<void> {
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
  await server.client.send('PUT', thing(name), { body: { location: 'westeurope', properties: {} } });
}

const stateOf = async (server: TestServer, name: string): Promise<string> =>
  (await server.client.send('GET', thing(name))).body.properties.provisioningState;

/** What an agent does that has applied a plan with this number. */
async function reports(server: TestServer, held: { readonly number: number; readonly store?: string }): Promise<{ readonly poll: string }> {
  const observation = { host: testHost, appliedPlan: held.number, observedAt: new Date().toISOString(), failures: [], instances: [] };
  const posted = await callAgentDoor(server, testHost, 'POST', '/agent/v1/observations', {
    protocolVersion: 1,
    observation,
    store: held.store,
  });
  expect(posted.status).toBe(204);
  const ofStore = held.store === undefined ? '' : `&store=${held.store}`;
  const poll = await callAgentDoor(server, testHost, 'GET', `/agent/v1/plan?host=${testHost}&after=${held.number}&waitMs=0${ofStore}`);
  return { poll: `${poll.status} ${poll.text}` };
}

const conditionsOf = async (server: TestServer): Promise<readonly string[]> =>
  (await server.client.send('GET', '/debug/status')).body.conditions
    .filter(({ code }: { code: string }) => code === 'HostHoldsForeignPlan')
    .map(({ text }: { text: string }) => text);

test('restored from an older copy: the host keeps its plan, both sides say so, and no operation ends by its number', async () => {
  const first = await start();
  await put(first, 'a');
  const agent = await first.startAgent();
  const copy = mkdtempSync(join(tmpdir(), 'sp-copy-'));
  cpSync(first.directory, copy, { recursive: true });
  for (const name of ['b', 'c']) await put(first, name);
  await expect.poll(agent.appliedPlan).toBeGreaterThan(1);
  const held = { number: agent.appliedPlan() + 2 };
  await first.stop();
  cleanUps.length = 0;

  const restored = await start(copy);
  await put(restored, 'd');
  const { poll } = await reports(restored, held);
  expect(poll).toMatch(/^409 .*the host acts on plan \d+, and this control plane has made none beyond \d+ .*remove plan.json/);
  expect(await conditionsOf(restored)).toEqual([expect.stringMatching(/^host \S+ acts on plan \d+, and this control plane/)]);
  expect(await stateOf(restored, 'd')).toBe('Updating');
  rmSync(copy, { recursive: true, force: true });
});

test('emptied: a higher number of ours does not make the host’s plan ours', async () => {
  const server = await start();
  await put(server, 'a');
  const other = { number: 1, store: '11111111-1111-4111-8111-111111111111' };
  const { poll } = await reports(server, other);
  expect(poll).toMatch(/^409 .*plan 1, of another store than this control plane's/);
  expect(await conditionsOf(server)).toHaveLength(1);
  expect(await stateOf(server, 'a')).toBe('Updating');
  // The remedy: the host lets go of it, takes ours, and all is well.
  await server.startAgent();
  await expect.poll(() => stateOf(server, 'a')).toBe('Succeeded');
  expect(await conditionsOf(server)).toEqual([]);
});

test('a plan names its store, the same after a restart', async () => {
  const before = await start();
  await put(before, 'a');
  const storeOf = async (server: TestServer): Promise<string> =>
    JSON.parse((await callAgentDoor(server, testHost, 'GET', `/agent/v1/plan?host=${testHost}&after=0&waitMs=20000`)).text).store;
  const named = await storeOf(before);
  expect(named).toMatch(/^[0-9a-f-]{36}$/);
  const after = await before.restart();
  cleanUps.splice(0, 1, after.stop);
  expect(await storeOf(after)).toBe(named);
  expect((await reports(after, { number: 1, store: named })).poll).toMatch(/^20[04] /);
});

test('where one side names no store, numbers alone decide', () => {
  expect(foreignPlan({ number: 0, store: undefined }, { number: 0, store: 'a' })).toBeUndefined();
  expect(foreignPlan({ number: 3, store: undefined }, { number: 3, store: 'a' })).toBeUndefined();
  expect(foreignPlan({ number: 3, store: 'a' }, { number: 3, store: undefined })).toBeUndefined();
  expect(foreignPlan({ number: 4, store: 'a' }, { number: 3, store: 'a' })).toContain('restored from an older copy');
});
