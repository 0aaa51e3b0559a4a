/** A tunnel's history over the API: asked of the host through its open poll, in the columns of Azure's logs. */
import { afterEach, expect, test } from 'vitest';
import type { IkeHistoryEntry } from '@sallyport/model';
import { ManualClock, randomIds, silentLogger, systemClock, until } from '@sallyport/runtime';
import { buildSiteToSite, idOf } from '../testing/site-to-site.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer } from '../testing/test-server.ts';

const connection = idOf('connections', 'hq-site');
const path = `${connection}/providers/Sallyport.Health/diagnosticLogs`;
const said: IkeHistoryEntry = {
  at: '2026-01-01T00:00:00.000Z',
  category: 'IKEDiagnosticLog',
  session: '0123ABCD-0000-0000-0000-000000000000',
  remote: '203.0.113.10:500',
  local: '198.51.100.4:500',
  role: 'initiator',
  tags: ['SEND', 'SA_INIT'],
  message: 'request 0 [ SA KE No ]',
};
const gone: IkeHistoryEntry = {
  at: '2026-01-01T00:00:01.000Z',
  category: 'TunnelDiagnosticLog',
  session: '',
  remote: '203.0.113.10',
  local: '',
  tags: ['TunnelDisconnected'],
  message: 'peer 203.0.113.10 closed the tunnel',
};
let server: TestServer;
afterEach(() => server.stop());

test('rows have the columns of IKEDiagnosticLog and TunnelDiagnosticLog', async () => {
  server = await startTestServer({ store: 'memory' });
  const asked: string[] = [];
  await server.startAgent({
    history: (id) => {
      asked.push(id);
      return [said, gone];
    },
  });
  await buildSiteToSite(server);
  const answers = await Promise.all([server.client.send('GET', path), server.client.send('GET', path)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(answers[0]?.body.value).toEqual([
    {
      TimeGenerated: said.at,
      Category: 'IKEDiagnosticLog',
      Level: 'Informational',
      Message:
        'SESSION_ID :{0123ABCD-0000-0000-0000-000000000000} Remote 203.0.113.10:500: Local 198.51.100.4:500: [SEND][SA_INIT] request 0 [ SA KE No ]',
      Resource: 'hq-site',
      ResourceGroup: expect.any(String) as string,
      instance_s: 'GatewayTenantWorker_IN_0',
    },
    {
      TimeGenerated: gone.at,
      Category: 'TunnelDiagnosticLog',
      OperationName: 'TunnelDisconnected',
      remoteIP_s: '203.0.113.10',
      status_s: 'Disconnected',
      stateChangeReason_s: 'peer 203.0.113.10 closed the tunnel',
      Resource: 'hq-site',
      ResourceGroup: expect.any(String) as string,
      instance_s: 'GatewayTenantWorker_IN_0',
    },
  ]);
  expect(new Set(asked)).toEqual(new Set([connection]));
});

test('a connection no host has gives an error that says so, and one whose host is silent too, in the end', async () => {
  const clock = new ManualClock();
  server = await startTestServer({ store: 'memory', ports: { clock, ids: randomIds, log: silentLogger } });
  const agent = await server.startAgent({ history: () => [said] });
  await buildSiteToSite(server);
  await agent[Symbol.asyncDispose]();
  const missing = await server.client.send('GET', `${idOf('connections', 'other')}/providers/Sallyport.Health/diagnosticLogs`);
  expect(missing.status).toBe(404);
  let isAnswered = false;
  const answer = server.client.send('GET', path).finally(() => (isAnswered = true));
  const waited = { because: 'the host did not answer in time', clock: systemClock, everyMs: 5 };
  await until(() => clock.advance(1000).then(() => isAnswered), Boolean, waited);
  const silent = await answer;
  expect([silent.status, silent.body.error.code]).toEqual([404, 'DiagnosticLogNotAvailable']);
});
