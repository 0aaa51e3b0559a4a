/** What a connection negotiates, from its PUT to its plan: proposals, lifetimes, roles, selectors. That devices agree on it is for test/lab and test/matrix. */
import { describe, expect, it } from 'vitest';
import { secretId, type TunnelPlan } from '@sallyport/model';
import { offlineInventory, plan, type PlanResult } from '@sallyport/planner';
import { customPolicy, bodies, id, newWorld, siteToSite, types, type World } from './world.ts';

type Properties = Record<string, unknown>;

const policy = { ...customPolicy, saDataSizeKilobytes: 2_048 };

function planOf(world: World): PlanResult {
  const resources = Object.values(types).flatMap((type) => world.lookup.list(type));
  const secretVersions = new Map([[secretId(world.get(types.connection, 'hq').id, 'sharedKey'), 1]]);
  return plan({ resources, secretVersions, previous: undefined, inventory: offlineInventory(resources) });
}

function tunnelOf(world: World): TunnelPlan {
  const [tunnel, ...others] = planOf(world).plan.hosts.flatMap(({ instances }) => instances.flatMap(({ tunnels }) => tunnels));
  if (tunnel === undefined || others.length > 0) throw new Error('not one tunnel');
  return tunnel;
}

const withConnection = (extra: Properties, world = siteToSite()): World => {
  world.make(types.connection, 'hq', bodies.connection('hq', extra));
  return world;
};
const tunnelWith = (extra: Properties): TunnelPlan => tunnelOf(withConnection(extra));

function policyBased(): World {
  const world = newWorld();
  world.make(types.virtualNetwork, 'hub', bodies.network());
  world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
  world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { vpnType: 'PolicyBased', sku: { name: 'Basic' } }));
  world.make(types.localNetworkGateway, 'hq', bodies.site());
  return withConnection({}, world);
}

const ikeText = ({ ike }: TunnelPlan): readonly string[] =>
  ike.offers.map(({ encryption, integrity, dhGroup }) => `${encryption} ${integrity} ${dhGroup}`);
const espText = (proposals: TunnelPlan['esp']['offers']): readonly string[] =>
  proposals.map(({ encryption, integrity, pfsGroup }) => `${encryption} ${integrity} ${pfsGroup}`);

describe('defaults', () => {
  it('VGW-IKE-001: six for main mode and IKE_SA_INIT, the same in both roles', () => {
    const tunnel = tunnelWith({});
    expect(ikeText(tunnel)).toEqual([
      'AES256 SHA1 DHGroup2',
      'AES256 SHA256 DHGroup2',
      'AES128 SHA1 DHGroup2',
      'AES128 SHA256 DHGroup2',
      'DES3 SHA1 DHGroup2',
      'DES3 SHA256 DHGroup2',
    ]);
    expect(tunnel.ike.accepts).toEqual(tunnel.ike.offers);
  });

  it('VGW-IKE-002: six for quick mode as initiator, twenty-six as responder, in the order of the article', () => {
    const { esp } = tunnelWith({});
    const offers = ['GCMAES256 GCMAES256', 'AES256 SHA1', 'DES3 SHA1', 'AES256 SHA256', 'AES128 SHA1', 'DES3 SHA256'];
    expect(espText(esp.offers)).toEqual(offers.map((pair) => `${pair} None`));
    const groups: readonly (readonly [pair: string, ...groups: readonly string[]])[] = [
      ['DES SHA1', 'None'],
      ['AES256 SHA1', 'PFS1', 'PFS2', 'PFS2048'],
      ['AES128 SHA1', 'PFS1', 'PFS2', 'PFS2048'],
      ['DES3 SHA1', 'PFS1', 'PFS2'],
      ['DES3 SHA256', 'PFS2'],
      ['AES256 SHA256', 'PFS1', 'PFS2', 'PFS2048'],
      ['AES256 SHA1', 'PFS24'],
      ['AES256 SHA256', 'PFS24'],
      ['AES128 SHA256', 'None', 'PFS1', 'PFS2', 'PFS2048'],
      ['DES3 SHA1', 'PFS2048'],
    ];
    const more = groups.flatMap(([pair, ...each]) => each.map((group) => `${pair} ${group}`));
    expect(espText(esp.accepts)).toEqual([...espText(esp.offers), ...more]);
  });

  it('VGW-IKE-003: policy-based, four for all', () => {
    const { ike, esp, ...rest } = tunnelOf(policyBased());
    const pairs = ['AES256 SHA256', 'AES256 SHA1', 'AES128 SHA1', 'DES3 SHA1'];
    expect(ikeText({ ike, esp, ...rest })).toEqual(pairs.map((pair) => `${pair} DHGroup2`));
    expect(espText(esp.offers)).toEqual(pairs.map((pair) => `${pair} None`));
    expect([ike.accepts, esp.accepts]).toEqual([ike.offers, esp.offers]);
  });

  it('VGW-IKE-004, VGW-IKE-005: lifetimes', () => {
    const lifetimes = ({ ike, esp }: TunnelPlan): readonly number[] => [ike.lifetimeSeconds, esp.lifetimeSeconds, esp.lifetimeKilobytes];
    expect(lifetimes(tunnelWith({}))).toEqual([28_800, 27_000, 102_400_000]);
    expect(lifetimes(tunnelOf(policyBased()))).toEqual([28_800, 3_600, 102_400_000]);
    expect(lifetimes(tunnelWith({ ipsecPolicies: [policy] }))).toEqual([28_800, 14_400, 2_048]);
  });

  it.each([
    ['Default', true, true],
    ['InitiatorOnly', true, false],
    ['ResponderOnly', false, true],
  ])('VGW-IKE-008: %s begins %s, answers %s', (connectionMode, initiates, responds) => {
    expect(tunnelWith({ connectionMode }).ike).toMatchObject({ initiates, responds });
  });

  it('VGW-IKE-009: no replay window without the check', () => {
    expect(tunnelOf(siteToSite()).esp.replayWindow).toBe(128);
    expect(tunnelOf(siteToSite({ disableIPSecReplayProtection: true })).esp.replayWindow).toBe(0);
  });
});

describe('custom policy', () => {
  it('VGW-IPSEC-005, VGW-IPSEC-006: it alone is sent and accepted, and the defaults are back without it', () => {
    const world = withConnection({ ipsecPolicies: [policy] });
    const { ike, esp } = tunnelOf(world);
    expect(ikeText(tunnelOf(world))).toEqual(['AES256 SHA384 DHGroup24']);
    expect(espText(esp.offers)).toEqual(['AES256 SHA256 None']);
    expect([ike.accepts, esp.accepts]).toEqual([ike.offers, esp.offers]);
    expect(tunnelOf(withConnection({ ipsecPolicies: [] }, world))).toEqual(tunnelOf(siteToSite()));
  });

  it.each([
    ['AES256', 'SHA1', 'SHA1'],
    ['GCMAES256', 'SHA256', 'SHA256'],
    ['GCMAES256', 'GCMAES256', 'SHA384'],
    ['GCMAES128', 'GCMAES128', 'SHA256'],
  ])('VGW-IPSEC-007: IKE encryption %s with integrity %s has the PRF %s', (ikeEncryption, ikeIntegrity, prf) => {
    const { ike } = tunnelWith({ ipsecPolicies: [{ ...policy, ikeEncryption, ikeIntegrity }] });
    expect(ike.offers).toEqual([{ encryption: ikeEncryption, integrity: prf, dhGroup: 'DHGroup24' }]);
  });

  it.each([
    ['DHGroup14', 'PFS2048'],
    ['DHGroup2048', 'PFS2048'],
    ['ECP384', 'ECP384'],
    ['DHGroup1', 'PFS1'],
  ])('VGW-IPSEC-008: PFSMM with %s is %s', (dhGroup, pfsGroup) => {
    const { esp } = tunnelWith({ ipsecPolicies: [{ ...policy, dhGroup, pfsGroup: 'PFSMM' }] });
    expect(esp.offers[0]?.pfsGroup).toBe(pfsGroup);
  });

  it('VGW-IPSEC-009: no group, no tunnel', () => {
    const { report } = planOf(withConnection({ ipsecPolicies: [{ ...policy, dhGroup: 'None' }] }));
    expect(report.find(({ resource }) => resource === id.connection('hq'))?.reason?.code).toBe('DhGroupNotSupported');
  });
});

describe('traffic selectors', () => {
  const pairsOf = ({ esp }: TunnelPlan): readonly string[] => esp.selectors.map(({ local, remote }) => `${remote.join()} ${local.join()}`);

  it('VGW-TS-001: any to any', () => {
    expect(pairsOf(tunnelWith({}))).toEqual(['0.0.0.0/0 0.0.0.0/0']);
  });

  it('VGW-TS-002: the four pairs of the article', () => {
    const world = newWorld();
    const addressPrefixes = ['172.16.0.0/16', '192.168.0.0/16'];
    const subnets = [{ name: 'GatewaySubnet', properties: { addressPrefix: '172.16.255.0/27' } }];
    world.make(types.virtualNetwork, 'hub', bodies.network('172.16', { addressSpace: { addressPrefixes }, subnets }));
    world.make(types.publicIpAddress, 'gw-ip', bodies.address());
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway());
    world.make(types.localNetworkGateway, 'hq', bodies.site('203.0.113.10', ['10.1.0.0/16', '10.2.0.0/16']));
    const tunnel = tunnelOf(withConnection({ usePolicyBasedTrafficSelectors: true, ipsecPolicies: [policy] }, world));
    expect(pairsOf(tunnel)).toEqual([
      '10.1.0.0/16 172.16.0.0/16',
      '10.1.0.0/16 192.168.0.0/16',
      '10.2.0.0/16 172.16.0.0/16',
      '10.2.0.0/16 192.168.0.0/16',
    ]);
  });

  const trafficSelectorPolicies = [
    { localAddressRanges: ['10.10.10.0/24', '20.20.20.0/24'], remoteAddressRanges: ['30.30.30.0/24', '40.40.40.0/24'] },
  ];

  it('VGW-TS-003: ranges of the user take the place of the pairs', () => {
    expect(pairsOf(tunnelWith({ usePolicyBasedTrafficSelectors: true, trafficSelectorPolicies }))).toEqual([
      '30.30.30.0/24 10.10.10.0/24',
      '30.30.30.0/24 20.20.20.0/24',
      '40.40.40.0/24 10.10.10.0/24',
      '40.40.40.0/24 20.20.20.0/24',
    ]);
  });

  it('VGW-TS-003: without policy-based selectors they have no effect, and the connection says so', () => {
    const world = withConnection({ trafficSelectorPolicies });
    expect(pairsOf(tunnelOf(world))).toEqual(['0.0.0.0/0 0.0.0.0/0']);
    const entry = planOf(world).report.find(({ resource }) => resource === id.connection('hq'));
    expect(entry?.notInEffect?.map(({ code }) => code)).toEqual(['TrafficSelectorsNotInEffect']);
  });
});
