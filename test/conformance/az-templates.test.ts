/** Templates by the real Azure CLI: create, show, what-if, validate, a failure in the provider's words, and the end of the group. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Az } from '../tools/az.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';

const template = fileURLToPath(new URL('templates/site-to-site.template', import.meta.url));
let azSystem: AzSystem;
let az: Az;

beforeAll(async () => {
  azSystem = await startAzSystem();
  ({ loadedAz: az } = azSystem);
});
afterAll(() => azSystem[Symbol.asyncDispose]());

const parameters = ['--parameters', 'localGatewayIpAddress=203.0.113.20', 'sharedKey=From.Template.1'] as const;

test('deployment group create with a site-to-site template as people write them', async () => {
  await az.json('group', 'create', '-n', 'templated', '-l', 'westeurope');
  const deployment = await az.json(
    'deployment',
    'group',
    'create',
    '-g',
    'templated',
    '-n',
    'first',
    '--template-file',
    template,
    ...parameters,
  );
  expect(deployment).toMatchObject({
    name: 'first',
    properties: {
      provisioningState: 'Succeeded',
      mode: 'Incremental',
      parameters: { gatewaySku: { type: 'String', value: 'VpnGw1AZ' }, sharedKey: { type: 'SecureString' } },
      outputs: {
        sku: { type: 'String', value: 'VpnGw1AZ' },
        subnets: { value: ['GatewaySubnet', 'apps-1', 'apps-2'] },
        connection: { value: { connectionType: 'IPsec' } },
      },
    },
  });
  expect(deployment.properties.outputs.gatewayAddress.value).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(JSON.stringify(deployment)).not.toContain('From.Template.1');
});

test('deployment group show, list, operation list, export', async () => {
  expect(await az.tsv('deployment', 'group', 'list', '-g', 'templated', '--query', '[].[name,properties.provisioningState]')).toEqual([
    ['first', 'Succeeded'],
  ]);
  const operations = await az.json(
    'deployment',
    'operation',
    'group',
    'list',
    '-g',
    'templated',
    '-n',
    'first',
    '--query',
    '[].properties.targetResource.resourceName',
  );
  expect(operations).toEqual(expect.arrayContaining(['branch', 'gateway-ip', 'gw', 'gw-to-branch']));
  expect(operations).not.toContain('routes');
  expect(await az.json('deployment', 'group', 'export', '-g', 'templated', '-n', 'first')).toMatchObject({ contentVersion: '1.0.0.0' });
});

test('what-if and validate say what would be, and change nothing', async () => {
  const changes = await az.json(
    'deployment',
    'group',
    'what-if',
    '-g',
    'templated',
    '-n',
    'first',
    '--template-file',
    template,
    ...parameters,
    'gatewaySku=VpnGw2AZ',
    'deployRouteTable=true',
    '--no-pretty-print',
    '--query',
    'changes[].[changeType, resourceId]',
  );
  const byName = new Map((changes as readonly (readonly [string, string])[]).map(([change, id]) => [id.split('/').at(-1), change]));
  expect(Object.fromEntries(byName)).toMatchObject({ gw: 'Modify', routes: 'Create', branch: 'NoChange' });
  const { code, stderr } = await az.run(
    'deployment',
    'group',
    'validate',
    '-g',
    'templated',
    '--template-file',
    template,
    ...parameters,
    'gatewaySku=Huge',
  );
  expect(code).toBe(1);
  expect(stderr).toContain('InvalidTemplate');
  expect(stderr).toContain("The provided value 'Huge' for the template parameter 'gatewaySku'");
});

test('a failing deployment ends with the provider’s own words', async () => {
  const bad = join(azSystem.system.server.directory, 'bad.json');
  const vnet = {
    type: 'Microsoft.Network/virtualNetworks',
    apiVersion: '2024-05-01',
    name: 'bad',
    location: 'westeurope',
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/24'] },
      subnets: [{ name: 'a', properties: { addressPrefix: '10.9.0.0/24' } }],
    },
  };
  writeFileSync(
    bad,
    JSON.stringify({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      resources: [vnet],
    }),
  );
  const { code, stderr } = await az.run('deployment', 'group', 'create', '-g', 'templated', '-n', 'bad', '--template-file', bad);
  expect(code).toBe(1);
  expect(stderr).toContain('DeploymentFailed');
  expect(stderr).toContain('NetcfgInvalidSubnet');
});

test('group delete takes everything with it', async () => {
  await az.json('group', 'delete', '-n', 'templated', '--yes');
  expect(await az.json('group', 'list')).toEqual([]);
});
