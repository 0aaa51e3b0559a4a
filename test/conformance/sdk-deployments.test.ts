/** @azure/arm-resourcesdeployments against us: a whole site from a template, modules, previews, failures. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collect, startSystem, type System } from './system.ts';
import { location } from './site-to-site.ts';

const schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#';
const apiVersion = '2024-05-01';
const group = 'stacks';
let system: System;
beforeAll(async () => {
  system = await startSystem();
  await system.resources.resourceGroups.createOrUpdate(group, { location });
});
afterAll(() => system[Symbol.asyncDispose]());

const vnet = (name: string, prefix: string): object => ({
  type: 'Microsoft.Network/virtualNetworks',
  apiVersion,
  name,
  location: '[resourceGroup().location]',
  properties: { addressSpace: { addressPrefixes: [prefix] } },
});

test('resources of a template come into being, outputs go out, the envelope is as Azure shows it', async () => {
  const made = await system.deployments.deployments.createOrUpdate(group, 'one', {
    properties: {
      mode: 'Incremental',
      parameters: { prefix: { value: '10.30.0.0/16' } },
      template: {
        $schema: schema,
        contentVersion: '1.0.0.0',
        parameters: { prefix: { type: 'string' }, secret: { type: 'securestring', defaultValue: 'not to be seen' } },
        resources: [vnet('hq', "[parameters('prefix')]")],
        outputs: { guid: { type: 'string', value: "[reference('hq').resourceGuid]" } },
      },
    },
  });
  expect(made).toMatchObject({
    id: `/subscriptions/${system.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Resources/deployments/one`,
    name: 'one',
    type: 'Microsoft.Resources/deployments',
    properties: {
      provisioningState: 'Succeeded',
      mode: 'Incremental',
      parameters: { prefix: { type: 'String', value: '10.30.0.0/16' }, secret: { type: 'SecureString' } },
      providers: [{ namespace: 'Microsoft.Network', resourceTypes: [{ resourceType: 'virtualNetworks' }] }],
    },
  });
  const { resourceGuid } = await system.network.virtualNetworks.get(group, 'hq');
  expect(made.properties?.outputs).toEqual({ guid: { type: 'String', value: resourceGuid } });
  expect(made.properties?.outputResources?.map(({ id }) => id)).toEqual([expect.stringMatching(/virtualNetworks\/hq$/)]);
  expect(made.properties?.duration).toMatch(/^PT[\d.]+S$/);
});

test('again is an update, and changes only what the template says', async () => {
  const properties = {
    mode: 'Incremental',
    template: { $schema: schema, contentVersion: '1.0.0.0', resources: [{ ...vnet('hq', '10.30.0.0/16'), tags: { round: '2' } }] },
  } as const;
  const preview = await system.deployments.deployments.whatIf(group, 'one', { properties });
  expect(preview.changes?.map(({ changeType, delta }) => [changeType, delta?.map(({ path }) => path)])).toEqual([
    ['Modify', ['tags.round']],
  ]);
  await system.deployments.deployments.createOrUpdate(group, 'one', { properties });
  expect(await system.network.virtualNetworks.get(group, 'hq')).toMatchObject({ tags: { round: '2' } });
  expect((await collect(system.deployments.deployments.listByResourceGroup(group))).map(({ name }) => name)).toEqual(['one']);
});

test('modules: a deployment inside a deployment, as Bicep compiles them', async () => {
  const module = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: 'network-module',
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope: 'inner' },
      parameters: { name: { value: "[concat('mod-', parameters('suffix'))]" } },
      template: {
        $schema: schema,
        contentVersion: '1.0.0.0',
        parameters: { name: { type: 'string' } },
        resources: [vnet("[parameters('name')]", '10.31.0.0/16')],
        outputs: { id: { type: 'string', value: "[resourceId('Microsoft.Network/virtualNetworks', parameters('name'))]" } },
      },
    },
  };
  const made = await system.deployments.deployments.createOrUpdate(group, 'outer', {
    properties: {
      mode: 'Incremental',
      parameters: { suffix: { value: 'a' } },
      template: {
        $schema: schema,
        contentVersion: '1.0.0.0',
        parameters: { suffix: { type: 'string' } },
        resources: [module],
        outputs: { network: { type: 'string', value: "[reference('network-module').outputs.id.value]" } },
      },
    },
  });
  const id = `/subscriptions/${system.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/mod-a`;
  expect(made.properties?.outputs).toEqual({ network: { type: 'String', value: id } });
  expect(await system.deployments.deployments.get(group, 'network-module')).toMatchObject({
    properties: { provisioningState: 'Succeeded' },
  });
});

test('at subscription scope a template makes a resource group, and a module fills it', async () => {
  const made = await system.deployments.deployments.createOrUpdateAtSubscriptionScope('landing-zone', {
    location,
    properties: {
      mode: 'Incremental',
      template: {
        $schema: 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#',
        contentVersion: '1.0.0.0',
        resources: [
          { type: 'Microsoft.Resources/resourceGroups', apiVersion: '2021-04-01', name: 'landing', location: '[deployment().location]' },
          {
            type: 'Microsoft.Resources/deployments',
            apiVersion: '2022-09-01',
            name: 'fill',
            resourceGroup: 'landing',
            dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'landing')]"],
            properties: {
              mode: 'Incremental',
              expressionEvaluationOptions: { scope: 'inner' },
              template: { $schema: schema, contentVersion: '1.0.0.0', resources: [vnet('hq', '10.40.0.0/16')] },
            },
          },
        ],
      },
    },
  });
  expect(made).toMatchObject({ location, properties: { provisioningState: 'Succeeded' } });
  expect(await system.network.virtualNetworks.get('landing', 'hq')).toMatchObject({ location });
  expect((await collect(system.deployments.deployments.listAtSubscriptionScope())).map(({ name }) => name)).toEqual(['landing-zone']);
});

test('with outer scope, the default, a nested template sees the parameters of its parent', async () => {
  const nested = {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name: 'nested-outer',
    properties: {
      mode: 'Incremental',
      template: { $schema: schema, contentVersion: '1.0.0.0', resources: [vnet("[parameters('name')]", '10.41.0.0/16')] },
    },
  };
  const template = { $schema: schema, contentVersion: '1.0.0.0', parameters: { name: { type: 'string' } }, resources: [nested] };
  await system.deployments.deployments.createOrUpdate(group, 'outer-scope', {
    properties: { mode: 'Incremental', parameters: { name: { value: 'from-parent' } }, template },
  });
  expect(await system.network.virtualNetworks.get(group, 'from-parent')).toMatchObject({ provisioningState: 'Succeeded' });
});

test('a refused resource: the poller rejects with DeploymentFailed, the operations tell which and why', async () => {
  const bad = {
    ...vnet('bad', '10.32.0.0/24'),
    properties: {
      addressSpace: { addressPrefixes: ['10.32.0.0/24'] },
      subnets: [{ name: 'a', properties: { addressPrefix: '10.99.0.0/24' } }],
    },
  };
  const running = system.deployments.deployments.createOrUpdate(group, 'failing', {
    properties: {
      mode: 'Incremental',
      template: { $schema: schema, contentVersion: '1.0.0.0', resources: [bad, vnet('good', '10.33.0.0/16')] },
    },
  });
  await expect(running.pollUntilDone()).rejects.toThrow(
    'The long-running operation has failed. DeploymentFailed. At least one resource deployment operation failed.',
  );
  const { properties } = await system.deployments.deployments.get(group, 'failing');
  expect(properties?.provisioningState).toBe('Failed');
  expect(properties?.error?.details?.[0]).toMatchObject({ code: 'BadRequest', message: expect.stringContaining('NetcfgInvalidSubnet') });
  const operations = await collect(system.deployments.deploymentOperations.list(group, 'failing'));
  const endings = new Map(
    operations.map(({ properties: one }) => [one?.targetResource?.resourceName, `${one?.provisioningState} ${one?.statusCode}`]),
  );
  expect(endings).toEqual(
    new Map([
      ['bad', 'Failed BadRequest'],
      ['good', 'Succeeded Created'],
    ]),
  );
});

test('a template that does not hold together is refused at once', async () => {
  const template = { $schema: schema, contentVersion: '1.0.0.0', parameters: { x: { type: 'string' } }, resources: [] };
  const properties = { mode: 'Incremental', template } as const;
  await expect((async () => system.deployments.deployments.createOrUpdate(group, 'never', { properties }))()).rejects.toMatchObject({
    statusCode: 400,
    code: 'InvalidTemplate',
    message: expect.stringContaining("The value for the template parameter 'x'"),
  });
  expect(await system.deployments.deployments.checkExistence(group, 'never')).toMatchObject({ body: false });
  const complete = { mode: 'Complete', template: { ...template, parameters: {} } } as const;
  await expect(
    (async () => system.deployments.deployments.createOrUpdate(group, 'never', { properties: complete }))(),
  ).rejects.toMatchObject({ statusCode: 400, code: 'DeploymentModeNotSupported' });
});

test('history: template out again, deleted, gone', async () => {
  const { deployments } = system.deployments;
  expect(await deployments.exportTemplate(group, 'one')).toMatchObject({ template: { contentVersion: '1.0.0.0' } });
  await deployments.delete(group, 'one');
  await expect(deployments.get(group, 'one')).rejects.toMatchObject({ statusCode: 404, code: 'DeploymentNotFound' });
  expect(await system.network.virtualNetworks.get(group, 'hq')).toMatchObject({ name: 'hq' });
});
