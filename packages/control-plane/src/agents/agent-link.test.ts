/** The agents' door: who gets in, what each is given, and what their reports change. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlanInput, PlanResult } from '@sallyport/planner';
import type { IkePlan, InstanceId, PlanNumber, ResourceId } from '@sallyport/model';
import { secretId } from '@sallyport/model';
import { fixtureRules, thingType } from '../testing/fixture-rules.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';
import type { AgentCertificateFiles } from '../tls/certificates.ts';

let server: TestServer;
let own: AgentCertificateFiles;
let other: AgentCertificateFiles;
let stranger: AgentCertificateFiles;
const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const thing = `${group}/providers/Microsoft.Network/things/a` as ResourceId; // a test's own id
const keyId = secretId(thing, 'sharedKey');

/** Every thing is a gateway with one tunnel on h1 that uses the thing's key; h2 has nothing. */
function plan({ resources, secretVersions, previous }: PlanInput): PlanResult {
  const instances = resources
    .filter(({ type }) => type === thingType)
    .map(({ id }) => ({
      id: `${id}/IN_0` as InstanceId,
      gateway: id,
      role: 'IN_0' as const,
      namespace: 'gw',
      public: { linkId: 1, address: '198.51.100.4', router: '198.51.100.1' },
      vnet: { linkId: 2, vnet: id, subnet: id, address: '10.0.0.4/24', router: '10.0.0.1', prefixes: [] },
      tunnels: [
        {
          connection: id,
          name: 't',
          ifId: 1,
          mtu: 1400,
          mssClamp: 1350,
          remotePrefixes: [],
          allowsTransit: true,
          ike: { sharedKey: { id: secretId(id, 'sharedKey'), version: secretVersions.get(secretId(id, 'sharedKey')) ?? 0 } } as IkePlan, // all this test looks at
          esp: {
            offers: [],
            accepts: [],
            lifetimeSeconds: 1,
            lifetimeKilobytes: 1,
            replayWindow: 0,
            selectors: [],
            acceptsOtherSelectors: true,
            idleTimeoutSeconds: 0,
          },
          resetEpoch: 0,
        },
      ],
    }));
  const empty = { publicNetworks: [], vnets: [], networkInterfaces: [] };
  const number = ((previous?.number ?? 0) + 1) as PlanNumber; // brand
  return {
    plan: { number, hosts: [{ host: 'h1', ...empty, instances }] },
    report: instances.map(({ gateway }) => ({ resource: gateway, isPlanned: true, hosts: ['h1'] })),
    issues: [],
  };
}

beforeAll(async () => {
  const hosts = ['h1', 'h2'].map((name) => ({ name, regions: ['westeurope'] }));
  server = await startTestServer({
    resourceRules: fixtureRules,
    planner: { plan, checkPlan: () => [] },
    store: 'memory',
    settings: { ...testSettings, hosts, operationHoldSeconds: 0 },
  });
  [own, other, stranger] = (await Promise.all(['h1', 'h2', 'intruder'].map((host) => server.controlPlane.issueAgentCertificate(host)))) as [
    AgentCertificateFiles,
    AgentCertificateFiles,
    AgentCertificateFiles,
  ]; // three in, three out
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
  await server.client.send('PUT', thing, { body: { location: 'westeurope', properties: { secret: 'Key1' } } });
});
afterAll(() => server.stop());

function call(
  files: AgentCertificateFiles | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const certificate = files === undefined ? {} : { key: readFileSync(files.keyFile), cert: readFileSync(files.certFile) };
  const outgoing = request(
    `${server.controlPlane.agentEndpoint}${path}`,
    { method, agent: false, ca: readFileSync(server.controlPlane.caFile), ...certificate, headers: { 'content-type': 'application/json' } },
    (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

test('without a certificate of ours there is no conversation', async () => {
  await expect(call(undefined, 'GET', '/agent/v1/plan?host=h1&after=0')).rejects.toMatchObject({
    code: expect.stringMatching(/^(ERR_SSL_\w*CERTIFICATE_REQUIRED|ECONNRESET|EPIPE)$/),
  });
});

test('a certificate for a host that is not configured, or for another host, is refused', async () => {
  expect((await call(stranger, 'GET', '/agent/v1/plan?host=intruder&after=0')).status).toBe(403);
  expect((await call(other, 'GET', '/agent/v1/plan?host=h1&after=0')).status).toBe(403);
});

test('a plan comes at once when newer, after the wait as 204 when not, and as soon as there is one', async () => {
  await expect.poll(async () => (await call(own, 'GET', '/agent/v1/plan?host=h1&after=0&waitMs=0')).status).toBe(200);
  const first = JSON.parse((await call(own, 'GET', '/agent/v1/plan?host=h1&after=0')).text);
  expect(first).toMatchObject({ protocolVersion: 1, plan: { host: 'h1', instances: [{ gateway: thing }] } });
  expect((await call(own, 'GET', `/agent/v1/plan?host=h1&after=${first.number}&waitMs=20`)).status).toBe(204);
  const waiting = call(own, 'GET', `/agent/v1/plan?host=h1&after=${first.number}&waitMs=20000`);
  await server.client.send('PUT', `${thing}2`, { body: { location: 'westeurope', properties: {} } });
  const next = await waiting;
  expect([next.status, JSON.parse(next.text).number > first.number]).toEqual([200, true]);
});

test('a secret is served only to a host whose current plan refers to it, in that version', async () => {
  const path = (version: number): string => `/agent/v1/secrets?id=${encodeURIComponent(keyId)}&version=${version}`;
  expect(JSON.parse((await call(own, 'GET', path(1))).text)).toEqual({ id: keyId, version: 1, value: 'Key1' });
  expect((await call(own, 'GET', path(2))).status).toBe(404);
  expect((await call(other, 'GET', path(1))).status).toBe(404);
  expect((await call(own, 'GET', '/agent/v1/secrets?id=identity%23clientSecret&version=1')).status).toBe(404);
});

test('an observation is checked, and ends what waited for it', async () => {
  const { plan: newest } = (await server.client.send('GET', '/debug/status')).body;
  const observation = { host: 'h1', appliedPlan: newest.number, observedAt: new Date().toISOString(), failures: [], instances: [] };
  const wrong = await call(own, 'POST', '/agent/v1/observations', { protocolVersion: 1, observation: { ...observation, appliedPlan: -1 } });
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('observation.appliedPlan')]);
  expect((await call(other, 'POST', '/agent/v1/observations', { protocolVersion: 1, observation })).status).toBe(403);
  expect((await server.client.send('GET', thing)).body.properties.provisioningState).toBe('Updating');
  expect((await call(own, 'POST', '/agent/v1/observations', { protocolVersion: 1, observation })).status).toBe(204);
  await expect.poll(async () => (await server.client.send('GET', thing)).body.properties.provisioningState).toBe('Succeeded');
});
