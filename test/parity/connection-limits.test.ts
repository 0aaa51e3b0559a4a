/** VGW-CONN-016: how many connections each SKU has, by rules for every SKU and by HTTP for every limit. Connections between networks count as well. */
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { vpnSkus } from '@sallyport/model';
import { idOf, siteGroup, startTestServer, type TestResponse, type TestServer } from '@sallyport/control-plane/testing';
import { addSecondGateway, bodies, newWorld, refusals, types, type World } from './world.ts';

const limitOf: Readonly<Record<string, number>> = { Basic: 10, Standard: 10, VpnGw4: 100, VpnGw5: 100, VpnGw4AZ: 100, VpnGw5AZ: 100 };
const device = (index: number): string => `203.0.113.${index + 1}`;
const prefixes = (index: number): readonly string[] => [`172.20.${index}.0/24`];

describe('the rules of every SKU', () => {
  it.each(vpnSkus.map(({ name, generation }) => ({ name, generation })))(
    'VGW-CONN-016: $name of $generation is full at its limit',
    ({ name, generation }) => {
      const limit = limitOf[name] ?? 30;
      const world = newWorld();
      world.make(types.virtualNetwork, 'hub', bodies.network());
      world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, name === 'Basic' ? { sku: { name: 'Basic' } } : {}));
      const sku = { sku: { name, tier: name }, vpnGatewayGeneration: generation };
      world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', sku));
      for (let index = 0; index < limit; index += 1) connect(world, index);
      expect(() => connect(world, limit)).toThrow('VirtualNetworkGatewayConnectionLimitReached');
    },
  );

  it('VGW-CONN-016: a connection to a network takes a place as well', () => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { sku: { name: 'Basic' } }));
    addSecondGateway(world);
    for (let index = 0; index < 10; index += 1) connect(world, index);
    const toNetwork = world.put(types.connection, 'v2v', bodies.toNetwork('gw2'));
    expect(refusals(toNetwork)).toEqual(['VGW-CONN-016 VirtualNetworkGatewayConnectionLimitReached']);
    world.remove(types.connection, 's9');
    world.make(types.connection, 'v2v', bodies.toNetwork('gw2'));
    expect(() => connect(world, 9)).toThrow('VirtualNetworkGatewayConnectionLimitReached');
  });
});

function connect(world: World, index: number): void {
  world.make(types.localNetworkGateway, `s${index}`, bodies.site(device(index), prefixes(index)));
  world.make(types.connection, `s${index}`, bodies.connection(`s${index}`));
}

/** Some 280 requests: on a busy machine they need longer than most tests have. */
describe('by HTTP', { timeout: 240_000 }, () => {
  const location = 'westeurope';
  const ref = (type: string, name: string): { readonly id: string } => ({ id: idOf(type, name) });
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer({ store: 'memory' });
    await server.startAgent();
    await server.client.send('PUT', siteGroup, { body: { location } });
  });
  afterAll(() => server.stop());

  const make = async (type: string, name: string, body: object): Promise<void> => {
    const { first, last } = await server.client.run('PUT', idOf(type, name), { location, ...body });
    if (first.status >= 300 || (last !== undefined && last.body.status !== 'Succeeded')) throw new Error(`${name}: ${first.text}`);
  };
  const site = (name: string, index: number): Promise<void> =>
    make('localNetworkGateways', name, {
      properties: { gatewayIpAddress: device(index), localNetworkAddressSpace: { addressPrefixes: prefixes(index) } },
    });
  const connection = (gateway: string, name: string, properties: object = {}): object => ({
    location,
    properties: {
      connectionType: 'IPsec',
      virtualNetworkGateway1: ref('virtualNetworkGateways', gateway),
      localNetworkGateway2: ref('localNetworkGateways', name),
      ...properties,
    },
  });
  const put = (gateway: string, name: string, properties: object = {}): Promise<TestResponse> =>
    server.client.send('PUT', idOf('connections', name), { body: connection(gateway, name, properties) });

  test.each([
    { sku: 'Basic', vpnType: 'PolicyBased', address: 'Basic', limit: 1 },
    { sku: 'Basic', vpnType: 'RouteBased', address: 'Basic', limit: 10 },
    { sku: 'VpnGw1AZ', vpnType: 'RouteBased', address: 'Standard', limit: 30 },
    { sku: 'VpnGw4AZ', vpnType: 'RouteBased', address: 'Standard', limit: 100 },
  ])('VGW-CONN-016: $sku, $vpnType: $limit connections, and no more', async ({ sku, vpnType, address, limit }) => {
    const gateway = `gw-${limit}`;
    await make('virtualNetworks', gateway, {
      properties: {
        addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
        subnets: [{ name: 'GatewaySubnet', properties: { addressPrefix: '10.1.255.0/27' } }],
      },
    });
    const allocation = { publicIPAllocationMethod: address === 'Basic' ? 'Dynamic' : 'Static' };
    await make('publicIPAddresses', gateway, { sku: { name: address }, properties: allocation });
    const subnet = { id: `${idOf('virtualNetworks', gateway)}/subnets/GatewaySubnet` };
    const publicIPAddress = ref('publicIPAddresses', gateway);
    await make('virtualNetworkGateways', gateway, {
      properties: {
        gatewayType: 'Vpn',
        vpnType,
        sku: { name: sku, tier: sku },
        ipConfigurations: [{ name: 'default', properties: { subnet, publicIPAddress } }],
      },
    });
    const names = Array.from({ length: limit }, (_, index) => `${gateway}-${index}`);
    for (const [index, name] of names.entries()) {
      await site(name, index);
      expect([name, (await put(gateway, name)).status]).toEqual([name, 201]);
    }
    const extra = `${gateway}-extra`;
    await site(extra, limit);
    const connections = (): Promise<TestResponse> => server.client.send('GET', idOf('connections', '').slice(0, -1));
    await expect.poll(async () => (await connections()).text, { timeout: 60_000 }).not.toContain('"Updating"');
    const before = (await connections()).text;

    const refused = await put(gateway, extra);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'VirtualNetworkGatewayConnectionLimitReached']);
    expect(refused.body.error.message).toContain(`of sku ${sku} and VpnType ${vpnType} supports ${limit} `);
    expect((await server.client.send('GET', idOf('connections', extra))).status).toBe(404);
    expect((await connections()).text).toBe(before);

    // Those there are can be changed, and a place that is given up is free.
    const last = names.at(-1) ?? '';
    const changed = await server.client.run('PUT', idOf('connections', last), connection(gateway, last, { routingWeight: 7 }));
    expect([changed.first.status, changed.last?.body.status]).toEqual([200, 'Succeeded']);
    await server.client.run('DELETE', idOf('connections', last));
    expect((await put(gateway, extra)).status).toBe(201);
    expect((await put(gateway, last)).body.error.code).toBe('VirtualNetworkGatewayConnectionLimitReached');
  });
});
