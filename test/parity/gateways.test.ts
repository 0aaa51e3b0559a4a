/** Rules of gateways: IP configurations, SKUs, the network they are in, BGP, NAT rules, VPN clients; and of sites. */
import { describe } from 'vitest';
import { rulesOf } from '@sallyport/model';
import { accepts, refuses } from './cases.ts';
import { addSecondGateway, bodies, id, ipConfiguration, newWorld, siteToSite, types, type PutResult, type World } from './world.ts';

type Properties = Record<string, unknown>;

/** A network and addresses `gw-ip`, `b` and `c`, no gateway yet. */
function ground(network = bodies.network(), top: Properties = {}): World {
  const world = newWorld();
  world.make(types.virtualNetwork, 'hub', network);
  for (const name of ['gw-ip', 'b', 'c']) world.make(types.publicIpAddress, name, bodies.address({}, top));
  return world;
}
const put = (extra: Properties, world = ground()): PutResult =>
  world.put(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', extra));
const change = (before: Properties, after: Properties, world = ground()): PutResult => {
  world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', before));
  return put(after, world);
};
const sku = (name: string, extra: Properties = {}): Properties => ({ sku: { name, tier: name }, ...extra });
const configurations = (...addresses: readonly string[]): Properties => ({
  ipConfigurations: addresses.map((address) => ipConfiguration(`c-${address}`, 'hub', address)),
});
const oneConfiguration = (properties: Properties): Properties => ({ ipConfigurations: [{ name: 'default', properties }] });
const basicGround = (): World => ground(bodies.network(), { sku: { name: 'Basic' } });
/** `bodies.network`, and so many prefixes in all. */
const manyPrefixes = (count: number): ReturnType<typeof bodies.network> => {
  const more = Array.from({ length: count - 1 }, (_, index) => `10.${100 + Math.floor(index / 256)}.${index % 256}.0/24`);
  return bodies.network('10.1', { addressSpace: { addressPrefixes: ['10.1.0.0/16', ...more] } });
};
const policyBased = sku('Basic', { vpnType: 'PolicyBased' });
const pool = { vpnClientAddressPool: { addressPrefixes: ['172.16.0.0/24'] } };

describe('IP configurations', () => {
  const subnet = { id: id.subnet('hub', 'GatewaySubnet') };
  const publicIPAddress = { id: id.address('gw-ip') };
  refuses([
    ['VGW-IP-001', 'VirtualNetworkGatewayIpConfigurationRequired', 'none', () => put({ ipConfigurations: [] })],
    [
      'VGW-IP-002',
      'ActiveStandbyGatewayMustHaveExactlyOneIpConfiguration',
      'two, not active-active',
      () => put(configurations('gw-ip', 'b')),
    ],
    ['VGW-IP-003', 'ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations', 'one, active-active', () => put({ activeActive: true })],
    [
      'VGW-IP-004',
      'ActiveActiveP2SGatewayMustHaveExactlyThreeIpConfigurations',
      'two with VPN clients',
      () => put({ activeActive: true, ...configurations('gw-ip', 'b'), vpnClientConfiguration: pool }),
    ],
    ['VGW-IP-005', 'SubnetReferenceRequired', 'no subnet', () => put(oneConfiguration({ publicIPAddress }))],
    [
      'VGW-IP-006',
      'VirtualNetworkGatewaySubnetMustBeGatewaySubnet',
      'another subnet',
      () => put(oneConfiguration({ subnet: { id: id.subnet('hub', 'apps') }, publicIPAddress })),
    ],
    [
      'ARM-REF-001',
      'InvalidResourceReference',
      'a network that is not there',
      () => put(oneConfiguration({ subnet: { id: id.subnet('none', 'GatewaySubnet') }, publicIPAddress })),
    ],
    ['VGW-IP-007', 'PublicIpForGatewayIsRequired', 'no public address', () => put(oneConfiguration({ subnet }))],
    [
      'VGW-IP-008',
      'PublicIPAddressInUse',
      'an address of another gateway',
      () => {
        const world = siteToSite();
        world.make(types.virtualNetwork, 'spoke', bodies.network('10.2'));
        return world.put(types.virtualNetworkGateway, 'gw2', bodies.gateway('spoke', 'gw-ip'));
      },
    ],
    [
      'VGW-IP-008',
      'PublicIPAddressInUse',
      'an address twice',
      () => put({ activeActive: true, ipConfigurations: ['a', 'b'].map((name) => ipConfiguration(name, 'hub', 'gw-ip')) }),
    ],
    [
      'VGW-IP-009',
      'IPv6PublicIPAddressNotSupportedForGateway',
      'an IPv6 address',
      () => {
        const world = newWorld(['198.51.100.0/28', '2001:db8::/120']);
        world.make(types.virtualNetwork, 'hub', bodies.network());
        world.make(types.publicIpAddress, 'gw-ip', bodies.address({ publicIPAddressVersion: 'IPv6' }));
        return put({}, world);
      },
    ],
    ['VGW-IP-010', 'VirtualNetworkGatewayCannotUseStandardPublicIP', 'Basic with a Standard address', () => put(sku('Basic'))],
    [
      'VGW-IP-011',
      'SubnetsNotInSameVnet',
      'a move to another network',
      () => {
        const world = siteToSite();
        world.make(types.virtualNetwork, 'spoke', bodies.network('10.2'));
        return world.put(types.virtualNetworkGateway, 'gw', bodies.gateway('spoke', 'gw-ip'));
      },
    ],
    ['VGW-IP-012', 'SubnetIsFull', 'a GatewaySubnet without IPv4 addresses', fullSubnet],
    [
      'VGW-IP-013',
      'VirtualNetworkGatewayWithAzSkuMustUseStandardPublicIP',
      'AZ with a Basic address',
      () => put(sku('VpnGw1AZ'), basicGround()),
    ],
    ['VGW-IP-016', 'PublicIpWithBasicSkuNotAllowedOnVPNGateways', 'VpnGw1 with a Basic address', () => put(sku('VpnGw1'), basicGround())],
    [
      'VGW-IP-014',
      'ActiveActiveGatewayPublicIPAddressesDiffersInSkuOrZones',
      'a zonal and a regional address',
      () => {
        const world = ground();
        world.make(types.publicIpAddress, 'zonal', bodies.address({}, { zones: ['1'] }));
        return put({ activeActive: true, ...configurations('gw-ip', 'zonal') }, world);
      },
    ],
  ]);
  accepts([
    [
      'active-active with VPN clients and three',
      () => put({ activeActive: true, ...configurations('gw-ip', 'b', 'c'), vpnClientConfiguration: pool }),
    ],
    ['VGW-IP-015: AZ with a Standard address without zones', () => put(sku('VpnGw1AZ'))],
    [
      'VGW-IP-016: a VpnGw1 that has had a Basic address since before',
      () => {
        const world = basicGround();
        const { properties, ...rest } = world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', sku('Basic')));
        const old = { ...rest, properties: { ...properties, sku: { name: 'VpnGw1', tier: 'VpnGw1' } } };
        return rulesOf(types.virtualNetworkGateway)?.validate(old, old, world.context) ?? [];
      },
    ],
    ['a change to active-active and back', () => change({}, { activeActive: true, ...configurations('gw-ip', 'b') })],
    [
      "no change of the subnet's name in another case",
      () => change({}, oneConfiguration({ subnet: { id: id.subnet('HUB', 'gatewaysubnet') }, publicIPAddress })),
    ],
  ]);
});

/** Nothing but gateways takes addresses there and two need a /27, so only a GatewaySubnet without IPv4 has no room. */
function fullSubnet(): PutResult {
  const world = newWorld();
  const network = bodies.network('10.1', {
    addressSpace: { addressPrefixes: ['fd00::/48'] },
    subnets: [{ name: 'GatewaySubnet', properties: { addressPrefix: 'fd00::/64' } }],
  });
  world.make(types.virtualNetwork, 'hub', network);
  world.make(types.publicIpAddress, 'gw-ip', bodies.address());
  return put({}, world);
}

describe('SKUs', () => {
  refuses([
    ['VGW-SKU-001', 'InvalidGatewaySkuTier', 'name and tier apart', () => put({ sku: { name: 'VpnGw1', tier: 'VpnGw2' } })],
    ['VGW-SKU-002', 'InvalidGatewaySize', 'an ExpressRoute SKU', () => put(sku('ErGw1AZ'))],
    ['VGW-SKU-002', 'InvalidGatewaySize', 'a VPN SKU for ExpressRoute', () => put(sku('VpnGw1', { gatewayType: 'ExpressRoute' }))],
    [
      'VGW-SKU-003',
      'InvalidGatewaySkuProvidedForGatewayVpnType',
      'policy-based VpnGw1',
      () => put(sku('VpnGw1', { vpnType: 'PolicyBased' })),
    ],
    [
      'VGW-SKU-004',
      'VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration',
      'VpnGw1 of Generation2',
      () => put(sku('VpnGw1', { vpnGatewayGeneration: 'Generation2' })),
    ],
    [
      'VGW-SKU-004',
      'VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration',
      'VpnGw4 of Generation1',
      () => put(sku('VpnGw4', { vpnGatewayGeneration: 'Generation1' })),
    ],
    [
      'VGW-SKU-005',
      'BasicSkuVirtualNetworkGatewayDoesNotSupportBgp',
      'Basic with BGP',
      () => put(sku('Basic', { enableBgp: true }), basicGround()),
    ],
    [
      'VGW-SKU-006',
      'PolicyBasedVirtualNetworkGatewayDoesNotSupportBgp',
      'policy-based with BGP',
      () => put({ ...policyBased, enableBgp: true }, basicGround()),
    ],
    [
      'VGW-SKU-007',
      'BasicSkuVirtualNetworkGatewayDoesNotSupportActiveActive',
      'Basic, active-active',
      () => put(sku('Basic', { activeActive: true, ...configurations('gw-ip', 'b') }), basicGround()),
    ],
    [
      'VGW-SKU-007',
      'BasicSkuVirtualNetworkGatewayDoesNotSupportActiveActive',
      'policy-based, active-active',
      () => put({ ...policyBased, activeActive: true, ...configurations('gw-ip', 'b') }, basicGround()),
    ],
    [
      'VGW-SKU-003',
      'InvalidGatewaySkuProvidedForGatewayVpnType',
      'a policy-based gateway that grows',
      () => change(policyBased, sku('VpnGw1', { vpnType: 'PolicyBased' }), basicGround()),
    ],
    [
      'VGW-SKU-008',
      'PrivateIpAddressNotSupportedForGatewaySku',
      'private addresses on VpnGw2',
      () => put({ enablePrivateIpAddress: true }),
    ],
    [
      'VGW-SKU-009',
      'CrossSeriesOrCrossGatewayGenenrationResizeNotSupported',
      'Generation1 to Generation2',
      () => change(sku('VpnGw2'), sku('VpnGw2', { vpnGatewayGeneration: 'Generation2' })),
    ],
    ['VGW-SKU-010', 'InvalidGatewaySkuSpecifiedForGatewayDeploymentType', 'non-AZ to AZ', () => change(sku('VpnGw2'), sku('VpnGw2AZ'))],
    [
      'VGW-SKU-010',
      'InvalidGatewaySkuSpecifiedForGatewayDeploymentType',
      'Basic to VpnGw1',
      () => change(sku('Basic'), sku('VpnGw1'), basicGround()),
    ],
    [
      'VGW-SKU-011',
      'VirtualNetworkGatewayConnectionLimitReached',
      'a resize below the connections',
      () => {
        const world = ground();
        world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', sku('VpnGw4')));
        for (let index = 0; index < 31; index += 1) {
          world.make(types.localNetworkGateway, `s${index}`, bodies.site(`203.0.113.${index + 1}`, [`172.20.${index}.0/24`]));
          world.make(types.connection, `c${index}`, bodies.connection(`s${index}`));
        }
        return put(sku('VpnGw3', { vpnGatewayGeneration: 'Generation2' }), world);
      },
    ],
  ]);
  accepts([
    ['a larger SKU of the family', () => change(sku('VpnGw1'), sku('VpnGw3'))],
    ['VGW-SKU-012: a smaller SKU of the family', () => change(sku('VpnGw3'), sku('VpnGw1'))],
    ['VGW-SKU-013: VpnGw1', () => put(sku('VpnGw1'))],
    ['VGW-SKU-014: no SKU is VpnGw1', () => put({ sku: null })],
    ['VGW-SKU-014: no SKU of a policy-based gateway is Basic', () => put({ ...policyBased, sku: null }, basicGround())],
    ['VpnGw5AZ', () => put(sku('VpnGw5AZ'))],
    ['policy-based Basic', () => put(policyBased, basicGround())],
    ['an ExpressRoute gateway', () => put(sku('ErGw1AZ', { gatewayType: 'ExpressRoute' }))],
  ]);
});

describe('the network of a gateway', () => {
  const expressRoute = (world: World): World => {
    world.make(types.virtualNetworkGateway, 'er', bodies.gateway('hub', 'b', { gatewayType: 'ExpressRoute', ...sku('ErGw1AZ') }));
    return world;
  };
  refuses([
    [
      'VGW-NET-001',
      'VirtualNetworkAlreadyHasGatewayOfSameType',
      'a second VPN gateway',
      () => {
        const world = siteToSite();
        world.make(types.publicIpAddress, 'b', bodies.address());
        return world.put(types.virtualNetworkGateway, 'gw2', bodies.gateway('hub', 'b'));
      },
    ],
    [
      'VGW-NET-002',
      'VnetUsesRemoteGatewaysCannotHaveGateway',
      'a network that uses remote gateways',
      () => {
        const world = siteToSite();
        world.make(
          types.virtualNetwork,
          'spoke',
          bodies.network('10.2', {
            virtualNetworkPeerings: [
              { name: 'p', properties: { remoteVirtualNetwork: { id: id.network('hub') }, useRemoteGateways: true } },
            ],
          }),
        );
        world.make(types.publicIpAddress, 'b', bodies.address());
        return world.put(types.virtualNetworkGateway, 'gw2', bodies.gateway('spoke', 'b'));
      },
    ],
    [
      'VGW-NET-003',
      'GatewaySubnetTooSmallForCoexistence',
      'two gateways in a /28',
      () =>
        put(
          {},
          expressRoute(
            ground(bodies.network('10.1', { subnets: [{ name: 'GatewaySubnet', properties: { addressPrefix: '10.1.255.0/28' } }] })),
          ),
        ),
    ],
    [
      'VGW-NET-004',
      'VirtualNetworkGatewayCannotCoexist',
      'Basic beside ExpressRoute',
      () => put(sku('Basic'), expressRoute(basicGround())),
    ],
    ['VGW-NET-009', 'TooManyAddressPrefixesForVirtualNetworkGateway', '601 prefixes', () => put({}, ground(manyPrefixes(601)))],
    [
      'VGW-NET-009',
      'TooManyAddressPrefixesForVirtualNetworkGateway',
      'a network that grows beyond 600',
      () => {
        const world = ground(manyPrefixes(600));
        world.make(types.virtualNetworkGateway, 'gw', bodies.gateway());
        return world.put(types.virtualNetwork, 'hub', manyPrefixes(601));
      },
    ],
    [
      'VGW-NET-005',
      'VirtualNetworkGatewayVpnTypeCannotBeChanged',
      'route-based to policy-based',
      () => change(sku('Basic'), policyBased, basicGround()),
    ],
    [
      'VGW-NET-005',
      'VirtualNetworkGatewayVpnTypeCannotBeChanged',
      'policy-based to route-based',
      () => change(policyBased, sku('Basic'), basicGround()),
    ],
    [
      'VGW-NET-006',
      'VirtualNetworkGatewayTypeCannotBeChanged',
      'Vpn to ExpressRoute',
      () => change({}, sku('ErGw1AZ', { gatewayType: 'ExpressRoute' })),
    ],
    [
      'VGW-NET-007',
      'GatewayDefaultSiteNotSupportedForPolicyBasedGateway',
      'a default site, policy-based',
      () => {
        const world = basicGround();
        world.make(types.localNetworkGateway, 'hq', bodies.site());
        return put({ ...policyBased, gatewayDefaultSite: { id: id.site('hq') } }, world);
      },
    ],
    [
      'NET-CIDR-001',
      'InvalidAddressPrefixFormat',
      'custom routes that are none',
      () => put({ customRoutes: { addressPrefixes: ['all'] } }),
    ],
    [
      'VGW-USE-001',
      'VirtualNetworkGatewayCannotBeDeleted',
      'a delete with a connection',
      () => siteToSite().remove(types.virtualNetworkGateway, 'gw'),
    ],
    [
      'VGW-USE-001',
      'VirtualNetworkGatewayCannotBeDeleted',
      'a delete at the far end of a connection',
      () => {
        const world = siteToSite();
        addSecondGateway(world);
        world.make(types.connection, 'v2v', bodies.toNetwork('gw2'));
        return world.remove(types.virtualNetworkGateway, 'gw2');
      },
    ],
  ]);
  accepts([
    ['a VPN gateway beside an ExpressRoute one', () => put({}, expressRoute(ground()))],
    [
      'a default site',
      () => {
        const world = siteToSite();
        return put({ gatewayDefaultSite: { id: id.site('hq') } }, world);
      },
    ],
    [
      'a delete after the connections',
      () => {
        const world = siteToSite();
        world.remove(types.connection, 'hq');
        return world.remove(types.virtualNetworkGateway, 'gw');
      },
    ],
  ]);
});

describe('BGP of a gateway', () => {
  const own = `${id.gateway('gw')}/ipConfigurations/default`;
  const custom = (addresses: readonly string[], ipconfigurationId = own): Properties => ({
    bgpSettings: { bgpPeeringAddresses: [{ ipconfigurationId, customBgpIpAddresses: addresses }] },
  });
  const asn = (value: number): PutResult => put({ enableBgp: true, bgpSettings: { asn: value } });
  const speaking = (): World => {
    const world = siteToSite({ enableBgp: true });
    world.make(
      types.localNetworkGateway,
      'bgp',
      bodies.site('203.0.113.30', [], { bgpSettings: { asn: 65050, bgpPeeringAddress: '10.51.255.254' } }),
    );
    world.make(types.connection, 'bgp', bodies.connection('bgp', { enableBgp: true }));
    return world;
  };
  refuses([
    ['VGW-BGP-001', 'InvalidAsnForVirtualNetworkGateway', 'an ASN of Azure', () => asn(65520)],
    ['VGW-BGP-001', 'InvalidAsnForVirtualNetworkGateway', 'an ASN of IANA', () => asn(23456)],
    ['VGW-BGP-001', 'InvalidAsnForVirtualNetworkGateway', 'a documentation ASN', () => asn(64500)],
    ['VGW-BGP-001', 'InvalidAsnForVirtualNetworkGateway', 'more than 32 bits', () => asn(2 ** 32)],
    [
      'VGW-BGP-002',
      'InvalidIpConfigurationIdInBgpPeeringAddress',
      'an unknown IP configuration',
      () => put(custom(['169.254.21.2'], `${own}x`)),
    ],
    ['VGW-BGP-003', 'CustomBgpIpAddressNotInRange', 'an address out of range', () => put(custom(['169.254.23.2']))],
    ['VGW-BGP-004', 'DuplicateCustomBgpIpAddress', 'an address twice', () => put(custom(['169.254.21.2', '169.254.21.2']))],
    [
      'VGW-BGP-005',
      'TooManyCustomBgpIpAddresses',
      '33 addresses',
      () => put(custom(Array.from({ length: 33 }, (_, index) => `169.254.21.${index + 1}`))),
    ],
    ['VGW-BGP-006', 'VirtualNetworkGatewayBgpInUse', 'BGP off under a connection', () => put({ enableBgp: false }, speaking())],
    [
      'VGW-BGP-007',
      'VirtualNetworkGatewayAsnSameAsLocalNetworkGateway',
      'the ASN of a site',
      () => put({ enableBgp: true, bgpSettings: { asn: 65050 } }, speaking()),
    ],
  ]);
  accepts([
    ['65515', () => asn(65515)],
    ['a private ASN', () => asn(65010)],
    ['a 32-bit ASN', () => asn(4_200_000_000)],
    ['addresses in the range', () => put(custom(['169.254.21.2', '169.254.22.255']))],
  ]);
});

describe('NAT rules', () => {
  const rule = (name: string, internal: string, external: string, extra: Properties = {}): object => ({
    name,
    properties: { internalMappings: [{ addressSpace: internal }], externalMappings: [{ addressSpace: external }], ...extra },
  });
  const one = rule('one', '10.0.1.0/24', '192.168.1.0/24');
  const ported = (type: string, internalPort: string, externalPort: string): object => ({
    name: 'web',
    properties: {
      type,
      internalMappings: [{ addressSpace: '10.0.1.4/32', portRange: internalPort }],
      externalMappings: [{ addressSpace: '192.168.1.4/32', portRange: externalPort }],
    },
  });
  const rules = (...natRules: readonly object[]): PutResult => put({ natRules });
  refuses([
    ['VGW-NAT-001', 'NatRulesNotSupportedForGatewaySku', 'VpnGw1', () => put(sku('VpnGw1', { natRules: [one] }))],
    [
      'VGW-NAT-002',
      'NatRuleLimitReached',
      '101 rules',
      () => rules(...Array.from({ length: 101 }, (_, index) => rule(`r${index}`, `10.0.${index}.0/24`, `172.20.${index}.0/24`))),
    ],
    ['VGW-NAT-003', 'NatRuleMustHaveOneMapping', 'no mapping', () => rules({ name: 'x', properties: {} })],
    [
      'VGW-NAT-004',
      'StaticNatRuleMappingSizesDiffer',
      'Static of different sizes',
      () => rules(rule('x', '10.0.1.0/24', '192.168.1.0/25')),
    ],
    [
      'VGW-NAT-005',
      'DynamicNatRuleExternalMappingTooLarge',
      'Dynamic to a /25',
      () => rules(rule('x', '10.0.0.0/16', '192.168.1.0/25', { type: 'Dynamic' })),
    ],
    [
      'VGW-NAT-006',
      'DynamicNatRuleExternalMappingLargerThanInternal',
      'Dynamic to more',
      () => rules(rule('x', '10.0.0.0/28', '192.168.1.0/27', { type: 'Dynamic' })),
    ],
    ['VGW-NAT-007', 'InvalidPortRangeInNatRule', 'a range of ports', () => rules(ported('Static', '80-90', '80-90'))],
    ['VGW-NAT-007', 'InvalidPortRangeInNatRule', 'ports of a Dynamic rule', () => rules(ported('Dynamic', '80', '8080'))],
    [
      'VGW-NAT-008',
      'InvalidIpConfigurationIdInNatRule',
      'an unknown IP configuration',
      () => rules(rule('x', '10.0.1.0/24', '192.168.1.0/24', { ipConfigurationId: '/elsewhere' })),
    ],
    [
      'VGW-NAT-009',
      'NatRuleExternalMappingsOverlap',
      'overlapping external mappings',
      () => rules(one, rule('two', '10.0.2.0/24', '192.168.1.0/24')),
    ],
    [
      'VGW-NAT-010',
      'InUseNatRuleCannotBeDeleted',
      'the end of a used rule',
      () => {
        const ingress = rule('in', '10.0.1.0/24', '172.20.1.0/24', { mode: 'IngressSnat' });
        const world = siteToSite({ natRules: [ingress] });
        world.make(types.connection, 'hq', bodies.connection('hq', { ingressNatRules: [{ id: `${id.gateway('gw')}/natRules/in` }] }));
        return put({ natRules: [] }, world);
      },
    ],
    ['ARM-NAME-001', 'InvalidResourceName', 'a slash in the name', () => rules(rule('a/b', '10.0.1.0/24', '192.168.1.0/24'))],
  ]);
  accepts([
    [
      'a static, a dynamic and a port rule',
      () =>
        rules(one, rule('two', '10.2.0.0/16', '192.168.2.0/26', { type: 'Dynamic' }), {
          ...ported('Static', '80', '8080'),
          properties: {
            internalMappings: [{ addressSpace: '10.9.9.4/32', portRange: '80' }],
            externalMappings: [{ addressSpace: '192.168.9.4/32', portRange: '8080' }],
          },
        }),
    ],
    ['a gateway PUT without natRules keeps them', () => change({ natRules: [one] }, {})],
  ]);
});

describe('VPN clients', () => {
  const clients = (extra: Properties, world = ground()): PutResult => put({ vpnClientConfiguration: { ...pool, ...extra } }, world);
  const root = (index: number): object => ({ name: `root${index}`, properties: { publicCertData: 'MIIBszCCAVmgAwIBAgIUC' } });
  const revoked = (index: number, thumbprint = 'a'.repeat(40)): object => ({ name: `r${index}`, properties: { thumbprint } });
  const poolOf = (prefix: string): Properties => ({ vpnClientAddressPool: { addressPrefixes: [prefix] } });
  const many = (count: number, make: (index: number) => object): readonly object[] =>
    Array.from({ length: count }, (_, index) => make(index));
  refuses([
    ['VGW-P2S-001', 'VpnClientAddressPoolOverlapsVirtualNetwork', 'a pool in the network', () => clients(poolOf('10.1.7.0/24'))],
    ['VGW-P2S-002', 'VpnClientAddressPoolTooSmall', 'a /30', () => clients(poolOf('172.16.0.0/30'))],
    [
      'VGW-P2S-003',
      'VpnClientConfigurationNotSupportedForPolicyBasedGateway',
      'policy-based',
      () => put({ ...policyBased, vpnClientConfiguration: pool }, basicGround()),
    ],
    [
      'VGW-P2S-004',
      'VpnClientProtocolNotSupportedForBasicSku',
      'OpenVPN on Basic',
      () => put(sku('Basic', { vpnClientConfiguration: { ...pool, vpnClientProtocols: ['OpenVPN'] } }), basicGround()),
    ],
    [
      'VGW-P2S-005',
      'AadAuthenticationRequiresOpenVpn',
      'AAD without OpenVPN',
      () => clients({ vpnClientProtocols: ['IkeV2'], vpnAuthenticationTypes: ['AAD'] }),
    ],
    [
      'VGW-P2S-006',
      'AadAuthenticationParametersRequired',
      'AAD without tenant',
      () => clients({ vpnClientProtocols: ['OpenVPN'], vpnAuthenticationTypes: ['AAD'] }),
    ],
    ['VGW-P2S-007', 'TooManyVpnClientRootCertificates', '21 roots', () => clients({ vpnClientRootCertificates: many(21, root) })],
    [
      'VGW-P2S-008',
      'TooManyVpnClientRevokedCertificates',
      '301 revoked',
      () => clients({ vpnClientRevokedCertificates: many(301, (index) => revoked(index)) }),
    ],
    [
      'VGW-P2S-009',
      'VpnClientRootCertificateDataInvalid',
      'a root that is none',
      () => clients({ vpnClientRootCertificates: [{ name: 'r', properties: { publicCertData: 'not base64!' } }] }),
    ],
    [
      'VGW-P2S-010',
      'VpnClientRevokedCertificateThumbprintInvalid',
      'a short thumbprint',
      () => clients({ vpnClientRevokedCertificates: [revoked(0, 'abc')] }),
    ],
    [
      'VGW-P2S-011',
      'VpnClientConfigurationRadiusServerSecretIsInvalid',
      'a secret of 129 characters',
      () => clients({ radiusServers: [{ radiusServerAddress: '10.1.1.9', radiusServerSecret: 'x'.repeat(129) }] }),
    ],
  ]);
  accepts([
    [
      'certificates as PEM',
      () =>
        clients({
          vpnClientRootCertificates: [
            { name: 'r', properties: { publicCertData: '-----BEGIN CERTIFICATE-----\nMIIBszCC\nAVmg\n-----END CERTIFICATE-----\n' } },
          ],
        }),
    ],
    ['Basic with SSTP', () => put(sku('Basic', { vpnClientConfiguration: pool }), basicGround())],
  ]);
});

describe('sites', () => {
  const putSite = (body: object, world = newWorld()): PutResult => world.put(types.localNetworkGateway, 'hq', body);
  const properties = (extra: Properties): PutResult =>
    putSite({ location: 'westeurope', properties: { localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/16'] }, ...extra } });
  const bgp = (asn: number, bgpPeeringAddress: string | undefined, prefixes: readonly string[] = []): PutResult =>
    putSite(bodies.site('203.0.113.10', prefixes, { bgpSettings: { asn, bgpPeeringAddress } }));
  refuses([
    ['LNG-ADDR-001', 'LocalNetworkGatewayAddressOrFqdnRequired', 'neither address nor name', () => properties({})],
    [
      'LNG-ADDR-001',
      'LocalNetworkGatewayAddressOrFqdnRequired',
      'both',
      () => properties({ gatewayIpAddress: '203.0.113.10', fqdn: 'site.example.com' }),
    ],
    ['LNG-ADDR-002', 'InvalidGatewayIpAddress', 'no address', () => properties({ gatewayIpAddress: 'x.x.x.x' })],
    ['LNG-ADDR-002', 'InvalidGatewayIpAddress', 'a loopback address', () => properties({ gatewayIpAddress: '127.0.0.1' })],
    ['LNG-ADDR-003', 'InvalidFqdn', 'no name', () => properties({ fqdn: 'not a name' })],
    [
      'LNG-PREFIX-001',
      'TooManyAddressPrefixes',
      '1,001 prefixes',
      () =>
        putSite(
          bodies.site(
            '203.0.113.10',
            Array.from({ length: 1001 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`),
          ),
        ),
    ],
    ['LNG-PREFIX-002', 'LocalNetworkGatewayAddressSpaceRequired', 'no prefix, no BGP', () => putSite(bodies.site('203.0.113.10', []))],
    ['LNG-BGP-001', 'LocalNetworkGatewayAsnCannotBeZero', 'ASN 0', () => bgp(0, '10.51.255.254')],
    ['LNG-BGP-002', 'InvalidAsnForLocalNetworkGateway', 'ASN 65515', () => bgp(65515, '10.51.255.254')],
    ['LNG-BGP-003', 'InvalidBgpPeeringAddress', 'no peer address', () => bgp(65050, undefined)],
    ['LNG-BGP-004', 'BgpPeeringAddressSameAsGatewayIpAddress', 'the public address', () => bgp(65050, '203.0.113.10')],
    [
      'LNG-BGP-005',
      'BgpApipaAddressInAddressSpace',
      'a link-local peer in the prefixes',
      () => bgp(65050, '169.254.21.9', ['169.254.21.0/24']),
    ],
    ['LNG-USE-001', 'LocalNetworkGatewayCannotBeDeleted', 'a delete in use', () => siteToSite().remove(types.localNetworkGateway, 'hq')],
    [
      'VGW-CONN-011',
      'LocalNetworkGatewayOverlapsVirtualNetwork',
      'growth of a connected site into the network',
      () => putSite(bodies.site('203.0.113.10', ['192.168.0.0/16', '10.1.0.0/24']), siteToSite()),
    ],
    [
      'VGW-CONN-015',
      'LocalNetworkGatewayHasNoAddressSpace',
      'the last prefix of a connected site',
      () => putSite(bodies.site('203.0.113.10', [], { bgpSettings: { asn: 65050, bgpPeeringAddress: '10.9.0.1' } }), siteToSite()),
    ],
  ]);
  accepts([
    ['a name', () => properties({ fqdn: 'site.example.com' })],
    ['an empty address beside a name', () => properties({ fqdn: 'site.example.com', gatewayIpAddress: '' })],
    ['no prefix with BGP', () => bgp(65050, '10.51.255.254')],
    ['another address', () => putSite(bodies.site('203.0.113.11'), siteToSite())],
  ]);
});
