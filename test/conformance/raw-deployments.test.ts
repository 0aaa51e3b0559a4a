/** Deployments over plain HTTP: the body az sends, header shapes, DeploymentActive, cancel, and what a restart does. */
import { afterEach, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';

const group = `/subscriptions/${testSubscription}/resourcegroups/raw`;
const deployment = `${group}/providers/Microsoft.Resources/deployments/site`;
const version = '?api-version=2021-04-01';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function started(): Promise<TestServer> {
  const server = await startTestServer();
  servers.push(server);
  await server.client.send('PUT', `${group}${version}`, { body: { location: 'westeurope' } });
  return server;
}

/** The file's text goes into the body as it is: az 2.45 does not parse it. */
const spliced = `{"properties": {"parameters": {"secret": {"value": "Spliced.Secret.1"}}, "mode": "Incremental", template:{
  "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#", // old
  "contentVersion": "1.0.0.0",
  "parameters": { "secret": { "type": "SECURESTRING" } },
  /* one network */
  "resources": [{
    "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2020-05-01", "name": "[concat('h',
        'q')]", "location": "West Europe", "tags": { "length": "[string(length(parameters('secret')))]" },
    "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } },
  }],
}}}`;

test('az’s spliced body; 201 with an absolute status URL; Accepted, then Succeeded', async () => {
  const { client, startAgent } = await started();
  await startAgent();
  const accepted = await client.send('PUT', `${deployment}${version}`, { text: spliced });
  expect(accepted.status).toBe(201);
  expect(accepted.body.properties).toMatchObject({
    provisioningState: 'Accepted',
    mode: 'Incremental',
    parameters: { secret: { type: 'SecureString' } },
  });
  expect(accepted.text).not.toContain('Spliced.Secret.1');
  const url = accepted.headers['azure-asyncoperation'] ?? '';
  expect(url.toLowerCase()).toMatch(
    new RegExp(`^https://127\\.0\\.0\\.1:\\d+${deployment}/operationstatuses/[^/?]+\\?api-version=2021-04-01$`, 'i'),
  );
  const ended = await until(
    () => client.send('GET', url),
    ({ body }) => body.status === 'Succeeded',
    { because: 'the deployment ends', clock: systemClock },
  );
  expect(ended.status).toBe(200);
  const again = await client.send('PUT', `${deployment}${version}`, { text: spliced });
  expect(again.status).toBe(200);
  const network = await client.send('GET', `${group}/providers/Microsoft.Network/virtualNetworks/hq`);
  expect(network.body.tags).toEqual({ length: '16' });
});

test('while it runs: one at a time; cancel is 204 and final, and the name is free again', async () => {
  const { client, startAgent } = await started(); // no host yet: the network's PUT does not end
  const gated = await client.send('PUT', `${deployment}${version}`, { text: spliced });
  expect(gated.status).toBe(201);
  const second = await client.send('PUT', `${deployment}${version}`, { text: spliced });
  expect([second.status, second.body.error.code]).toEqual([409, 'DeploymentActive']);
  expect((await client.send('POST', `${deployment}/cancel${version}`)).status).toBe(204);
  expect((await client.send('GET', `${deployment}${version}`)).body.properties.provisioningState).toBe('Canceled');
  const late = await client.send('POST', `${deployment}/cancel${version}`);
  expect(late.status).toBe(409);
  const anew = await client.send('PUT', `${deployment}${version}`, { text: spliced });
  expect(anew.status).toBe(200);
  await startAgent();
  const ended = (): ReturnType<typeof client.send> => client.send('GET', anew.headers['azure-asyncoperation'] ?? '');
  await until(ended, ({ body }) => body.status === 'Succeeded', { because: 'the new deployment of the name ends', clock: systemClock });
});

test('a restart in the middle: the id is known, the deployment goes on and ends, its secret intact', async () => {
  const before = await started();
  const accepted = await before.client.send('PUT', `${deployment}${version}`, { text: spliced });
  const url = new URL(accepted.headers['azure-asyncoperation'] ?? '');
  // No host is there: the network's PUT can't end, so the deployment is in the middle.
  await until(
    () => before.client.send('GET', `${deployment}${version}`),
    ({ body }) => body.properties.provisioningState === 'Running',
    { because: 'the deployment runs', clock: systemClock },
  );
  servers.splice(0);
  const after = await before.restart();
  servers.push(after);
  const status = (): ReturnType<typeof after.client.send> => after.client.send('GET', `${url.pathname}${url.search}`);
  expect((await status()).body.status).toBe('Running');
  await after.startAgent();
  await until(status, ({ body }) => body.status === 'Succeeded', { because: 'the deployment ends after the restart', clock: systemClock });
  const network = await after.client.send('GET', `${group}/providers/Microsoft.Network/virtualNetworks/hq`);
  expect(network.body).toMatchObject({ tags: { length: '16' }, properties: { provisioningState: 'Succeeded' } });
  const operations = await after.client.send('GET', `${group}/deployments/site/operations${version}`);
  expect(operations.body.value.map((one: { properties: { provisioningState: string } }) => one.properties.provisioningState)).toEqual([
    'Succeeded',
  ]);
});

test('a body that is no JSON, and names that are none', async () => {
  const { client } = await started();
  const broken = await client.send('PUT', `${deployment}${version}`, { text: '{"properties": {template:{ "a" 1 }}}' });
  expect([broken.status, broken.body.error.code]).toEqual([400, 'InvalidRequestContent']);
  expect(broken.body.error.message).toContain('line 1, position 32');
  const named = await client.send('PUT', `${group}/providers/Microsoft.Resources/deployments/${'x'.repeat(65)}${version}`, {
    text: spliced,
  });
  expect([named.status, named.body.error.code]).toEqual([400, 'InvalidDeployment']);
  const missing = await client.send('GET', `${deployment}${version}`);
  expect([missing.status, missing.body.error.code]).toEqual([404, 'DeploymentNotFound']);
  expect((await client.send('HEAD', `${deployment}${version}`)).status).toBe(404);
});
