/** Rules of virtual networks, subnets and peerings. */
import { describe, expect, it } from 'vitest';
import { accepts, refuses } from './cases.ts';
import { addSecondGateway, bodies, id, newWorld, siteToSite, types, type PutResult, type World } from './world.ts';

type Subnets = readonly object[];
const gatewaySubnet = (prefix = '10.1.255.0/27', extra: object = {}): object => ({
  name: 'GatewaySubnet',
  properties: { addressPrefix: prefix, ...extra },
});
const subnet = (name: string, prefix: string, extra: object = {}): object => ({ name, properties: { addressPrefix: prefix, ...extra } });
const apps = subnet('apps', '10.1.1.0/24');
const network = (subnets: Subnets, prefixes = ['10.1.0.0/16']): object =>
  bodies.network('10.1', { addressSpace: { addressPrefixes: prefixes }, subnets });
const putNew = (body: object): PutResult => newWorld().put(types.virtualNetwork, 'hub', body);
const putHub = (subnets: Subnets, world = siteToSite()): PutResult => world.put(types.virtualNetwork, 'hub', network(subnets));

function withTable(properties: object): World {
  const world = newWorld();
  world.make(types.routeTable, 'rt', { location: 'westeurope', properties });
  return world;
}
const onGatewaySubnet = (world: World, extra: object): PutResult =>
  world.put(types.virtualNetwork, 'hub', network([gatewaySubnet('10.1.255.0/27', extra)]));
const table = { routeTable: { id: id.table('rt') } };
const defaultRoute = { name: 'all', properties: { addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' } };

describe('address space', () => {
  refuses([
    ['VNET-ADDR-001', 'VirtualNetworkAddressSpaceNotSpecified', 'none', () => putNew(network([], []))],
    ['VNET-ADDR-002', 'OverlappingAddressPrefixes', 'overlapping prefixes', () => putNew(network([], ['10.1.0.0/16', '10.1.2.0/24']))],
    ['VNET-ADDR-003', 'NetcfgInvalidSubnet', 'a subnet without prefix', () => putNew(network([{ name: 'a', properties: {} }]))],
    ['VNET-ADDR-004', 'NetcfgInvalidSubnet', 'a subnet outside', () => putNew(network([subnet('a', '10.2.0.0/24')]))],
    ['VNET-ADDR-005', 'InvalidSubnetPrefixLength', 'a GatewaySubnet of /30', () => putNew(network([gatewaySubnet('10.1.255.0/30')]))],
    [
      'VNET-ADDR-005',
      'InvalidSubnetPrefixLength',
      'an IPv6 subnet of /80',
      () => putNew(network([subnet('a', 'fd00::/80')], ['fd00::/48'])),
    ],
    ['VNET-ADDR-006', 'NetcfgSubnetRangesOverlap', 'overlapping subnets', () => putNew(network([apps, subnet('b', '10.1.1.128/25')]))],
    [
      'VNET-ADDR-007',
      'VirtualNetworkAddressSpaceOverlapsConnection',
      'growth into a connected site',
      () => siteToSite().put(types.virtualNetwork, 'hub', network([gatewaySubnet(), apps], ['10.1.0.0/16', '192.168.7.0/24'])),
    ],
  ]);
  accepts([
    ['a GatewaySubnet of /29', () => putNew(network([gatewaySubnet('10.1.255.0/29')]))],
    [
      'IPv4 and IPv6 side by side',
      () => putNew(network([{ name: 'a', properties: { addressPrefixes: ['10.1.0.0/24', 'fd00::/64'] } }], ['10.1.0.0/16', 'fd00::/48'])),
    ],
    [
      'growth elsewhere',
      () => siteToSite().put(types.virtualNetwork, 'hub', network([gatewaySubnet(), apps], ['10.1.0.0/16', '10.9.0.0/16'])),
    ],
  ]);
});

describe('GatewaySubnet', () => {
  refuses([
    [
      'VNET-GWSUBNET-001',
      'NetworkSecurityGroupCannotBeAttachedToGatewaySubnet',
      'a security group',
      () => {
        const world = newWorld();
        world.make(types.networkSecurityGroup, 'nsg', { location: 'westeurope' });
        return onGatewaySubnet(world, { networkSecurityGroup: { id: id.group('nsg') } });
      },
    ],
    [
      'VNET-GWSUBNET-002',
      'GatewaySubnetRouteTableHasDefaultRoute',
      'a default route',
      () => onGatewaySubnet(withTable({ routes: [defaultRoute] }), table),
    ],
    [
      'VNET-GWSUBNET-002',
      'GatewaySubnetRouteTableHasDefaultRoute',
      'a default route that comes later',
      () => {
        const world = withTable({ routes: [] });
        onGatewaySubnet(world, table);
        return world.put(types.routeTable, 'rt', { location: 'westeurope', properties: { routes: [defaultRoute] } });
      },
    ],
    [
      'VNET-GWSUBNET-003',
      'GatewaySubnetRouteTableDisablesPropagation',
      'no propagation',
      () => onGatewaySubnet(withTable({ disableBgpRoutePropagation: true }), table),
    ],
    [
      'VNET-GWSUBNET-004',
      'GatewaySubnetCannotBeDelegated',
      'a delegation',
      () => onGatewaySubnet(newWorld(), { delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.Sql' } }] }),
    ],
  ]);
  accepts([['a route table without a default route', () => onGatewaySubnet(withTable({ routes: [] }), table)]]);
});

describe('in use', () => {
  const withNic = (): World => {
    const world = siteToSite();
    world.make(types.networkInterface, 'vm', bodies.nic());
    return world;
  };
  refuses([
    ['VNET-USE-001', 'InUseSubnetCannotBeDeleted', 'a PUT without a used subnet', () => putHub([apps])],
    ['VNET-USE-001', 'InUseSubnetCannotBeDeleted', 'a delete of a used network', () => withNic().remove(types.virtualNetwork, 'hub')],
    ['VNET-USE-002', 'InUseSubnetCannotBeUpdated', 'another prefix under a gateway', () => putHub([gatewaySubnet('10.1.254.0/27'), apps])],
    [
      'VNET-USE-003',
      'InUsePrefixCannotBeDeleted',
      'another prefix under an interface',
      () => putHub([gatewaySubnet(), subnet('apps', '10.1.2.0/24')], withNic()),
    ],
  ]);
  accepts([
    ['the end of an unused subnet', () => putHub([gatewaySubnet()])],
    [
      'the delete of an unused network',
      () => {
        const world = newWorld();
        world.make(types.virtualNetwork, 'hub', bodies.network());
        return world.remove(types.virtualNetwork, 'hub');
      },
    ],
  ]);
});

describe('peerings', () => {
  const peering = (remote: string, extra: object = {}, name = `to-${remote}`): object => ({
    name,
    properties: { remoteVirtualNetwork: { id: id.network(remote) }, ...extra },
  });
  const peer = (world: World, own: string, prefix: string, ...peerings: readonly object[]): PutResult =>
    world.put(types.virtualNetwork, own, bodies.network(prefix, { virtualNetworkPeerings: peerings }));
  const two = (spokePrefix = '10.2'): World => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.virtualNetwork, 'spoke', bodies.network(spokePrefix));
    return world;
  };
  const use = { useRemoteGateways: true };
  refuses([
    ['VNET-PEER-001', 'CannotPeerVirtualNetworkWithItself', 'itself', () => peer(two(), 'hub', '10.1', peering('hub'))],
    ['VNET-PEER-002', 'VnetAlreadyPeered', 'twice', () => peer(two(), 'hub', '10.1', peering('spoke'), peering('spoke', {}, 'again'))],
    ['VNET-PEER-003', 'VnetAddressSpacesOverlap', 'overlapping networks', () => peer(two('10.1'), 'spoke', '10.1', peering('hub'))],
    ['VNET-PEER-004', 'RemoteVnetHasNoGateways', 'a remote without gateway', () => peer(two(), 'spoke', '10.2', peering('hub', use))],
    [
      'VNET-PEER-010',
      'RemoteVnetGatewayDoesNotSupportTransit',
      'a remote with a policy-based gateway',
      () => {
        const world = two();
        world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
        world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { vpnType: 'PolicyBased', sku: { name: 'Basic' } }));
        world.make(
          types.virtualNetwork,
          'hub',
          bodies.network('10.1', { virtualNetworkPeerings: [peering('spoke', { allowGatewayTransit: true })] }),
        );
        return peer(world, 'spoke', '10.2', peering('hub', use));
      },
    ],
    [
      'VNET-PEER-005',
      'RemotePeeringDisallowsGatewayTransit',
      'a remote that does not allow transit',
      () => {
        const world = siteToSite();
        world.make(types.virtualNetwork, 'spoke', bodies.network('10.2'));
        world.make(types.virtualNetwork, 'hub', bodies.network('10.1', { virtualNetworkPeerings: [peering('spoke')] }));
        return peer(world, 'spoke', '10.2', peering('hub', use));
      },
    ],
    [
      'VNET-PEER-006',
      'OnlyOnePeeringCanUseRemoteGateways',
      'two remote gateways',
      () => {
        const world = siteToSite();
        addSecondGateway(world);
        world.make(types.virtualNetwork, 'third', bodies.network('10.3'));
        return peer(world, 'third', '10.3', peering('hub', use), peering('spoke', use));
      },
    ],
    [
      'VNET-PEER-007',
      'VnetHasGatewaysCannotUseRemoteGateways',
      'a network with its own gateway',
      () => {
        const world = siteToSite();
        addSecondGateway(world);
        return peer(world, 'spoke', '10.2', peering('hub', use));
      },
    ],
    [
      'VNET-PEER-008',
      'RemotePeeringIsDisconnected',
      'a peering back to a left-over',
      () => {
        const world = two();
        peer(world, 'hub', '10.1', peering('spoke'));
        peer(world, 'spoke', '10.2', peering('hub'));
        peer(world, 'spoke', '10.2');
        return peer(world, 'spoke', '10.2', peering('hub'));
      },
    ],
  ]);

  it('is Initiated, then Connected on both sides under one GUID, then Disconnected', () => {
    const world = two();
    const state = (name: string): unknown => {
      const properties = world.view(types.virtualNetwork, name)['properties'] as {
        virtualNetworkPeerings: { properties: Record<string, unknown> }[];
      };
      const { peeringState, peeringSyncLevel, resourceGuid } = properties.virtualNetworkPeerings[0]?.properties ?? {};
      return { peeringState, peeringSyncLevel, resourceGuid };
    };
    peer(world, 'hub', '10.1', peering('spoke'));
    expect(state('hub')).toMatchObject({ peeringState: 'Initiated', peeringSyncLevel: 'RemoteNotInSync' });
    peer(world, 'spoke', '10.2', peering('hub'));
    expect(state('hub')).toMatchObject({ peeringState: 'Connected', peeringSyncLevel: 'FullyInSync' });
    expect(state('spoke')).toEqual(state('hub'));
    peer(world, 'spoke', '10.2');
    expect(state('hub')).toMatchObject({ peeringState: 'Disconnected' });
  });

  it('VNET-PUT-001: a PUT of a network that does not mention peerings keeps them', () => {
    const world = two();
    peer(world, 'hub', '10.1', peering('spoke'));
    world.make(types.virtualNetwork, 'hub', bodies.network());
    expect(world.get(types.virtualNetwork, 'hub').properties['virtualNetworkPeerings']).toHaveLength(1);
    peer(world, 'hub', '10.1');
    expect(world.get(types.virtualNetwork, 'hub').properties['virtualNetworkPeerings']).toEqual([]);
  });
});
