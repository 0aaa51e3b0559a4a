/** Whole templates against a model of resources: order, loops, conditions, references, outputs, failures. */
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '@sallyport/model';
import { ManualClock, countingIds } from '@sallyport/runtime';
import type { DeploymentOperation } from './deployment-record.ts';
import { execute, type ExecutionResult } from './execute.ts';
import { fakeResources, type FakeResources } from './fake-resources.ts';
import { parseDeploymentText, prepareDeployment, type PreparedDeployment } from './prepare.ts';
import { testFacts } from './test-scope.ts';

const schema = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#';
const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/hub';
const network = `${group}/providers/Microsoft.Network`;
const api = '2024-05-01';

type Sections = {
  readonly parameters?: JsonObject;
  readonly variables?: JsonObject;
  readonly resources: JsonValue;
  readonly outputs?: JsonObject;
  readonly functions?: JsonValue;
};

function prepared(template: Sections, given: JsonObject = {}): PreparedDeployment {
  const body = {
    properties: { mode: 'incremental', parameters: given, template: { $schema: schema, contentVersion: '1.0.0.0', ...template } },
  };
  return prepareDeployment(parseDeploymentText(JSON.stringify(body)), testFacts, {
    nowMs: () => Date.UTC(2026, 2, 4),
    guid: countingIds().guid,
  });
}

async function run(
  template: Sections,
  given: JsonObject = {},
  resources: FakeResources = fakeResources(),
): Promise<ExecutionResult & { readonly resources: FakeResources; readonly operations: readonly DeploymentOperation[] }> {
  const operations: DeploymentOperation[] = [];
  const result = await execute(prepared(template, given), {
    operations: resources,
    clock: new ManualClock(),
    ids: countingIds(),
    onOperation: (operation) => Promise.resolve(void operations.push(operation)),
    signal: new AbortController().signal,
  });
  return { ...result, resources, operations };
}

const vnet = (name: string, more: JsonObject = {}): JsonObject => ({
  type: 'Microsoft.Network/virtualNetworks',
  apiVersion: api,
  name,
  ...more,
});

test('the template of az network vpn-connection create', async () => {
  const template: Sections = {
    parameters: { sharedKey: { type: 'securestring' } },
    variables: {},
    resources: [
      {
        type: 'Microsoft.Network/connections',
        name: 'hq',
        location: 'westeurope',
        tags: {},
        apiVersion: '2015-06-15',
        dependsOn: [],
        properties: {
          virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/gw` },
          enableBgp: false,
          connectionType: 'IPSec',
          routingWeight: 10,
          usePolicyBasedTrafficSelectors: false,
          expressRouteGatewayBypass: null,
          localNetworkGateway2: { id: `${network}/localNetworkGateways/site` },
          sharedKey: "[parameters('sharedKey')]",
        },
      },
    ],
    outputs: { resource: { type: 'object', value: "[reference('hq')]" } },
  };
  const { parameters, providers } = prepared(template, { sharedKey: { value: 'abc123' } });
  expect(parameters).toEqual({ sharedKey: { type: 'SecureString' } });
  expect(providers).toEqual([
    { namespace: 'Microsoft.Network', resourceTypes: [{ resourceType: 'connections', locations: ['westeurope'] }] },
  ]);

  const result = await run(template, { sharedKey: { value: 'abc123' } });
  expect(result).toMatchObject({
    status: 'Succeeded',
    outputs: { resource: { type: 'Object', value: { connectionType: 'IPSec', routingWeight: 10, provisioningState: 'Succeeded' } } },
    outputResources: [`${network}/connections/hq`],
  });
  expect(JSON.stringify(result.operations)).not.toContain('abc123');
});

test('parameters, variables and references flow into resources in dependency order', async () => {
  const result = await run({
    parameters: {
      location: { type: 'string', defaultValue: '[resourceGroup().location]' },
      count: { type: 'int', defaultValue: 2, minValue: 1 },
    },
    variables: { vnetName: "[concat('vnet-', variables('suffix'))]", suffix: 'a' },
    resources: [
      {
        type: 'Microsoft.Network/connections',
        apiVersion: api,
        name: 'c',
        properties: { guid: "[reference(variables('vnetName')).provisioningState]" },
      },
      {
        type: 'Microsoft.Network/virtualNetworks/subnets',
        apiVersion: api,
        name: "[concat(variables('vnetName'), '/s', copyIndex())]",
        copy: { name: 'subnets', count: "[parameters('count')]" },
        dependsOn: ["[variables('vnetName')]"],
        properties: { addressPrefix: "[cidrSubnet('10.1.0.0/16', 24, copyIndex())]" },
      },
      vnet("[variables('vnetName')]", { location: "[parameters('location')]" }),
      vnet('off', { condition: "[equals(parameters('location'), 'nowhere')]" }),
    ],
    outputs: {
      prefixes: {
        type: 'array',
        copy: {
          count: "[parameters('count')]",
          input:
            "[reference(resourceId('Microsoft.Network/virtualNetworks/subnets', variables('vnetName'), format('s{0}', copyIndex()))).addressPrefix]",
        },
      },
      key: { type: 'securestring', value: 'hidden' },
    },
  });
  expect(result).toMatchObject({
    status: 'Succeeded',
    outputs: { prefixes: { type: 'Array', value: ['10.1.0.0/24', '10.1.1.0/24'] }, key: { type: 'SecureString' } },
  });
  expect(result.resources.trace.slice(0, 2)).toEqual(['+vnet-a', '-vnet-a']);
  expect(result.resources.stored.get(`${network}/virtualNetworks/vnet-a`.toLowerCase())).toMatchObject({ location: 'westeurope' });
  expect(result.resources.stored.has(`${network}/virtualNetworks/off`.toLowerCase())).toBe(false);
});

test('nested children are named by their parent and wait only when they say so', async () => {
  const child = { type: 'subnets', apiVersion: api, name: 'apps', properties: { addressPrefix: '10.1.0.0/24' } };
  const waiting = await run({ resources: [vnet('hq', { resources: [{ ...child, dependsOn: ['hq'] }] })] });
  expect(waiting.status).toBe('Succeeded');
  expect(waiting.resources.stored.has(`${network}/virtualNetworks/hq/subnets/apps`.toLowerCase())).toBe(true);
  const hasty = await run({ resources: [vnet('hq', { resources: [child] })] });
  expect(hasty).toMatchObject({ status: 'Failed', error: { details: [{ code: 'NotFound' }] } });
});

test('a serial loop makes one after the other', async () => {
  const result = await run({
    resources: [vnet("[format('v{0}', copyIndex(1))]", { copy: { name: 'all', count: 3, mode: 'Serial', batchSize: 1 } })],
  });
  expect(result.resources.trace).toEqual(['+v1', '-v1', '+v2', '-v2', '+v3', '-v3']);
});

test('symbolic names of languageVersion 2.0: dependsOn, reference, existing', async () => {
  const resources = fakeResources();
  await resources.put(`${network}/publicIPAddresses/pip`, api, { properties: { ipAddress: '198.51.100.1' } }, new AbortController().signal);
  const result = await run(
    {
      resources: {
        pip: { existing: true, type: 'Microsoft.Network/publicIPAddresses', apiVersion: api, name: 'pip' },
        net: vnet('hq', { tags: { address: "[reference('pip').ipAddress]" } }),
        loop: vnet("[format('v{0}', copyIndex())]", { copy: { name: 'loop', count: 2 }, dependsOn: ['net'] }),
      },
      outputs: { names: { type: 'array', value: "[map(references('loop', 'Full'), lambda('r', lambdaVariables('r').name))]" } },
    },
    {},
    resources,
  );
  expect(result).toMatchObject({ status: 'Succeeded', outputs: { names: { value: ['v0', 'v1'] } } });
  expect(resources.stored.get(`${network}/virtualNetworks/hq`.toLowerCase())).toMatchObject({ tags: { address: '198.51.100.1' } });
});

test('a refused resource fails the deployment with its own error as text; what depends on it is not tried, the rest is', async () => {
  const refusal = {
    status: 400,
    body: { error: { code: 'NetcfgInvalidSubnet', message: "Subnet 'x' is not valid in virtual network 'hq'." } },
  };
  const result = await run(
    { resources: [vnet('hq'), vnet('after', { dependsOn: ["[resourceId('Microsoft.Network/virtualNetworks', 'hq')]"] }), vnet('other')] },
    {},
    fakeResources({ refuse: { hq: refusal } }),
  );
  expect(result).toMatchObject({
    status: 'Failed',
    error: { code: 'DeploymentFailed', details: [{ code: 'BadRequest', message: JSON.stringify(refusal.body, undefined, 2) }] },
  });
  expect(result.resources.trace).toEqual(['+hq', '+other', '-other']);
  expect(result.operations.filter((one) => one.provisioningState === 'Failed')).toMatchObject([
    { statusCode: 'BadRequest', statusMessage: refusal.body },
  ]);
});

test('a stop leaves the deployment without a result', async () => {
  const stop = new AbortController();
  const running = execute(prepared({ resources: [vnet('slow'), vnet('next', { dependsOn: ['slow'] })] }), {
    operations: fakeResources({ neverEnds: 'slow' }),
    clock: new ManualClock(),
    ids: countingIds(),
    onOperation: () => Promise.resolve(),
    signal: stop.signal,
  });
  stop.abort();
  await expect(running).resolves.toEqual({ status: 'Stopped' });
});

describe('templates that Azure refuses before deploying anything', () => {
  const one = [vnet('hq')];
  const cases: readonly (readonly [string, Sections, JsonObject, string])[] = [
    [
      'a missing parameter',
      { parameters: { x: { type: 'string' } }, resources: one },
      {},
      "The value for the template parameter 'x' at line '1' and column",
    ],
    [
      'an unknown parameter',
      { parameters: { x: { type: 'int', defaultValue: 1 } }, resources: one },
      { y: { value: 1 } },
      "The template parameters 'y' in the parameters file are not valid",
    ],
    ['a wrong type', { parameters: { x: { type: 'int' } }, resources: one }, { x: { value: 'a' } }, "Expected 'Integer'. Actual 'String'"],
    [
      'a value not allowed',
      { parameters: { x: { type: 'string', allowedValues: ['a', 'b'] } }, resources: one },
      { x: { value: 'c' } },
      "not part of the allowed value(s): 'a,b'",
    ],
    [
      'a value too long',
      { parameters: { x: { type: 'securestring', maxLength: 3 } }, resources: one },
      { x: { value: 'abcd' } },
      "Length of the value should be less than or equal to '3'",
    ],
    [
      'an unknown dependency',
      { resources: [vnet('hq', { dependsOn: ['nosuch'] })] },
      {},
      "The resource 'nosuch' is not defined in the template.",
    ],
    [
      'a circle',
      { resources: [vnet('a', { dependsOn: ['b'] }), vnet('b', { dependsOn: ['a'] })] },
      {},
      'Circular dependency detected on resource',
    ],
    ['the same resource twice', { resources: [vnet('a'), vnet('a')] }, {}, 'is defined multiple times in a template'],
    ['the same resource in another case', { resources: [vnet('a'), vnet('A')] }, {}, 'is defined multiple times in a template'],
    [
      'an unknown function in a body',
      { resources: [vnet('hq', { properties: { a: '[nosuch()]' } })] },
      {},
      "The template function 'nosuch' is not valid",
    ],
    [
      'a reference to nothing',
      { resources: one, outputs: { o: { type: 'string', value: "[reference('nosuch').id]" } } },
      {},
      'could not find template resource or resource copy with this name',
    ],
    ['segments that do not fit', { resources: [vnet('hq/apps')] }, {}, 'has incorrect segment lengths'],
    [
      'reference() in a variable',
      { variables: { v: "[reference('hq')]" }, resources: [vnet('hq', { tags: { a: "[variables('v')]" } })] },
      {},
      'is not expected at this location',
    ],
    [
      'variables in a circle',
      { variables: { a: "[variables('b')]", b: "[variables('a')]" }, resources: [vnet("[variables('a')]")] },
      {},
      'circular dependency detected',
    ],
    ['too many copies', { resources: [vnet('a', { copy: { name: 'l', count: 801 } })] }, {}, 'the count must be an integer from 0 to 800'],
  ];
  test.each(cases.map(([name, template, given, message]) => ({ name, template, given, message })))(
    '$name',
    ({ template, given, message }) => {
      expect(() => prepared(template, given)).toThrow(message);
    },
  );

  test.each([
    ['Complete', "Deployments in mode 'Complete' are not supported here"],
    ['Sometimes', 'Error converting value "Sometimes" to type \'DeploymentMode\''],
  ])('mode %s', (mode, message) => {
    expect(() => parseDeploymentText(JSON.stringify({ properties: { mode, template: {} } }))).toThrow(message);
  });
});

test('a fault names the line of the template as az sent it', () => {
  const text = `{"properties": {"parameters": {}, "mode": "Incremental", template:{
  "$schema": "${schema}", "contentVersion": "1.0.0.0",
  "parameters": {
    "x": { "type": "string" } // no default
  },
  "resources": []
}}}`;
  const prepare = (): unknown => prepareDeployment(parseDeploymentText(text), testFacts, { nowMs: () => 0, guid: () => '' });
  expect(prepare).toThrow(
    expect.objectContaining({ code: 'InvalidTemplate', path: 'properties.template.parameters.x', position: { line: 4, column: 10 } }),
  );
});

test('defaults may use utcNow and newGuid, and other parameters', () => {
  const { bound } = prepared({
    parameters: {
      at: { type: 'string', defaultValue: "[utcNow('yyyy-MM-dd')]" },
      id: { type: 'string', defaultValue: "[format('{0}/{1}', parameters('at'), newGuid())]" },
    },
    resources: [],
  });
  expect(bound.parameters.map(({ value }) => value)).toEqual(['2026-03-04', '2026-03-04/00000000-0000-4000-8000-000000000001']);
});
