/**
 * A control plane with a simulated host, and the official clients signed in to it exactly as a user's script does it. The only
 * difference is how Node learns of the certificate authority: a script gets it from NODE_EXTRA_CA_CERTS, which is read when
 * the process starts, and a test from the API that Node has for running processes.
 */
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { SubscriptionClient } from '@azure/arm-resources-subscriptions';
import { DeploymentsClient } from '@azure/arm-resourcesdeployments';
import { ClientSecretCredential } from '@azure/identity';
import type { ControlPlaneOptions, FakeAgentOptions } from '@sallyport/control-plane';
import { startTestServer, type TestServer } from '@sallyport/control-plane/testing';

export type System = AsyncDisposable & {
  readonly server: TestServer;
  readonly subscriptionId: string;
  readonly network: NetworkManagementClient;
  readonly resources: ResourceManagementClient;
  readonly subscriptions: SubscriptionClient;
  readonly deployments: DeploymentsClient;
};

export async function startSystem(
  options: { readonly controlPlane?: Partial<ControlPlaneOptions>; readonly agent?: Partial<FakeAgentOptions> } = {},
): Promise<System> {
  const server = await startTestServer({ store: 'memory', ...options.controlPlane });
  await server.startAgent(options.agent);
  const { caFile, tenantId, clientId, clientSecret, endpoint, subscriptionId } = server.client.file;
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(caFile, 'utf8')]);
  const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
    authorityHost: endpoint,
    disableInstanceDiscovery: true,
  });
  return {
    server,
    subscriptionId,
    network: new NetworkManagementClient(credential, subscriptionId, { endpoint }),
    resources: new ResourceManagementClient(credential, subscriptionId, { endpoint }),
    subscriptions: new SubscriptionClient(credential, { endpoint }),
    deployments: new DeploymentsClient(credential, subscriptionId, { endpoint }),
    [Symbol.asyncDispose]: server.stop,
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
