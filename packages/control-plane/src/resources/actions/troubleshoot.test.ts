/** Network Watcher's troubleshooting of a connection and a gateway, over HTTP, with what an agent reports. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConnectionObservation } from '@sallyport/model';
import type { FakeAgent } from '../../agents/fake-agent.ts';
import { buildSiteToSite, idOf } from '../../testing/site-to-site.ts';
import type { TestClient, TestResponse } from '../../testing/test-client.ts';
import type { TestServer } from '../../testing/test-server.ts';
import { startTestServer } from '../../testing/test-server.ts';

let server: TestServer;
let client: TestClient;
let agent: FakeAgent;
let reported: Partial<ConnectionObservation> = {};
const watcher = idOf('networkWatchers', 'watcher');
const connection = idOf('connections', 'hq-site');
const gateway = idOf('virtualNetworkGateways', 'gw');
const storage = { storageId: idOf('storageAccounts', 'logs'), storagePath: 'https://logs.blob.core.windows.net/vpn' };

beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  client = server.client;
  agent = await server.startAgent({ connection: () => reported });
  await buildSiteToSite(server);
  await client.run('PUT', watcher, { location: 'westeurope' });
});
beforeEach(async () => {
  reported = {};
  await agent.report();
});
afterAll(() => server.stop());

const report = async (change: Partial<ConnectionObservation>): Promise<void> => {
  reported = change;
  await agent.report();
};
const down = (code: string, message: string): Partial<ConnectionObservation> => ({
  status: 'NotConnected',
  reason: { code, message, at: '2026-11-28T03:00:00Z' },
});
const troubleshoot = async (targetResourceId: string): Promise<TestResponse> => {
  const started = await client.send('POST', `${watcher}/troubleshoot`, { body: { targetResourceId, properties: storage } });
  if (started.status !== 202) return started;
  expect(started.headers['azure-asyncoperation']).toBeUndefined();
  return client.send('GET', started.headers['location'] ?? '');
};

test('a connected connection is healthy, and the result can be asked for again', async () => {
  const { status, body } = await troubleshoot(connection);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    code: 'Healthy',
    startTime: expect.any(String),
    results: [{ reasonType: 'NoFault', detail: 'connection hq-site is connected' }],
  });
  const again = await client.send('POST', `${watcher}/queryTroubleshootResult`, { body: { targetResourceId: connection.toUpperCase() } });
  expect([again.status, again.body]).toEqual([200, body]);
});

test.for([
  ['WrongKey', 'Authentication'],
  ['NoCommonIkeProposal', 'IkePolicyMismatch'],
  ['SelectorsRefused', 'IkePolicyMismatch'],
  ['PeerSilent', 'PeerReachability'],
  ['EngineDown', 'VipUnResponsive'],
] as const)('%s is told as %s, with our sentence and what to do', async ([reason, fault]) => {
  await report(down(reason, 'the sentence that says why'));
  const { body } = await troubleshoot(connection);
  expect(body).toMatchObject({ code: 'UnHealthy', results: [{ reasonType: fault, detail: 'the sentence that says why' }] });
  expect(body.results[0].recommendedActions[0].actionText).toEqual(expect.any(String));
});

test('of a gateway the connections that are down are named', async () => {
  expect((await troubleshoot(gateway)).body).toMatchObject({ code: 'Healthy', results: [{ reasonType: 'NoFault' }] });
  await report(down('PeerSilent', 'peer 203.0.113.10 does not answer'));
  expect((await troubleshoot(gateway)).body).toMatchObject({
    code: 'UnHealthy',
    results: [{ reasonType: 'ConnectionsNotConnected', detail: 'connection hq-site: peer 203.0.113.10 does not answer' }],
  });
});

test('what is not there is a fault, what is no VPN a refusal', async () => {
  expect((await troubleshoot(idOf('connections', 'no'))).body.results[0].reasonType).toBe('ConnectionEntityNotFound');
  expect((await troubleshoot(idOf('virtualNetworkGateways', 'no'))).body.results[0].reasonType).toBe('GatewayNotFound');
  for (const wrong of [idOf('virtualNetworks', 'hq'), 'hq-site', `${gateway}/natRules/x`])
    expect((await troubleshoot(wrong)).status).toBe(400);
  const missing = await client.send('POST', `${watcher}/queryTroubleshootResult`, { body: { targetResourceId: idOf('connections', 'x') } });
  expect([missing.status, missing.body.error.code]).toEqual([404, 'TroubleshootResultNotFound']);
  expect((await client.send('POST', `${watcher}/troubleshoot`, { body: { targetResourceId: gateway } })).status).toBe(400);
});

test('the log files are under the data directory', async () => {
  await report(down('WrongKey', 'the shared keys differ'));
  await troubleshoot(connection);
  const folder = join(server.directory, 'troubleshooting', 'group-hub', 'connections-hq-site');
  expect(readFileSync(join(folder, 'ConnectionStats.txt'), 'utf8')).toContain('Connectivity State : NotConnected');
  expect(readFileSync(join(folder, 'IKEErrors.txt'), 'utf8')).toContain('the shared keys differ');
});
