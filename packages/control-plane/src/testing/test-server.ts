/**
 * A control plane in a temporary directory, with a client that signs in and speaks plain HTTPS: for tests that look at status
 * codes and headers. `stop` removes everything. Conformance tests use it with the official SDK.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomIds, silentLogger, systemClock, until } from '@sallyport/runtime';
import type { FakeAgent, FakeAgentOptions } from '../agents/fake-agent.ts';
import { startFakeAgent } from '../agents/fake-agent.ts';
import type { ControlPlane, ControlPlaneOptions } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { SettingsInput } from '../settings.ts';
import type { TestClient } from './test-client.ts';
import { openTestClient } from './test-client.ts';

export const testSubscription = '5a11900a-0000-4000-8000-000000000001';
export const testTenant = '5a11900a-0000-4000-8000-0000000000aa';
export const testHost = 'h1';

export const testSettings: SettingsInput = {
  tenantId: testTenant,
  subscriptions: [
    { id: testSubscription, displayName: 'Test' },
    { id: '5a11900a-0000-4000-8000-000000000002', displayName: 'Second' },
  ],
  locations: [
    { name: 'westeurope', displayName: 'West Europe' },
    { name: 'northeurope', displayName: 'North Europe' },
  ],
  clientId: '5a11900a-0000-4000-8000-0000000000cc',
  hosts: [{ name: testHost, regions: ['westeurope', 'northeurope'] }],
  publicNetworks: [
    { prefix: '198.51.100.0/24', router: '198.51.100.1' },
    { prefix: '203.0.113.0/24', router: '203.0.113.1' },
  ],
  retryAfterSeconds: 1,
};

export type TestServer = {
  readonly directory: string;
  readonly controlPlane: ControlPlane;
  readonly client: TestClient;
  /** A simulated host that applies every plan; stopped with the server. */
  readonly startAgent: (options?: Partial<FakeAgentOptions>) => Promise<FakeAgent>;
  /** Ends the control plane and starts it again on the same data and port. */
  readonly restart: () => Promise<TestServer>;
  /** Removes everything. */
  readonly stop: () => Promise<void>;
};

export async function startTestServer(options: Partial<ControlPlaneOptions> = {}): Promise<TestServer> {
  const directory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'sp-control-plane-'));
  const controlPlane = await startControlPlane({
    dataDirectory: directory,
    listen: { host: '127.0.0.1', port: 0 },
    agentListen: { host: '127.0.0.1', port: 0 },
    store: 'sqlite',
    settings: testSettings,
    ports: { clock: systemClock, ids: randomIds, log: silentLogger },
    ...options,
  });
  const client = await openTestClient(directory);
  const agents: FakeAgent[] = [];
  const end = async (): Promise<void> => {
    client.close();
    await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()));
    await controlPlane.close();
  };
  return {
    directory,
    controlPlane,
    client,
    startAgent: async (agentOptions = {}) => {
      const host = agentOptions.host ?? testHost;
      const agent = startFakeAgent({
        endpoint: controlPlane.agentEndpoint,
        host,
        certificate: await controlPlane.issueAgentCertificate(host),
        clock: systemClock,
        log: silentLogger,
        ...agentOptions,
      });
      agents.push(agent);
      await until(agent.appliedPlan, (number) => number > 0, { because: 'the agent applies its first plan', clock: systemClock });
      return agent;
    },
    restart: async () => {
      await end();
      const port = Number(new URL(controlPlane.endpoint).port);
      return startTestServer({ ...options, dataDirectory: directory, listen: { host: '127.0.0.1', port } });
    },
    stop: async () => {
      await end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
