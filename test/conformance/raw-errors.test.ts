/** Bad input, one by one: Azure's status, code and message, and a store that is as it was. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';

const group = `/subscriptions/${testSubscription}/resourceGroups/bad-input`;
const network = `${group}/providers/Microsoft.Network`;
const version = '?api-version=2025-05-01';
const location = 'westeurope';

type TestResponse = Awaited<ReturnType<TestServer['client']['send']>>;

let server: TestServer;
let before: string;

async function everything(): Promise<string> {
  const groups = await server.client.send('GET', `/subscriptions/${testSubscription}/resourcegroups?api-version=2021-04-01`);
  const list = await server.client.send('GET', `${group}/resources?api-version=2021-04-01`);
  const resources: string[] = [];
  for (const { id } of list.body.value) resources.push((await server.client.send('GET', `${id}${version}`)).text);
  return [groups.text, ...resources].join('\n');
}

const put = (path: string, body: unknown): Promise<TestResponse> => server.client.send('PUT', `${network}/${path}${version}`, { body });
const text = (path: string, body: string): Promise<TestResponse> =>
  server.client.send('PUT', `${network}/${path}${version}`, { text: body });
const id = (path: string): { readonly id: string } => ({ id: `${network}/${path}` });
const vnet = (subnets: readonly (readonly [string, string])[], prefixes: readonly string[] = ['10.0.0.0/16']): unknown => ({
  location,
  properties: {
    addressSpace: { addressPrefixes: prefixes },
    subnets: subnets.map(([name, addressPrefix]) => ({ name, properties: { addressPrefix } })),
  },
});
const gateway = (properties: object = {}): unknown => ({
  location,
  properties: {
    gatewayType: 'Vpn',
    vpnType: 'RouteBased',
    sku: { name: 'VpnGw1AZ', tier: 'VpnGw1AZ' },
    ipConfigurations: [
      {
        name: 'default',
        properties: { subnet: id('virtualNetworks/hq/subnets/GatewaySubnet'), publicIPAddress: id('publicIPAddresses/ip') },
      },
    ],
    ...properties,
  },
});
const connection = (properties: object = {}): unknown => ({
  location,
  properties: {
    connectionType: 'IPsec',
    virtualNetworkGateway1: id('virtualNetworkGateways/gw'),
    localNetworkGateway2: id('localNetworkGateways/site'),
    sharedKey: 'Good.Key.1',
    ...properties,
  },
});
const site = (addressPrefixes: readonly string[], gatewayIpAddress = '203.0.113.9'): unknown => ({
  location,
  properties: { gatewayIpAddress, localNetworkAddressSpace: { addressPrefixes } },
});

beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  await server.startAgent();
  const { client } = server;
  await client.send('PUT', `${group}?api-version=2021-04-01`, { body: { location } });
  await client.run(
    'PUT',
    `${network}/virtualNetworks/hq${version}`,
    vnet([
      ['GatewaySubnet', '10.0.255.0/27'],
      ['apps', '10.0.0.0/24'],
    ]),
  );
  await client.run('PUT', `${network}/publicIPAddresses/ip${version}`, {
    location,
    sku: { name: 'Standard' },
    zones: ['1', '2', '3'],
    properties: { publicIPAllocationMethod: 'Static' },
  });
  await client.run('PUT', `${network}/virtualNetworks/free${version}`, vnet([['GatewaySubnet', '10.0.255.0/27']]));
  await client.run('PUT', `${network}/publicIPAddresses/free${version}`, {
    location,
    sku: { name: 'Standard' },
    zones: ['1', '2', '3'],
    properties: { publicIPAllocationMethod: 'Static' },
  });
  await client.run('PUT', `${network}/localNetworkGateways/site${version}`, site(['192.168.0.0/24']));
  await client.run('PUT', `${network}/localNetworkGateways/overlapping${version}`, site(['192.168.0.0/25'], '203.0.113.8'));
  await client.run('PUT', `${network}/virtualNetworkGateways/gw${version}`, gateway());
  await client.run('PUT', `${network}/connections/c${version}`, connection());
  before = await everything();
});
afterAll(() => server.stop());

type Case = {
  readonly name: string;
  readonly send: () => Promise<TestResponse>;
  readonly status: number;
  readonly code: string;
  readonly message?: string | RegExp;
};

const cases: readonly Case[] = [
  {
    name: 'invalid JSON',
    send: () => text('virtualNetworks/x', '{"location": "westeurope", '),
    status: 400,
    code: 'InvalidRequestContent',
    message: 'The request content was invalid and could not be deserialized',
  },
  {
    name: 'JSON5 where only deployments take it',
    send: () => text('virtualNetworks/x', "{location: 'westeurope'}"),
    status: 400,
    code: 'InvalidRequestContent',
  },
  {
    name: 'a body of 5 MB',
    send: () => put('virtualNetworks/x', { location, tags: { a: 'x'.repeat(5 * 1024 * 1024) } }),
    status: 413,
    code: 'RequestContentTooLarge',
  },
  {
    name: 'no location',
    send: () => put('virtualNetworks/x', { properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] } } }),
    status: 400,
    code: 'LocationRequired',
    message: 'The location property is required for this definition.',
  },
  {
    name: 'an unknown enum value',
    send: () => put('publicIPAddresses/x', { location, properties: { publicIPAllocationMethod: 'Sometimes' } }),
    status: 400,
    code: 'InvalidRequestFormat',
    message: 'Cannot parse the request.',
  },
  {
    name: 'a missing member',
    send: () => put('virtualNetworks/x', { location, properties: {} }),
    status: 400,
    code: 'InvalidRequestFormat',
  },
  {
    name: 'a misspelt member, which would be lost in silence',
    send: () => put('connections/x', connection({ routingWeigth: 20 })),
    status: 400,
    code: 'InvalidRequestFormat',
  },
  {
    name: 'a misspelt member of the envelope',
    send: () => put('virtualNetworks/x', { location, propertis: {} }),
    status: 400,
    code: 'InvalidRequestFormat',
  },
  { name: 'a body that is a list', send: () => put('virtualNetworks/x', []), status: 400, code: 'InvalidRequestFormat' },
  {
    name: 'a misspelt member of a child',
    send: () => put('virtualNetworks/hq/subnets/more', { Properties: { addressPrefx: '10.0.9.0/24' } }),
    status: 400,
    code: 'InvalidRequestFormat',
  },
  {
    name: 'a subnet outside the network',
    send: () => put('virtualNetworks/x', vnet([['a', '10.9.0.0/24']])),
    status: 400,
    code: 'NetcfgInvalidSubnet',
    message: "Subnet 'a' is not valid in virtual network 'x'.",
  },
  {
    name: 'subnets that overlap',
    send: () =>
      put(
        'virtualNetworks/x',
        vnet([
          ['a', '10.0.0.0/24'],
          ['b', '10.0.0.128/25'],
        ]),
      ),
    status: 400,
    code: 'NetcfgSubnetRangesOverlap',
  },
  {
    name: 'a gateway outside GatewaySubnet',
    send: () =>
      put(
        'virtualNetworkGateways/x',
        gateway({
          ipConfigurations: [
            { name: 'd', properties: { subnet: id('virtualNetworks/hq/subnets/apps'), publicIPAddress: id('publicIPAddresses/ip') } },
          ],
        }),
      ),
    status: 400,
    code: 'VirtualNetworkGatewaySubnetMustBeGatewaySubnet',
    message: /GatewaySubnet/,
  },
  {
    name: 'a second VPN gateway in a network',
    send: () =>
      put(
        'virtualNetworkGateways/second',
        gateway({
          ipConfigurations: [
            {
              name: 'd',
              properties: { subnet: id('virtualNetworks/hq/subnets/GatewaySubnet'), publicIPAddress: id('publicIPAddresses/free') },
            },
          ],
        }),
      ),
    status: 400,
    code: 'VirtualNetworkAlreadyHasGatewayOfSameType',
  },
  {
    name: 'an IP configuration without public address',
    send: () =>
      put(
        'virtualNetworkGateways/x',
        gateway({ ipConfigurations: [{ name: 'd', properties: { subnet: id('virtualNetworks/hq/subnets/GatewaySubnet') } }] }),
      ),
    status: 400,
    code: 'PublicIpForGatewayIsRequired',
  },
  {
    name: 'a SKU that does not fit',
    send: () =>
      put(
        'virtualNetworkGateways/x',
        gateway({
          vpnType: 'PolicyBased',
          ipConfigurations: [
            {
              name: 'd',
              properties: { subnet: id('virtualNetworks/free/subnets/GatewaySubnet'), publicIPAddress: id('publicIPAddresses/free') },
            },
          ],
        }),
      ),
    status: 400,
    code: 'InvalidGatewaySkuProvidedForGatewayVpnType',
  },
  {
    name: 'a change of what can’t change',
    send: () => put('virtualNetworkGateways/gw', gateway({ gatewayType: 'ExpressRoute', sku: { name: 'ErGw1AZ', tier: 'ErGw1AZ' } })),
    status: 400,
    code: 'VirtualNetworkGatewayTypeCannotBeChanged',
  },
  {
    name: 'a reference to nothing',
    send: () => put('connections/x', connection({ localNetworkGateway2: id('localNetworkGateways/nosuch') })),
    status: 400,
    code: 'InvalidResourceReference',
    message: /was not found\. Please make sure that the referenced resource exists, and that both resources are in the same region\.$/,
  },
  {
    name: 'a key with a space',
    send: () => put('connections/x', connection({ sharedKey: 'not good', localNetworkGateway2: id('localNetworkGateways/overlapping') })),
    status: 400,
    code: 'InvalidSharedKey',
    message: /[Ss]hared ?[Kk]ey/,
  },
  {
    name: 'prefixes of two connections that overlap',
    send: () => put('connections/x', connection({ localNetworkGateway2: id('localNetworkGateways/overlapping') })),
    status: 400,
    code: 'ConnectionOverlappingAddressSpaces',
  },
  {
    name: 'an in-use delete',
    send: () => server.client.send('DELETE', `${network}/virtualNetworkGateways/gw${version}`),
    status: 400,
    code: 'VirtualNetworkGatewayCannotBeDeleted',
  },
  { name: 'an unknown resource type', send: () => put('virtualHubsOfMars/x', {}), status: 404, code: 'InvalidResourceType' },
  {
    name: 'an unknown provider',
    send: () => server.client.send('PUT', `${group}/providers/Microsoft.Nothing/things/x${version}`, { body: {} }),
    status: 404,
    code: 'InvalidResourceNamespace',
  },
  {
    name: 'an unknown resource group',
    send: () =>
      server.client.send(
        'PUT',
        `/subscriptions/${testSubscription}/resourceGroups/nosuch/providers/Microsoft.Network/virtualNetworks/x${version}`,
        { body: vnet([]) },
      ),
    status: 404,
    code: 'ResourceGroupNotFound',
    message: "Resource group 'nosuch' could not be found.",
  },
  {
    name: 'an unknown subscription',
    send: () => server.client.send('GET', `/subscriptions/00000000-0000-0000-0000-00000000dead/resourcegroups?api-version=2021-04-01`),
    status: 404,
    code: 'SubscriptionNotFound',
  },
  {
    name: 'a location that is none',
    send: () => put('virtualNetworks/x', { ...(vnet([]) as object), location: 'atlantis' }),
    status: 400,
    code: 'LocationNotAvailableForResourceType',
  },
  {
    name: 'another location for what exists',
    send: () => put('virtualNetworks/hq', { ...(vnet([]) as object), location: 'northeurope' }),
    status: 409,
    code: 'InvalidResourceLocation',
  },
  {
    name: 'an export of a group, which is not built',
    send: () => server.client.send('POST', `${group}/exportTemplate?api-version=2021-04-01`, { body: { resources: ['*'] } }),
    status: 400,
    code: 'OperationNotSupported',
    message: /^The operation 'Microsoft.Resources\/subscriptions\/resourceGroups\/exportTemplate\/action' is not supported/,
  },
  {
    name: 'a method that is none',
    send: () => server.client.send('POST', `${network}/virtualNetworks/hq${version}`),
    status: 405,
    code: 'MethodNotAllowed',
  },
];

test.each(cases)('$name', async ({ send, status, code, message }) => {
  const answer = await send();
  expect([answer.status, answer.body?.error?.code]).toEqual([status, code]);
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  expect(answer.body.error.message).toMatch(message ?? /./);
  expect(await everything()).toBe(before);
});

test('the details of a misspelt member name it and where it stands', async () => {
  const { body } = await put('connections/x', connection({ routingWeigth: 20 }));
  expect(body.error.details).toEqual([
    { code: 'InvalidJson', message: "Could not find member 'routingWeigth' on the object. Path 'properties.routingWeigth'." },
  ]);
});

test('members count in any case', async () => {
  const written = await put('localNetworkGateways/any-case', {
    Location: location,
    Properties: { GatewayIPAddress: '203.0.113.99', LocalNetworkAddressSpace: { AddressPrefixes: ['192.168.99.0/24'] } },
  });
  expect([written.status, written.body.properties.gatewayIpAddress]).toEqual([201, '203.0.113.99']);
  expect(written.body.properties.localNetworkAddressSpace).toEqual({ addressPrefixes: ['192.168.99.0/24'] });
});
