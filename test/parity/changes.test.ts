/** What cannot be changed of a gateway, a site or a connection once it is there: by HTTP, with status, code, and everything stored as it was. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idOf, startSiteToSite, type TestServer } from '@sallyport/control-plane/testing';
import { addGateway, addSite, connectionBody, gatewayBody, siteBody } from './http-world.ts';

let server: TestServer;

const stored = ['gw', 'plain', 'basic', 'policy', 'old'].map((name) => idOf('virtualNetworkGateways', name));
const sites = ['site', 'named', 'far'].map((name) => idOf('localNetworkGateways', name));
const connections = ['hq-site', 'policy', 'v2v'].map((name) => idOf('connections', name));
const all = [...stored, ...sites, ...connections];

async function everything(): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const id of all) texts.push((await server.client.send('GET', id)).text);
  for (const type of ['virtualNetworkGateways', 'localNetworkGateways', 'connections'])
    texts.push((await server.client.send('GET', idOf(type, '').slice(0, -1))).text);
  return texts;
}

/** gw: VpnGw1AZ; plain: VpnGw2 of Generation2; basic, policy: Basic; old: Standard. */
beforeAll(async () => {
  server = await startSiteToSite();
  await addGateway(server, 'plain', '10.2', { sku: { name: 'VpnGw2', tier: 'VpnGw2' }, vpnGatewayGeneration: 'Generation2' });
  await addGateway(server, 'basic', '10.3', { sku: { name: 'Basic', tier: 'Basic' } });
  await addGateway(server, 'policy', '10.4', { sku: { name: 'Basic', tier: 'Basic' }, vpnType: 'PolicyBased' });
  await addGateway(server, 'old', '10.5', { sku: { name: 'Standard', tier: 'Standard' } });
  await addSite(server, 'named', { fqdn: 'site.example.com', localNetworkAddressSpace: { addressPrefixes: ['172.21.0.0/24'] } });
  await addSite(server, 'far', { gatewayIpAddress: '203.0.113.30', localNetworkAddressSpace: { addressPrefixes: ['172.22.0.0/24'] } });
  await server.client.run('PUT', idOf('connections', 'policy'), connectionBody('policy', 'far'));
  await server.client.run('PUT', idOf('connections', 'v2v'), toNetwork('plain'));
});
afterAll(() => server.stop());

const sku = (name: string): object => ({ sku: { name, tier: name } });
const toNetwork = (far: string): object =>
  connectionBody('gw', 'site', {
    connectionType: 'Vnet2Vnet',
    localNetworkGateway2: undefined,
    virtualNetworkGateway2: { id: idOf('virtualNetworkGateways', far) },
    sharedKey: 'Abc123',
  });

type Case = readonly [rule: string, code: string, what: string, id: string, body: () => Promise<object>];
const ofGateway =
  (name: string, properties: object): (() => Promise<object>) =>
  () =>
    gatewayBody(server, name, properties);
const gateway = (rule: string, code: string, what: string, name: string, properties: object): Case => [
  rule,
  code,
  `${name} ${what}`,
  idOf('virtualNetworkGateways', name),
  ofGateway(name, properties),
];
const connection = (rule: string, code: string, what: string, name: string, body: object): Case => [
  rule,
  code,
  `${name} ${what}`,
  idOf('connections', name),
  () => Promise.resolve(body),
];
const site = (rule: string, code: string, what: string, name: string, properties: object): Case => [
  rule,
  code,
  `${name} ${what}`,
  idOf('localNetworkGateways', name),
  () => Promise.resolve(siteBody(properties)),
];

const typeFixed = 'VirtualNetworkGatewayTypeCannotBeChanged';
const vpnTypeFixed = 'VirtualNetworkGatewayVpnTypeCannotBeChanged';
const family = 'InvalidGatewaySkuSpecifiedForGatewayDeploymentType';
const generation = 'CrossSeriesOrCrossGatewayGenenrationResizeNotSupported';
const misfit = 'VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration';
const policyBasedSku = 'InvalidGatewaySkuProvidedForGatewayVpnType';

const gatewayCases: readonly Case[] = [
  gateway('VGW-NET-005', vpnTypeFixed, 'to PolicyBased', 'basic', { vpnType: 'PolicyBased' }),
  gateway('VGW-NET-005', vpnTypeFixed, 'to PolicyBased', 'gw', { vpnType: 'PolicyBased' }),
  gateway('VGW-NET-005', vpnTypeFixed, 'to RouteBased', 'policy', { vpnType: 'RouteBased' }),
  gateway('VGW-NET-006', typeFixed, 'to ExpressRoute', 'gw', { gatewayType: 'ExpressRoute', ...sku('ErGw1AZ') }),
  gateway('VGW-NET-006', typeFixed, 'to ExpressRoute', 'old', { gatewayType: 'ExpressRoute' }),
  gateway('VGW-SKU-001', 'InvalidGatewaySkuTier', 'to a tier of another SKU', 'gw', { sku: { name: 'VpnGw1AZ', tier: 'VpnGw2AZ' } }),
  gateway('VGW-SKU-002', 'InvalidGatewaySize', 'to a SKU of ExpressRoute', 'gw', sku('ErGw1AZ')),
  gateway('VGW-SKU-003', policyBasedSku, 'to VpnGw1', 'policy', sku('VpnGw1')),
  gateway('VGW-SKU-004', misfit, 'to VpnGw4AZ', 'gw', sku('VpnGw4AZ')),
  gateway('VGW-SKU-004', misfit, 'to VpnGw1', 'plain', sku('VpnGw1')),
  gateway('VGW-SKU-004', misfit, 'to Generation2', 'basic', { vpnGatewayGeneration: 'Generation2' }),
  gateway('VGW-SKU-009', generation, 'to Generation2', 'gw', { ...sku('VpnGw2AZ'), vpnGatewayGeneration: 'Generation2' }),
  gateway('VGW-SKU-009', generation, 'to Generation1', 'plain', { vpnGatewayGeneration: 'Generation1' }),
  gateway('VGW-SKU-009', generation, 'to VpnGw4 of Generation2', 'basic', { ...sku('VpnGw4'), vpnGatewayGeneration: 'Generation2' }),
  gateway('VGW-SKU-010', family, 'to non-AZ', 'gw', sku('VpnGw1')),
  gateway('VGW-SKU-010', family, 'to AZ', 'plain', sku('VpnGw2AZ')),
  ...['VpnGw1', 'VpnGw3', 'Standard', 'HighPerformance'].map((name) => gateway('VGW-SKU-010', family, `to ${name}`, 'basic', sku(name))),
  gateway('VGW-SKU-010', family, 'to VpnGw1', 'old', sku('VpnGw1')),
  // Both have an address that Basic can't use: the change of SKU is looked at first.
  gateway('VGW-SKU-010', family, 'to Basic', 'old', sku('Basic')),
  gateway('VGW-SKU-010', family, 'to Basic', 'gw', sku('Basic')),
];

const connectionCases: readonly Case[] = [
  connection('VGW-CONN-004', 'ConnectionTypeCannotBeChanged', 'to Vnet2Vnet', 'hq-site', toNetwork('basic')),
  connection('VGW-CONN-004', 'ConnectionTypeCannotBeChanged', 'to IPsec', 'v2v', connectionBody('gw', 'far')),
  connection('VGW-CONN-004', 'ConnectionTypeCannotBeChanged', 'to VPNClient', 'hq-site', typed('VPNClient')),
  connection('VGW-CONN-004', 'ConnectionTypeCannotBeChanged', 'to ExpressRoute', 'hq-site', typed('ExpressRoute')),
  connection('VGW-CONN-005', 'ConnectionProtocolCannotBeChanged', 'to IKEv1', 'hq-site', protocol('gw', 'site', 'IKEv1')),
  connection('VGW-CONN-005', 'ConnectionProtocolCannotBeChanged', 'to IKEv2', 'policy', protocol('policy', 'far', 'IKEv2')),
  connection('VGW-CONN-006', 'ConnectionGatewayCannotBeChanged', 'to another gateway', 'hq-site', connectionBody('plain', 'site')),
  connection('VGW-CONN-006', 'ConnectionGatewayCannotBeChanged', 'to another far gateway', 'v2v', toNetwork('basic')),
  connection(
    'VGW-CONN-001',
    'ConnectionPeerRequired',
    'to no site',
    'hq-site',
    connectionBody('gw', 'site', { localNetworkGateway2: null }),
  ),
];

function typed(connectionType: string): object {
  return connectionBody('gw', 'site', { connectionType });
}

function protocol(from: string, to: string, connectionProtocol: string): object {
  return connectionBody(from, to, { connectionProtocol });
}

const prefixes = (...addressPrefixes: readonly string[]): object => ({ localNetworkAddressSpace: { addressPrefixes } });
const siteCases: readonly Case[] = [
  site('LNG-ADDR-004', 'LocalNetworkGatewayEndpointTypeCannotBeChanged', 'to a name', 'site', {
    fqdn: 'site.example.com',
    ...prefixes('192.168.0.0/24'),
  }),
  site('LNG-ADDR-004', 'LocalNetworkGatewayEndpointTypeCannotBeChanged', 'to an address', 'named', {
    gatewayIpAddress: '203.0.113.40',
    ...prefixes('172.21.0.0/24'),
  }),
  site('LNG-ADDR-001', 'LocalNetworkGatewayAddressOrFqdnRequired', 'to both', 'site', {
    gatewayIpAddress: '203.0.113.10',
    fqdn: 'site.example.com',
    ...prefixes('192.168.0.0/24'),
  }),
  site('LNG-PREFIX-002', 'LocalNetworkGatewayAddressSpaceRequired', 'to no prefixes', 'site', {
    gatewayIpAddress: '203.0.113.10',
    ...prefixes(),
  }),
  site('VGW-CONN-011', 'LocalNetworkGatewayOverlapsVirtualNetwork', 'to a prefix of the network', 'site', {
    gatewayIpAddress: '203.0.113.10',
    ...prefixes('10.1.128.0/17'),
  }),
];

describe('refused, and nothing is stored', () => {
  test.each([...gatewayCases, ...connectionCases, ...siteCases])('%s %s: %s', async (_rule, code, _what, id, body) => {
    const before = await everything();
    const { status, body: answer } = await server.client.send('PUT', id, { body: await body() });
    expect([status, answer.error?.code]).toEqual([400, code]);
    expect(await everything()).toEqual(before);
  });
});

describe('accepted, and the public address and the connections stay', () => {
  test.each([
    ['VpnGw1AZ', 'gw', sku('VpnGw3AZ')],
    ['VpnGw3AZ', 'gw', sku('VpnGw1AZ')],
    ['VpnGw2 of Generation2', 'plain', sku('VpnGw5')],
    ['Standard', 'old', sku('HighPerformance')],
  ])('VGW-SKU-010, VGW-IP-017: from %s', async (_from, name, properties) => {
    const addresses = async (): Promise<unknown> =>
      (await server.client.send('GET', idOf('virtualNetworkGateways', name))).body.properties.bgpSettings.bgpPeeringAddresses;
    const before = [await addresses(), await Promise.all(connections.map(async (id) => (await server.client.send('GET', id)).text))];
    const { first, last } = await server.client.run(
      'PUT',
      idOf('virtualNetworkGateways', name),
      await gatewayBody(server, name, properties),
    );
    expect([first.status, last?.body.status]).toEqual([200, 'Succeeded']);
    expect((await server.client.send('GET', idOf('virtualNetworkGateways', name))).body.properties.sku).toMatchObject(
      (properties as { readonly sku: object }).sku,
    );
    expect([await addresses(), await Promise.all(connections.map(async (id) => (await server.client.send('GET', id)).text))]).toEqual(
      before,
    );
  });

  test('VGW-CONN-006: a connection to another site', async () => {
    await server.client.run('DELETE', idOf('connections', 'policy'));
    const { first, last } = await server.client.run('PUT', idOf('connections', 'hq-site'), connectionBody('gw', 'far'));
    expect([first.status, last?.body.status]).toEqual([200, 'Succeeded']);
    expect((await server.client.send('GET', `${idOf('connections', 'hq-site')}/sharedkey`)).body.value).toBe('Correct.Horse');
  });
});
