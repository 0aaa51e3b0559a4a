/** Rules of public IP addresses, network interfaces, route tables and security groups. */
import { describe } from 'vitest';
import { accepts, refuses } from './cases.ts';
import { bodies, id, newWorld, siteToSite, types, type PutResult, type World } from './world.ts';

const basic = { sku: { name: 'Basic' } };
const putNew = (body: object): PutResult => newWorld().put(types.publicIpAddress, 'a', body);
const change = (before: object, after: object): PutResult => {
  const world = newWorld();
  world.make(types.publicIpAddress, 'a', before);
  return world.put(types.publicIpAddress, 'a', after);
};

describe('public IP addresses', () => {
  refuses([
    [
      'PIP-SKU-001',
      'PublicIPAddressWithStandardSkuMustBeStatic',
      'Standard and Dynamic',
      () => putNew(bodies.address({ publicIPAllocationMethod: 'Dynamic' })),
    ],
    [
      'PIP-SKU-002',
      'GlobalPublicIPAddressNotSupportedForBasicPublicIpAddress',
      'Basic and Global',
      () => putNew(bodies.address({}, { sku: { name: 'Basic', tier: 'Global' } })),
    ],
    [
      'PIP-SKU-003',
      'BasicSkuPublicIPAddressCannotBeZonal',
      'Basic with a zone',
      () => putNew(bodies.address({}, { ...basic, zones: ['1'] })),
    ],
    ['PIP-SKU-004', 'PublicIPAddressSkuCannotBeDowngraded', 'Standard to Basic', () => change(bodies.address(), bodies.address({}, basic))],
    ['PIP-VALUE-001', 'InvalidIdleTimeoutInMinutes', '3 minutes', () => putNew(bodies.address({ idleTimeoutInMinutes: 3 }))],
    [
      'PIP-DNS-001',
      'InvalidDomainNameLabel',
      'a label with a capital',
      () => putNew(bodies.address({ dnsSettings: { domainNameLabel: 'Gateway' } })),
    ],
    [
      'PIP-DNS-002',
      'DnsRecordInUse',
      'a label that is taken',
      () => {
        const world = newWorld();
        world.make(types.publicIpAddress, 'a', bodies.address({ dnsSettings: { domainNameLabel: 'gate' } }));
        return world.put(types.publicIpAddress, 'b', bodies.address({ dnsSettings: { domainNameLabel: 'gate' } }));
      },
    ],
    [
      'PIP-CHANGE-001',
      'PublicIPAddressVersionCannotBeChanged',
      'IPv4 to IPv6',
      () => change(bodies.address(), bodies.address({ publicIPAddressVersion: 'IPv6' })),
    ],
    [
      'PIP-CHANGE-002',
      'ResourceAvailabilityZonesCannotBeModified',
      'other zones',
      () => change(bodies.address(), bodies.address({}, { zones: ['1'] })),
    ],
    [
      'PIP-CHANGE-003',
      'PublicIPAddressInUseSkuCannotBeChanged',
      'another SKU in use',
      () => {
        const world = siteToSite();
        return world.put(types.publicIpAddress, 'gw-ip', bodies.address({}, basic));
      },
    ],
    [
      'PIP-CHANGE-004',
      'PublicIPAddressInUseAllocationMethodCannotBeChanged',
      'Static to Dynamic in use',
      () => {
        const world = newWorld();
        world.make(types.virtualNetwork, 'hub', bodies.network());
        world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, basic));
        world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { sku: { name: 'Basic' } }));
        return world.put(types.publicIpAddress, 'gw-ip', bodies.address({ publicIPAllocationMethod: 'Dynamic' }, basic));
      },
    ],
    ['PIP-USE-001', 'PublicIPAddressCannotBeDeleted', 'a delete in use', () => siteToSite().remove(types.publicIpAddress, 'gw-ip')],
    [
      'PIP-ALLOC-001',
      'PublicIPAddressPoolExhausted',
      'more than the pool holds',
      () => {
        const world = newWorld(['198.51.100.0/30']);
        world.make(types.publicIpAddress, 'a', bodies.address());
        return world.put(types.publicIpAddress, 'b', bodies.address());
      },
    ],
    [
      'PIP-ALLOC-001',
      'PublicIPAddressPoolExhausted',
      'IPv6 from IPv4 pools',
      () => putNew(bodies.address({ publicIPAddressVersion: 'IPv6' })),
    ],
  ]);
  accepts([
    ['Basic without a method', () => putNew({ location: 'westeurope', sku: { name: 'Basic' } })],
    ['Standard without a method', () => putNew({ location: 'westeurope', sku: { name: 'Standard' } })],
  ]);
});

describe('network interfaces', () => {
  const hub = (): World => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    return world;
  };
  const put = (body: object, world = hub()): PutResult => world.put(types.networkInterface, 'vm', body);
  const configurations = (list: readonly object[]): object => ({ location: 'westeurope', properties: { ipConfigurations: list } });
  const one = (name: string, extra: object = {}, subnet = id.subnet('hub', 'apps')): object => ({
    name,
    properties: { subnet: { id: subnet }, ...extra },
  });
  const fixed = (address: string): object => bodies.nic({ privateIPAllocationMethod: 'Static', privateIPAddress: address });
  refuses([
    ['NIC-001', 'NetworkInterfaceMustHaveOneIpConfiguration', 'none', () => put(configurations([]))],
    [
      'NIC-002',
      'NetworkInterfaceMustHaveOnePrimaryIpConfiguration',
      'two primary ones',
      () => put(configurations([one('a', { primary: true }), one('b', { primary: true })])),
    ],
    [
      'NIC-003',
      'SubnetsNotInSameVnet',
      'two networks',
      () => {
        const world = hub();
        world.make(types.virtualNetwork, 'spoke', bodies.network('10.2'));
        return put(configurations([one('a'), one('b', {}, id.subnet('spoke', 'apps'))]), world);
      },
    ],
    ['NIC-004', 'SubnetReferenceRequired', 'no subnet', () => put(configurations([{ name: 'a', properties: {} }]))],
    ['NIC-005', 'GatewaySubnet', 'the GatewaySubnet', () => put(bodies.nic({}, id.subnet('hub', 'GatewaySubnet')))],
    ['NIC-006', 'PrivateIPAddressRequired', 'Static without address', () => put(bodies.nic({ privateIPAllocationMethod: 'Static' }))],
    ['NIC-007', 'PrivateIPAddressNotInSubnet', 'an address elsewhere', () => put(fixed('10.1.2.4'))],
    ['NIC-008', 'PrivateIPAddressInReservedRange', "the router's address", () => put(fixed('10.1.1.1'))],
    ['NIC-008', 'PrivateIPAddressInReservedRange', 'the last address', () => put(fixed('10.1.1.255'))],
    [
      'NIC-009',
      'PrivateIPAddressIsAllocated',
      'an address that is taken',
      () => {
        const world = hub();
        world.make(types.networkInterface, 'other', bodies.nic());
        return put(fixed('10.1.1.4'), world);
      },
    ],
    [
      'NIC-010',
      'PublicIPAddressInUse',
      "the gateway's public address",
      () => siteToSite().put(types.networkInterface, 'vm', bodies.nic({ publicIPAddress: { id: id.address('gw-ip') } })),
    ],
    [
      'NIC-011',
      'SubnetIsFull',
      'a fourth interface in a /29',
      () => {
        const world = newWorld();
        world.make(
          types.virtualNetwork,
          'hub',
          bodies.network('10.1', { subnets: [{ name: 'apps', properties: { addressPrefix: '10.1.1.0/29' } }] }),
        );
        for (const name of ['a', 'b', 'c']) world.make(types.networkInterface, name, bodies.nic());
        return put(bodies.nic(), world);
      },
    ],
  ]);
  accepts([['several configurations, the first primary', () => put(configurations([one('a'), one('b')]))]]);
});

describe('route tables and security groups', () => {
  const routes = (list: readonly object[]): PutResult =>
    newWorld().put(types.routeTable, 'rt', { location: 'westeurope', properties: { routes: list } });
  const route = (name: string, addressPrefix: string, extra: object): object => ({ name, properties: { addressPrefix, ...extra } });
  const rules = (list: readonly object[]): PutResult =>
    newWorld().put(types.networkSecurityGroup, 'nsg', { location: 'westeurope', properties: { securityRules: list } });
  const rule = (name: string, priority: number): object => ({
    name,
    properties: { protocol: '*', access: 'Allow', direction: 'Inbound', priority },
  });
  const associated = (type: string, name: string, member: string): World => {
    const world = newWorld();
    const own = world.make(type, name, { location: 'westeurope' });
    world.make(
      types.virtualNetwork,
      'hub',
      bodies.network('10.1', { subnets: [{ name: 'apps', properties: { addressPrefix: '10.1.1.0/24', [member]: { id: own.id } } }] }),
    );
    return world;
  };
  refuses([
    [
      'RT-001',
      'RouteTableLimitReached',
      '401 routes',
      () =>
        routes(
          Array.from({ length: 401 }, (_, index) => route(`r${index}`, `10.${index >> 8}.${index & 255}.0/24`, { nextHopType: 'None' })),
        ),
    ],
    [
      'RT-002',
      'RouteNextHopIpAddressRequired',
      'an appliance without address',
      () => routes([route('r', '10.0.0.0/8', { nextHopType: 'VirtualAppliance' })]),
    ],
    [
      'RT-003',
      'RouteNextHopIpAddressNotAllowed',
      'an address of the Internet',
      () => routes([route('r', '10.0.0.0/8', { nextHopType: 'Internet', nextHopIpAddress: '10.0.0.4' })]),
    ],
    [
      'RT-004',
      'RouteConflict',
      'a prefix twice',
      () => routes(['a', 'b'].map((name) => route(name, '10.0.0.0/8', { nextHopType: 'None' }))),
    ],
    [
      'RT-005',
      'InUseRouteTableCannotBeDeleted',
      'a delete in use',
      () => associated(types.routeTable, 'rt', 'routeTable').remove(types.routeTable, 'rt'),
    ],
    ['NSG-001', 'SecurityRuleInvalidPriority', 'priority 99', () => rules([rule('a', 99)])],
    ['NSG-002', 'SecurityRuleConflict', 'a priority twice', () => rules([rule('a', 100), rule('b', 100)])],
    [
      'NSG-003',
      'InUseNetworkSecurityGroupCannotBeDeleted',
      'a delete in use',
      () => associated(types.networkSecurityGroup, 'nsg', 'networkSecurityGroup').remove(types.networkSecurityGroup, 'nsg'),
    ],
  ]);
  refuses([
    [
      'NW-001',
      'NetworkWatcherCountLimitReached',
      'a second network watcher of a region',
      () => {
        const world = newWorld();
        world.put(types.networkWatcher, 'one', { location: 'westeurope' });
        return world.put(types.networkWatcher, 'two', { location: 'westeurope' });
      },
    ],
  ]);
  accepts([['a route to a service tag', () => routes([route('r', 'Storage.WestEurope', { nextHopType: 'Internet' })])]]);
});
