/** The real Azure CLI, as its users type it: sign-in, subscriptions, resource groups. What is in a group: az.test.ts, az-templates.test.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signIn, type Az } from '../tools/az.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';

const group = 'hub';
let azSystem: AzSystem;
let az: Az;

beforeAll(async () => {
  azSystem = await startAzSystem();
  ({ az } = azSystem);
});
afterAll(() => azSystem[Symbol.asyncDispose]());

test('the subscriptions are there after signing in', async () => {
  expect(await az.tsv('account', 'list', '--query', '[].[name,state,isDefault]')).toEqual([
    ['Test', 'Enabled', 'True'],
    ['Second', 'Enabled', 'False'],
  ]);
  expect(await az.json('cloud', 'show', '--query', 'name')).toBe('sallyport');
  expect(await az.json('account', 'list-locations', '--query', '[].name')).toEqual(['westeurope', 'northeurope']);
});

test('a wrong secret is refused in words', async () => {
  const { tenantId, clientId } = azSystem.system.server.client.file;
  const { code, stderr } = await az.run('login', '--service-principal', '-u', clientId, '-p', 'wrong-secret', '--tenant', tenantId);
  expect(code).toBe(1);
  expect(stderr).toMatch(/secret/i);
  await signIn(az, azSystem.system.server.client.file);
});

test('group create, exists, list, show', async () => {
  expect(await az.json('group', 'create', '-n', group, '-l', 'westeurope', '--tags', 'env=test')).toMatchObject({
    name: group,
    location: 'westeurope',
    tags: { env: 'test' },
    properties: { provisioningState: 'Succeeded' },
  });
  expect(await az.json('group', 'exists', '-n', group)).toBe(true);
  expect(await az.json('group', 'exists', '-n', 'nosuch')).toBe(false);
  expect(await az.tsv('group', 'list', '--query', '[].[name,location]')).toEqual([[group, 'westeurope']]);
});

test('what is missing ends with exit code 3 and the code', async () => {
  const { code, stderr } = await az.run('group', 'show', '-n', 'nosuch');
  expect(code).toBe(3);
  expect(stderr).toContain("(ResourceGroupNotFound) Resource group 'nosuch' could not be found.");
});
