/** Secrets in a deployment's own words: its preview, its failed operations, its record on disk. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '../testing/test-server.ts';
import { masked, secureValues } from './mask.ts';

const key = 'Sup3rS3cretKey.42';
const group = `/subscriptions/${testSubscription}/resourceGroups/masked`;
const deployments = `${group}/providers/Microsoft.Resources/deployments`;
const resource = (properties: object): object => ({
  type: 'Microsoft.Network/connections',
  apiVersion: '2023-09-01',
  name: 'c',
  location: 'westeurope',
  properties: {
    virtualNetworkGateway1: { id: "[resourceId('Microsoft.Network/virtualNetworkGateways', 'gw')]" },
    localNetworkGateway2: { id: "[resourceId('Microsoft.Network/localNetworkGateways', 'site')]" },
    connectionType: 'IPsec',
    sharedKey: "[parameters('key')]",
    ...properties,
  },
});
const deployment = (...resources: readonly object[]): object => ({
  properties: {
    mode: 'Incremental',
    parameters: { key: { value: key } },
    template: {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      parameters: { key: { type: 'securestring' } },
      resources,
    },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'sp-masked-'));
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ dataDirectory: directory });
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a preview shows a mask where the template sets a key, by parameter or in clear', async () => {
  const clear = 'Cl3arK3y.11';
  const bodies = [deployment(resource({})), deployment(resource({ sharedKey: clear, routingWeight: "[concat('x', parameters('key'))]" }))];
  for (const body of bodies) {
    const preview = await server.client.send('POST', `${deployments}/p/whatIf`, { body });
    const text = preview.text + ((await resultOf(preview.headers['location'])) ?? '');
    expect(text).toContain('"sharedKey":"*******"');
    expect(text).not.toContain(key);
    expect(text).not.toContain(clear);
  }
});

test('a failed operation does not quote the key it was refused for, and the disk holds neither it nor the template', async () => {
  const begun = await server.client.send('PUT', `${deployments}/d`, {
    body: deployment(resource({ connectionType: "[parameters('key')]" })),
  });
  expect(begun.status).toBe(201);
  const ended = await until(
    () => server.client.send('GET', `${deployments}/d`),
    ({ body }) => body.properties.provisioningState === 'Failed',
    { because: 'the deployment fails', clock: systemClock },
  );
  const operations = await server.client.send('GET', `${deployments}/d/operations`);
  expect(operations.text).toContain('Error converting value \\"*******\\"');
  expect(operations.text + ended.text).not.toContain(key);
  const files = readdirSync(directory).filter((name) => name.startsWith('store.sqlite'));
  const bytes = files.map((name) => readFileSync(join(directory, name), 'latin1')).join('');
  expect(bytes).toContain(`${group}`.toLowerCase());
  expect(bytes).not.toContain(key);
  expect(bytes).not.toContain('contentVersion');
});

test('values of secure parameters are found inside other text, the longer of two first', () => {
  const secrets = secureValues([
    { name: 'a', type: 'SecureString', value: 'abcd' },
    { name: 'b', type: 'SecureObject', value: { deep: ['abcdef', 1] } },
    { name: 'c', type: 'String', value: 'plain' },
  ]);
  expect(secrets).toEqual(['abcdef', 'abcd']);
  expect(masked({ text: 'x abcdef y abcd plain', sharedKey: 'any', list: ['abcd'] }, secrets)).toEqual({
    text: 'x ******* y ******* plain',
    sharedKey: '*******',
    list: ['*******'],
  });
});

/** What a preview's Location leads to; Azure answers a preview either way. */
async function resultOf(location: string | undefined): Promise<string | undefined> {
  if (location === undefined) return undefined;
  const answer = await until(
    () => server.client.send('GET', location),
    ({ status }) => status !== 202,
    { because: 'the preview is there', clock: systemClock },
  );
  return answer.text;
}
