/** How operations end, with planners and hosts that do odd things. */
import { afterEach, expect, test } from 'vitest';
import type { Planner } from './planner.ts';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const thing = `${group}/providers/Microsoft.Network/things/a`;
const body = { location: 'westeurope', properties: {} };
const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(planner: Planner, settings: Partial<typeof testSettings> = {}): Promise<TestServer> {
  const server = await startTestServer({
    resourceRules: fixtureRules,
    planner,
    store: 'memory',
    settings: { ...testSettings, ...settings },
  });
  servers.push(server);
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
  return server;
}

test("a resource that the planner leaves out fails with the planner's sentence", async () => {
  const reason = { code: 'NoHostInRegion', message: 'thing a not planned: no host serves westeurope' } as const;
  const { client } = await start({
    ...fixturePlanner,
    plan: (input) => {
      const result = fixturePlanner.plan(input);
      return { ...result, report: result.report.map(({ resource }) => ({ resource, isPlanned: false, hosts: [], reason })) };
    },
  });
  const { first, last } = await client.run('PUT', thing, body);
  expect([first.status, last?.body]).toEqual([201, expect.objectContaining({ status: 'Failed', error: { ...reason, details: [] } })]);
  const conditions = await client.send('GET', `${thing}/providers/Sallyport.Health/conditions`);
  expect(conditions.body.value).toMatchObject([{ code: reason.code, text: reason.message, resource: thing }]);
  // A failed resource can be deleted.
  expect((await client.run('DELETE', thing)).last?.body.status).toBe('Succeeded');
});

test('a resource nobody uses needs no host', async () => {
  const reason = { code: 'NotInUse', message: 'thing a not planned: nothing uses it' } as const;
  const { client } = await start({
    ...fixturePlanner,
    plan: (input) => {
      const result = fixturePlanner.plan(input);
      return { ...result, report: result.report.map(({ resource }) => ({ resource, isPlanned: false, hosts: [], reason })) };
    },
  });
  expect((await client.run('PUT', thing, body)).last?.body.status).toBe('Succeeded');
});

test('a plan that contradicts itself is not stored, and says so', async () => {
  const { client } = await start({
    ...fixturePlanner,
    checkPlan: ({ hosts }) =>
      hosts.some(({ vnets }) => vnets.length > 0) ? [{ severity: 'error', code: 'DuplicateId', message: 'two links have id 1' }] : [],
  });
  const { last } = await client.run('PUT', thing, body);
  expect(last?.body).toMatchObject({ status: 'Failed', error: { code: 'PlanContradictsItself', message: 'two links have id 1' } });
  const status = await client.send('GET', '/debug/status');
  expect(status.body.plan).toEqual({ number: 1, plannedAt: expect.any(String) });
  expect(status.body.conditions).toContainEqual(expect.objectContaining({ code: 'PlanContradictsItself', text: 'two links have id 1' }));
});

test('an operation no host applies fails in time, and the resource heals when a host comes', async () => {
  const server = await start(fixturePlanner, { operationTimeoutSeconds: 1 });
  const { last } = await server.client.run('PUT', thing, body);
  expect(last?.body).toMatchObject({ status: 'Failed', error: { code: 'OperationTimedOut' } });
  expect(last?.body.error.message).toMatch(/^host h1 has not applied plan \d+ within 1 s$/);
  await server.startAgent();
  await expect.poll(async () => (await server.client.send('GET', thing)).body.properties.provisioningState).toBe('Succeeded');
});
