/** Rules of connections: ends, neighbours, options, NAT, keys. */
import { describe } from 'vitest';
import { keyLengthIssues, sharedKeyIssues } from '@sallyport/model';
import { accepts, refuses } from './cases.ts';
import { customPolicy, addSecondGateway, bodies, id, newWorld, siteToSite, types, type PutResult, type World } from './world.ts';

type Properties = Record<string, unknown>;

const put = (extra: Properties, world = siteToSite(), site = 'hq', name = 'hq'): PutResult =>
  world.put(types.connection, name, bodies.connection(site, extra));
const addSite = (world: World, name: string, address: string, prefixes: readonly string[], extra: Properties = {}): World => {
  world.make(types.localNetworkGateway, name, bodies.site(address, prefixes, extra));
  return world;
};
const second = (prefixes = ['192.0.2.0/24'], address = '203.0.113.20', world = siteToSite()): World =>
  addSite(world, 'branch', address, prefixes);
const withGateway = (network = '10.2', extra: Properties = {}): World => {
  const world = siteToSite();
  addSecondGateway(world, network, extra);
  return world;
};
const toNetwork = (world: World, extra: Properties = {}, name = 'v2v'): PutResult =>
  world.put(types.connection, name, bodies.toNetwork('gw2', extra));

/** A gateway of sku Basic with the site `hq`, no connection yet. */
function basic(vpnType = 'RouteBased'): World {
  const world = newWorld();
  world.make(types.virtualNetwork, 'hub', bodies.network());
  world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
  world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { vpnType, sku: { name: 'Basic' } }));
  world.make(types.localNetworkGateway, 'hq', bodies.site());
  return world;
}

function expressRoute(): World {
  const world = siteToSite();
  world.make(
    types.virtualNetworkGateway,
    'er',
    bodies.gateway('hub', 'er-ip', {
      gatewayType: 'ExpressRoute',
      sku: { name: 'ErGw1AZ' },
      ipConfigurations: [{ name: 'default', properties: { subnet: { id: id.subnet('hub', 'GatewaySubnet') } } }],
    }),
  );
  return world;
}

describe('ends', () => {
  const er = { virtualNetworkGateway1: { id: id.gateway('er') } };
  refuses([
    ['VGW-CONN-001', 'ConnectionPeerRequired', 'IPsec without site', () => put({ localNetworkGateway2: undefined })],
    [
      'VGW-CONN-001',
      'ConnectionPeerRequired',
      'Vnet2Vnet without gateway',
      () => toNetwork(withGateway(), { virtualNetworkGateway2: undefined }),
    ],
    [
      'VGW-CONN-001',
      'ConnectionPeerRequired',
      'ExpressRoute without circuit',
      () => put({ ...er, connectionType: 'ExpressRoute', sharedKey: undefined }, expressRoute(), 'hq', 'er'),
    ],
    ['VGW-CONN-002', 'ConnectionTypeDoesNotMatchGatewayType', 'IPsec on ExpressRoute', () => put(er, expressRoute(), 'hq', 'x')],
    ['VGW-CONN-003', 'InvalidConnectionType', 'VPNClient', () => put({ connectionType: 'VPNClient' }, siteToSite(), 'hq', 'x')],
    ['VGW-CONN-004', 'ConnectionTypeCannotBeChanged', 'IPsec to Vnet2Vnet', () => toNetwork(withGateway(), {}, 'hq')],
    ['VGW-CONN-005', 'ConnectionProtocolCannotBeChanged', 'IKEv2 to IKEv1', () => put({ connectionProtocol: 'IKEv1' })],
    [
      'VGW-CONN-006',
      'ConnectionGatewayCannotBeChanged',
      'another gateway',
      () => put({ virtualNetworkGateway1: { id: id.gateway('gw2') } }, withGateway()),
    ],
    [
      'VGW-CONN-007',
      'ConnectionProtocolNotSupportedForGateway',
      'IKEv1 on route-based Basic',
      () => put({ connectionProtocol: 'IKEv1' }, basic()),
    ],
    [
      'VGW-CONN-007',
      'ConnectionProtocolNotSupportedForGateway',
      'IKEv2 on policy-based',
      () => put({ connectionProtocol: 'IKEv2' }, basic('PolicyBased')),
    ],
    [
      'VGW-CONN-008',
      'VnetToVnetConnectionRequiresRouteBasedGateway',
      'a policy-based gateway',
      () => {
        const world = siteToSite();
        world.make(types.virtualNetwork, 'spoke', bodies.network('10.2'));
        world.make(types.publicIpAddress, 'gw2-ip', bodies.address({}, { sku: { name: 'Basic' } }));
        world.make(
          types.virtualNetworkGateway,
          'gw2',
          bodies.gateway('spoke', 'gw2-ip', { vpnType: 'PolicyBased', sku: { name: 'Basic' } }),
        );
        return toNetwork(world);
      },
    ],
    ['VGW-CONN-009', 'ConnectionToItselfNotAllowed', 'itself', () => siteToSite().put(types.connection, 'x', bodies.toNetwork('gw'))],
  ]);
  accepts([
    ['Vnet2Vnet', () => toNetwork(withGateway())],
    ['IKEv1 on VpnGw2', () => put({ connectionProtocol: 'IKEv1' }, second(), 'branch', 'branch')],
    ['a policy-based gateway with its own protocol', () => put({}, basic('PolicyBased'))],
    ['the protocol repeated', () => put({ connectionProtocol: 'ikev2' })],
    ['another site', () => put({}, second(), 'branch')],
  ]);
});

describe('neighbours', () => {
  const speaker = { bgpSettings: { asn: 65050, bgpPeeringAddress: '10.51.255.254' } };
  const bgp = { enableBgp: true };
  const natted = (rule: Properties): World => siteToSite({ natRules: [{ name: 'in', properties: { mode: 'IngressSnat', ...rule } }] });
  const mapping = (internal: string, external: string): Properties => ({
    internalMappings: [{ addressSpace: internal }],
    externalMappings: [{ addressSpace: external }],
  });
  const useRule = { ingressNatRules: [{ id: `${id.gateway('gw')}/natRules/in` }] };
  refuses([
    ['VGW-CONN-010', 'VnetToVnetConnectionOverlappingAddressSpaces', 'overlapping networks', () => toNetwork(withGateway('10.1'))],
    [
      'VGW-CONN-011',
      'LocalNetworkGatewayOverlapsVirtualNetwork',
      'a site in the network',
      () => put({}, second(['10.1.7.0/24']), 'branch', 'branch'),
    ],
    [
      'VGW-CONN-012',
      'ConnectionOverlappingAddressSpaces',
      'overlapping sites',
      () => put({}, second(['192.168.3.0/24']), 'branch', 'branch'),
    ],
    ['VGW-CONN-013', 'MultipleConnectionsToSameSiteRequireBgp', 'a site twice', () => put({}, siteToSite(), 'hq', 'again')],
    [
      'VGW-CONN-014',
      'ConnectionsToSameGatewayIpAddress',
      'a device twice',
      () => put({}, second(['192.0.2.0/24'], '203.0.113.10'), 'branch', 'branch'),
    ],
    [
      'VGW-CONN-015',
      'LocalNetworkGatewayHasNoAddressSpace',
      'no prefixes, no BGP',
      () => put({}, addSite(siteToSite(), 'branch', '203.0.113.20', [], speaker), 'branch', 'branch'),
    ],
    [
      'VGW-CONN-016',
      'VirtualNetworkGatewayConnectionLimitReached',
      'two of a policy-based gateway',
      () => {
        const world = addSite(basic('PolicyBased'), 'branch', '203.0.113.20', ['192.0.2.0/24']);
        put({}, world);
        return put({}, world, 'branch', 'branch');
      },
    ],
    [
      'VGW-CONN-016',
      'VirtualNetworkGatewayConnectionLimitReached',
      'the eleventh of Basic',
      () => {
        const world = basic();
        for (let index = 0; index < 10; index += 1)
          put({}, addSite(world, `s${index}`, `203.0.113.${index + 30}`, [`172.20.${index}.0/24`]), `s${index}`, `s${index}`);
        return put({}, world);
      },
    ],
    [
      'VGW-CONN-017',
      'BgpNotEnabledOnVirtualNetworkGateway',
      'BGP on a gateway without',
      () => put(bgp, addSite(siteToSite(), 'branch', '203.0.113.20', [], speaker), 'branch', 'branch'),
    ],
    ['VGW-CONN-018', 'LocalNetworkGatewayBgpSettingsRequired', 'BGP to a site without', () => put(bgp, siteToSite({ enableBgp: true }))],
    [
      'VGW-CONN-019',
      'ConnectionAsnsMustDiffer',
      'one ASN on both sides',
      () =>
        put(
          bgp,
          addSite(siteToSite({ enableBgp: true, bgpSettings: { asn: 65050 } }), 'branch', '203.0.113.20', [], speaker),
          'branch',
          'branch',
        ),
    ],
    [
      'VGW-CONN-020',
      'BgpPeeringAddressInVirtualNetwork',
      'a peer in the network',
      () =>
        put(
          bgp,
          addSite(siteToSite({ enableBgp: true }), 'branch', '203.0.113.20', [], {
            bgpSettings: { asn: 65050, bgpPeeringAddress: '10.1.9.9' },
          }),
          'branch',
          'branch',
        ),
    ],
    [
      'VGW-CONN-030',
      'RedundantVnetToVnetConnectionRequiresActiveActive',
      'two networks twice',
      () => {
        const world = withGateway();
        toNetwork(world);
        return toNetwork(world, {}, 'again');
      },
    ],
    [
      'VGW-CONN-033',
      'CustomBgpIpAddressRequired',
      'a link-local peer without our own',
      () =>
        put(
          bgp,
          addSite(siteToSite({ enableBgp: true }), 'branch', '203.0.113.20', [], {
            bgpSettings: { asn: 65050, bgpPeeringAddress: '169.254.21.9' },
          }),
          'branch',
          'branch',
        ),
    ],
  ]);
  accepts([
    ['a second site', () => put({}, second(), 'branch', 'branch')],
    [
      'the site of 10.1 behind NAT',
      () =>
        put(
          useRule,
          addSite(natted(mapping('10.1.0.0/24', '172.31.0.0/24')), 'branch', '203.0.113.20', ['10.1.0.0/24']),
          'branch',
          'branch',
        ),
    ],
    [
      'BGP to a site that speaks',
      () => put(bgp, addSite(siteToSite({ enableBgp: true }), 'branch', '203.0.113.20', [], speaker), 'branch', 'branch'),
    ],
    [
      'a site twice with BGP on both',
      () => {
        const world = addSite(siteToSite({ enableBgp: true }), 'branch', '203.0.113.20', ['192.0.2.0/24'], speaker);
        put(bgp, world, 'branch', 'branch');
        return put(bgp, world, 'branch', 'again');
      },
    ],
  ]);
});

describe('options', () => {
  const policies = (...changes: readonly Properties[]): Properties => ({
    ipsecPolicies: changes.map((change) => ({ ...customPolicy, ...change })),
  });
  const selectors = (count: number): Properties => ({
    trafficSelectorPolicies: Array.from({ length: count }, (_, index) => ({
      localAddressRanges: [`10.1.${index}.0/24`],
      remoteAddressRanges: ['192.168.0.0/16'],
    })),
  });
  const circuit = {
    virtualNetworkGateway1: { id: id.gateway('er') },
    connectionType: 'ExpressRoute',
    localNetworkGateway2: undefined,
    sharedKey: undefined,
  };
  const apipa = (): World => {
    const own = `${id.gateway('gw')}/ipConfigurations/default`;
    return siteToSite({
      enableBgp: true,
      bgpSettings: { bgpPeeringAddresses: [{ ipconfigurationId: own, customBgpIpAddresses: ['169.254.21.2'] }] },
    });
  };
  const chosen = (ipConfiguration: string, address: string): Properties => ({
    gatewayCustomBgpIpAddresses: [
      { ipConfigurationId: `${id.gateway('gw')}/ipConfigurations/${ipConfiguration}`, customBgpIpAddress: address },
    ],
  });
  refuses([
    ['ARM-JSON-001', 'InvalidRequestFormat', 'a partial policy', () => put({ ipsecPolicies: [{ ...customPolicy, pfsGroup: undefined }] })],
    ['VGW-IPSEC-001', 'OnlyOneIpsecPolicyAllowed', 'two policies', () => put(policies({}, {}))],
    ['VGW-IPSEC-002', 'InvalidIpsecPolicyGcmPair', 'GCM with SHA', () => put(policies({ ipsecEncryption: 'GCMAES256' }))],
    [
      'VGW-IPSEC-002',
      'InvalidIpsecPolicyGcmPair',
      'GCM of two lengths',
      () => put(policies({ ipsecEncryption: 'GCMAES256', ipsecIntegrity: 'GCMAES128' })),
    ],
    ['VGW-IPSEC-003', 'InvalidIpsecPolicySaLifeTime', '299 seconds', () => put(policies({ saLifeTimeSeconds: 299 }))],
    ['VGW-IPSEC-004', 'InvalidIpsecPolicySaDataSize', '1,023 KB', () => put(policies({ saDataSizeKilobytes: 1_023 }))],
    ['VGW-CONN-021', 'IpsecPolicyNotSupportedForBasicSku', 'a policy on Basic', () => put(policies({}), basic())],
    ['VGW-CONN-021', 'IpsecPolicyNotSupportedForBasicSku', 'a policy on policy-based', () => put(policies({}), basic('PolicyBased'))],
    [
      'VGW-CONN-022',
      'IpsecPolicyNotSupportedForConnectionType',
      'a policy on ExpressRoute',
      () => put({ ...circuit, ...policies({}) }, expressRoute(), 'hq', 'er'),
    ],
    ['VGW-CONN-023', 'InvalidDpdTimeout', '8 seconds', () => put({ dpdTimeoutSeconds: 8 })],
    ['VGW-CONN-023', 'InvalidDpdTimeout', '3,601 seconds', () => put({ dpdTimeoutSeconds: 3_601 })],
    ['VGW-CONN-024', 'TooManyTrafficSelectorPolicies', '101 selectors', () => put(selectors(101))],
    [
      'VGW-CONN-025',
      'TrafficSelectorPolicyIncomplete',
      'no remote ranges',
      () => put({ trafficSelectorPolicies: [{ localAddressRanges: ['10.1.0.0/24'], remoteAddressRanges: [] }] }),
    ],
    [
      'VGW-CONN-026',
      'PolicyBasedTrafficSelectorsNotSupportedForGateway',
      'selectors on Basic',
      () => put({ usePolicyBasedTrafficSelectors: true }, basic()),
    ],
    [
      'VGW-CONN-026',
      'PolicyBasedTrafficSelectorsNotSupportedForGateway',
      'selectors on policy-based, which has its own',
      () => put({ usePolicyBasedTrafficSelectors: true }, basic('PolicyBased')),
    ],
    [
      'VGW-CONN-027',
      'UseLocalAzureIpAddressRequiresPrivateIp',
      'a private address that is not enabled',
      () => put({ useLocalAzureIpAddress: true }),
    ],
    [
      'VGW-CONN-028',
      'InvalidIpConfigurationIdInConnection',
      'an unknown IP configuration',
      () => put(chosen('other', '169.254.21.2'), apipa()),
    ],
    [
      'VGW-CONN-029',
      'InvalidCustomBgpIpAddressInConnection',
      'an address the gateway has not',
      () => put(chosen('default', '169.254.21.3'), apipa()),
    ],
    ['VGW-CONN-031', 'InvalidRoutingWeight', 'a negative weight', () => put({ routingWeight: -1 })],
    ['VGW-CONN-032', 'PrivateLinkFastPathRequiresGatewayBypass', 'FastPath without bypass', () => put({ enablePrivateLinkFastPath: true })],
  ]);
  accepts([
    ['a policy', () => put(policies({}))],
    ['a GCM policy', () => put(policies({ ipsecEncryption: 'GCMAES256', ipsecIntegrity: 'GCMAES256' }))],
    ['DPD of 9 and 3,600 seconds', () => put({ dpdTimeoutSeconds: 9 })],
    ['100 selectors', () => put(selectors(100))],
    ['VGW-CONN-034: policy-based selectors before the policy', () => put({ usePolicyBasedTrafficSelectors: true })],
    ['an address the gateway has', () => put(chosen('default', '169.254.21.2'), apipa())],
    ['the weight az sends', () => put({ routingWeight: 10 })],
  ]);
});

describe('NAT of a connection', () => {
  const rule = (name: string, internal: string, external: string, extra: Properties): object => ({
    name,
    properties: { internalMappings: [{ addressSpace: internal }], externalMappings: [{ addressSpace: external }], ...extra },
  });
  const rules = {
    natRules: [
      rule('in', '192.168.0.0/16', '172.20.0.0/16', { mode: 'IngressSnat' }),
      rule('dynamic', '192.168.0.0/16', '172.21.0.0/26', { mode: 'IngressSnat', type: 'Dynamic' }),
      rule('out', '10.1.0.0/16', '172.22.0.0/16', { mode: 'EgressSnat' }),
    ],
  };
  const ingress = (name: string): Properties => ({ ingressNatRules: [{ id: `${id.gateway('gw')}/natRules/${name}` }] });
  const world = (extra: Properties = {}): World => siteToSite({ ...rules, ...extra });
  const twoSites = (name: string): PutResult => {
    const both = addSite(world(), 'branch', '203.0.113.20', ['192.0.2.0/24']);
    put(ingress(name), both);
    return put(ingress(name), both, 'branch', 'branch');
  };
  refuses([
    [
      'VGW-NAT-011',
      'NatRulesNotSupportedForConnectionType',
      'Vnet2Vnet',
      () => {
        const both = world();
        addSecondGateway(both);
        return toNetwork(both, ingress('in'));
      },
    ],
    [
      'VGW-NAT-012',
      'NatRulesNotSupportedWithPolicyBasedTrafficSelectors',
      'policy-based selectors',
      () => put({ ...ingress('in'), usePolicyBasedTrafficSelectors: true }, world()),
    ],
    [
      'VGW-NAT-013',
      'NatRulesNotSupportedWithBgpApipa',
      'a link-local peer',
      () =>
        put(
          { ...ingress('in'), enableBgp: true },
          addSite(world({ enableBgp: true }), 'branch', '203.0.113.20', [], {
            bgpSettings: { asn: 65050, bgpPeeringAddress: '169.254.21.9' },
          }),
          'branch',
          'branch',
        ),
    ],
    ['VGW-NAT-014', 'NatRuleModeMismatch', 'an egress rule as ingress', () => put(ingress('out'), world())],
    ['VGW-NAT-015', 'DynamicNatRuleInUse', 'a dynamic rule twice', () => twoSites('dynamic')],
    ['VGW-NAT-016', 'IngressNatRuleUsedForAnotherSite', 'an ingress rule for two sites', () => twoSites('in')],
    ['ARM-REF-001', 'InvalidResourceReference', 'a rule that is not there', () => put(ingress('none'), world())],
  ]);
  accepts([
    ['ingress and egress rules', () => put({ ...ingress('in'), egressNatRules: [{ id: `${id.gateway('gw')}/natRules/out` }] }, world())],
  ]);
});

describe('keys', () => {
  const key = (sharedKey: string): PutResult => put({ sharedKey });
  refuses([
    ['VGW-KEY-001', 'InvalidSharedKey', 'a space', () => key('two words')],
    ['VGW-KEY-001', 'InvalidSharedKey', 'a hyphen', () => key('a-b')],
    ['VGW-KEY-001', 'InvalidSharedKey', 'a tilde', () => key('a~b')],
    ['VGW-KEY-001', 'InvalidSharedKey', 'a letter beyond ASCII', () => key('schlüssel')],
    ['VGW-KEY-001', 'InvalidSharedKey', '129 characters', () => key('x'.repeat(129))],
    ['VGW-KEY-001', 'InvalidSharedKey', 'nothing at all', () => sharedKeyIssues('', 'value')],
    ['VGW-KEY-002', 'InvalidSharedKeyLength', 'a length of 129', () => keyLengthIssues(129, 'keyLength')],
    ['VGW-KEY-003', 'CannotSetSharedKeyForExpressRouteConnectionType', 'ExpressRoute', () => put({ connectionType: 'ExpressRoute' })],
  ]);
  accepts([
    ['all other printable characters', () => key('!"#$%&\'()*+,./0123456789:;<=>?@AZ[\\]^_`az{|}')],
    ['128 characters', () => key('x'.repeat(128))],
    ['no key', () => put({ sharedKey: undefined })],
  ]);
});
