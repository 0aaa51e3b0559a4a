/** Tunnels from the gateway's private address: which gateways have them, what a GET shows of them, what holds them. Their packets are the lab's s2s-private-address. */
import { describe, expect, it } from 'vitest';
import { accepts, refuses } from './cases.ts';
import { bodies, id, ipConfiguration, newWorld, refusals, siteToSite, types, type PutResult, type World } from './world.ts';

const sku = (name: string): object => ({ sku: { name, tier: name } });
const withPrivate = { enablePrivateIpAddress: true };
const overPrivate = { useLocalAzureIpAddress: true };
const azSkus = ['VpnGw1AZ', 'VpnGw2AZ', 'VpnGw3AZ', 'VpnGw4AZ', 'VpnGw5AZ'];
const otherSkus = ['Standard', 'HighPerformance', 'VpnGw1', 'VpnGw2', 'VpnGw3', 'VpnGw4', 'VpnGw5'];

function gateway(extra: object, address: object = {}): PutResult {
  const world = newWorld();
  world.make(types.virtualNetwork, 'hub', bodies.network());
  world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { ...address }));
  return world.put(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { ...extra }));
}

describe('which gateways', () => {
  const code = 'PrivateIpAddressNotSupportedForGatewaySku';
  accepts(azSkus.map((name) => [name, () => gateway({ ...sku(name), ...withPrivate })] as const));
  refuses([
    ...otherSkus.map((name) => ['VGW-SKU-008', code, name, () => gateway({ ...sku(name), ...withPrivate })] as const),
    ['VGW-SKU-008', code, 'Basic', () => gateway({ ...sku('Basic'), ...withPrivate }, { sku: { name: 'Basic' } })],
    [
      'VGW-IP-013',
      'VirtualNetworkGatewayWithAzSkuMustUseStandardPublicIP',
      'a Basic address',
      () => gateway({ ...sku('VpnGw1AZ'), ...withPrivate }, { sku: { name: 'Basic' } }),
    ],
  ]);
});

describe('what is shown', () => {
  const tunnelAddresses = (world: World): readonly unknown[] => {
    const { properties } = world.view(types.virtualNetworkGateway, 'gw') as {
      properties: { bgpSettings: { bgpPeeringAddresses: readonly { tunnelIpAddresses: readonly string[] }[] } };
    };
    return properties.bgpSettings.bgpPeeringAddresses.map(({ tunnelIpAddresses }) => tunnelIpAddresses);
  };

  it('VGW-IP-019: the private address stands after the public one, and goes with the setting', () => {
    const world = siteToSite({ ...sku('VpnGw2AZ') });
    expect(tunnelAddresses(world)).toEqual([['198.51.100.2']]);
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { ...sku('VpnGw2AZ'), ...withPrivate }));
    expect(tunnelAddresses(world)).toEqual([['198.51.100.2', '10.1.255.4']]);
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { ...sku('VpnGw2AZ') }));
    expect(tunnelAddresses(world)).toEqual([['198.51.100.2']]);
  });

  it('VGW-IP-019: active-active, each IP configuration has its own', () => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    for (const name of ['gw-ip', 'gw-ip2']) world.make(types.publicIpAddress, name, bodies.address());
    const ipConfigurations = [ipConfiguration('default', 'hub', 'gw-ip'), ipConfiguration('second', 'hub', 'gw-ip2')];
    const both = { ...sku('VpnGw2AZ'), ...withPrivate, activeActive: true, ipConfigurations };
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', both));
    expect(tunnelAddresses(world)).toEqual([
      ['198.51.100.2', '10.1.255.4'],
      ['198.51.100.3', '10.1.255.5'],
    ]);
  });
});

describe('what holds them', () => {
  /** The connection of `siteToSite` is over the public address, one more over the private one. */
  const world = (): World => {
    const made = siteToSite({ ...sku('VpnGw2AZ'), ...withPrivate });
    made.make(types.localNetworkGateway, 'line', bodies.site('172.16.0.1', ['192.0.2.0/24']));
    made.make(types.connection, 'line', bodies.connection('line', overPrivate));
    return made;
  };
  const put = (made: World, extra: object): PutResult =>
    made.put(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { ...sku('VpnGw2AZ'), ...extra }));

  it('VGW-IP-020: the setting stays while a connection uses it, and not longer', () => {
    const made = world();
    const before = made.get(types.virtualNetworkGateway, 'gw');
    expect(refusals(put(made, {}))).toEqual(['VGW-IP-020 VirtualNetworkGatewayPrivateIpAddressInUse']);
    expect(made.get(types.virtualNetworkGateway, 'gw')).toBe(before);
    made.make(types.connection, 'line', bodies.connection('line'));
    expect(refusals(put(made, {}))).toEqual(['accepted']);
  });

  it('VGW-CONN-027: a connection asks for it again only while the gateway has it', () => {
    const made = world();
    made.remove(types.connection, 'line');
    expect(refusals(put(made, {}))).toEqual(['accepted']);
    expect(refusals(made.put(types.connection, 'line', bodies.connection('line', overPrivate)))).toEqual([
      'VGW-CONN-027 UseLocalAzureIpAddressRequiresPrivateIp',
    ]);
  });

  it('names its tunnel after the private address', () => {
    const made = world();
    const observation = { connection: id.connection('line'), instance: `${id.gateway('gw')}/IN_0`, status: 'Connected' } as never;
    expect(made.view(types.connection, 'line', [observation])).toMatchObject({
      properties: { useLocalAzureIpAddress: true, tunnelConnectionStatus: [{ tunnel: 'line_10.1.255.4' }] },
    });
  });
});
