/** What is planned, what is not and why; ids that stay; the plan's number. */
import { secretId, type Resource } from '@sallyport/model';
import { describe, expect, test } from 'vitest';
import type { PlanResult } from './input.ts';
import { plan } from './plan.ts';
import {
  connection,
  gateway,
  hq,
  idOf,
  inputOf,
  networkInterface,
  resource,
  site,
  siteWithConnection,
  virtualNetwork,
} from './testing/fixture.ts';

const reasonsOf = ({ report }: PlanResult): readonly string[] =>
  report
    .flatMap(({ reason, notInEffect }) => [...(reason === undefined ? [] : [reason]), ...(notInEffect ?? [])])
    .map(({ message }) => message);
const tunnelsOf = ({ plan: { hosts } }: PlanResult) => hosts.flatMap(({ instances }) => instances.flatMap(({ tunnels }) => tunnels));
const onlyTunnel = (resources: readonly Resource[]) => {
  const [tunnel, ...others] = tunnelsOf(plan(inputOf(resources)));
  expect(others).toEqual([]);
  if (tunnel === undefined) throw new Error('no tunnel planned');
  return tunnel;
};
const withHq = (more: readonly Resource[]): PlanResult => plan(inputOf([...hq(), ...more]));

describe('what is planned', () => {
  test('public networks are planned on every host even when there is nothing else', () => {
    const { hosts } = plan(inputOf([])).plan;
    expect(hosts.map(({ publicNetworks }) => publicNetworks.map(({ prefix }) => prefix))).toEqual([['198.51.100.0/24', '203.0.113.0/24']]);
  });

  test('a site is routed to the gateway, private prefixes are dropped, everything else goes to the Internet', () => {
    const { plan: planned, issues } = withHq(siteWithConnection(1));
    expect(issues).toEqual([]);
    expect(planned.hosts[0]?.vnets[0]?.routes).toEqual([
      { prefix: '0.0.0.0/0', source: 'Default', nextHopType: 'Internet', nextHops: [] },
      { prefix: '10.0.0.0/8', source: 'Default', nextHopType: 'None', nextHops: [] },
      { prefix: '10.1.0.0/16', source: 'Default', nextHopType: 'VnetLocal', nextHops: [] },
      { prefix: '100.64.0.0/10', source: 'Default', nextHopType: 'None', nextHops: [] },
      { prefix: '172.16.0.0/12', source: 'Default', nextHopType: 'None', nextHops: [] },
      { prefix: '192.168.0.0/16', source: 'Default', nextHopType: 'None', nextHops: [] },
      { prefix: '192.168.1.0/24', source: 'VirtualNetworkGateway', nextHopType: 'VirtualNetworkGateway', nextHops: ['10.1.255.4'] },
    ]);
  });

  test('VGW-PEER-010: a tunnel from the private address starts at the VNet leg, under that name, and wants a peer with an address', () => {
    const own = hq({ enablePrivateIpAddress: true });
    const { ike } = onlyTunnel([...own, ...siteWithConnection(1, { useLocalAzureIpAddress: true })]);
    expect([ike.localAddress, ike.localId]).toEqual(['10.1.255.4', '10.1.255.4']);
    const [, link] = siteWithConnection(1, { useLocalAzureIpAddress: true });
    const named = site('site1', ['192.168.1.0/24'], { fqdn: 'site1.example.net' });
    expect(reasonsOf(plan(inputOf([...own, named, ...(link === undefined ? [] : [link])]))).join()).toContain('needs its gatewayIpAddress');
  });

  test('a subnet that is the whole VNet is not routed beside its bridge', () => {
    const { plan: planned, issues } = plan(inputOf([virtualNetwork('v', ['10.5.0.0/24'], { all: '10.5.0.0/24' })]));
    expect(issues).toEqual([]);
    expect(planned.hosts[0]?.vnets[0]?.routes.map(({ prefix }) => prefix)).not.toContain('10.5.0.0/24');
  });

  test('a site with 0.0.0.0/0 takes the place of the Internet', () => {
    const more = [site('dc', ['0.0.0.0/0'], { gatewayIpAddress: '203.0.113.9' }), connection('hq-dc', 'hq', 'dc')];
    expect(withHq(more).plan.hosts[0]?.vnets[0]?.routes[0]).toEqual({
      prefix: '0.0.0.0/0',
      source: 'VirtualNetworkGateway',
      nextHopType: 'VirtualNetworkGateway',
      nextHops: ['10.1.255.4'],
    });
  });

  test('a resource in state Failed is planned, one in state Deleting is not', () => {
    const [lng, conn] = siteWithConnection(1) as [Resource, Resource];
    expect(tunnelsOf(withHq([lng, { ...conn, provisioningState: 'Failed' }]))).toHaveLength(1);
    const deleting = withHq([lng, { ...conn, provisioningState: 'Deleting' }]);
    expect(tunnelsOf(deleting)).toEqual([]);
    expect(reasonsOf(deleting)).toContain('connection hq-site1 not planned: it is being deleted');
  });

  test('ids that differ in case only are the same resource', () => {
    const upper = siteWithConnection(1).map(
      (one) => ({ ...one, properties: JSON.parse(JSON.stringify(one.properties).replaceAll('contoso', 'CONTOSO')) }) as Resource,
    );
    expect(tunnelsOf(withHq(upper))).toHaveLength(1);
  });
});

describe('tunnels', () => {
  test('defaults are those of Azure', () => {
    const { ike, esp, mtu, mssClamp } = onlyTunnel([...hq(), ...siteWithConnection(1)]);
    expect(ike.offers).toHaveLength(6);
    expect(ike.accepts).toEqual(ike.offers);
    expect(ike.offers[0]).toEqual({ encryption: 'AES256', integrity: 'SHA1', dhGroup: 'DHGroup2' });
    expect(esp.offers).toHaveLength(6);
    expect(esp.accepts).toHaveLength(26);
    expect(esp.accepts.slice(0, 6)).toEqual(esp.offers);
    expect([ike.lifetimeSeconds, ike.dpdTimeoutSeconds, esp.lifetimeSeconds, esp.lifetimeKilobytes]).toEqual([
      28_800, 45, 27_000, 102_400_000,
    ]);
    expect([esp.replayWindow, mtu, mssClamp]).toEqual([128, 1400, 1350]);
    expect(esp.selectors).toEqual([{ local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }]);
    expect([esp.acceptsOtherSelectors, esp.idleTimeoutSeconds]).toEqual([true, 0]);
    expect(ike.sharedKey).toEqual({ id: secretId(idOf('connections', 'hq-site1'), 'sharedKey'), version: 1 });
  });

  const policy = {
    saLifeTimeSeconds: 3_600,
    saDataSizeKilobytes: 2_048,
    ipsecEncryption: 'GCMAES256',
    ipsecIntegrity: 'GCMAES256',
    ikeEncryption: 'GCMAES256',
    ikeIntegrity: 'SHA384',
    dhGroup: 'ECP384',
    pfsGroup: 'PFSMM',
  };

  test('a custom policy is the only thing offered and accepted, and the IKE lifetime stays', () => {
    const { ike, esp } = onlyTunnel([...hq(), ...siteWithConnection(1, { ipsecPolicies: [policy] })]);
    const ikeProposals = [{ encryption: 'GCMAES256', integrity: 'SHA384', dhGroup: 'ECP384' }];
    expect([ike.offers, ike.accepts, ike.lifetimeSeconds]).toEqual([ikeProposals, ikeProposals, 28_800]);
    const espProposals = [{ encryption: 'GCMAES256', integrity: 'GCMAES256', pfsGroup: 'ECP384' }];
    expect([esp.offers, esp.accepts, esp.lifetimeSeconds, esp.lifetimeKilobytes]).toEqual([espProposals, espProposals, 3_600, 2_048]);
  });

  test.each([
    ['GCMAES256', 'SHA384'],
    ['GCMAES128', 'SHA256'],
    ['SHA1', 'SHA1'],
  ])('IKE integrity %s is planned as PRF %s', (ikeIntegrity, prf) => {
    const { ike } = onlyTunnel([...hq(), ...siteWithConnection(1, { ipsecPolicies: [{ ...policy, ikeIntegrity }] })]);
    expect(ike.offers[0]?.integrity).toBe(prf);
  });

  test.each([
    ['Default', true, true],
    ['InitiatorOnly', true, false],
    ['ResponderOnly', false, true],
  ])('connection mode %s: initiates %s, responds %s', (connectionMode, initiates, responds) => {
    expect(onlyTunnel([...hq(), ...siteWithConnection(1, { connectionMode })]).ike).toMatchObject({ initiates, responds });
  });

  test('policy-based selectors pair every prefix of the site with every prefix of the VNet, in the order of the article', () => {
    const tunnel = onlyTunnel([
      virtualNetwork('hq', ['172.16.0.0/16', '192.168.0.0/16'], { GatewaySubnet: '172.16.255.0/27' }),
      gateway('hq', 'hq', { address: '198.51.100.4', privateAddress: '172.16.255.4' }),
      site('site1', ['10.1.0.0/16', '10.2.0.0/16'], { gatewayIpAddress: '203.0.113.11' }),
      connection('c', 'hq', 'site1', { usePolicyBasedTrafficSelectors: true, ipsecPolicies: [policy] }),
    ]);
    expect(tunnel.esp.selectors.map(({ local, remote }) => `${remote.join()} ${local.join()}`)).toEqual([
      '10.1.0.0/16 172.16.0.0/16',
      '10.1.0.0/16 192.168.0.0/16',
      '10.2.0.0/16 172.16.0.0/16',
      '10.2.0.0/16 192.168.0.0/16',
    ]);
  });

  test('traffic selector policies replace the computed pairs, and only together with policy-based selectors', () => {
    const trafficSelectorPolicies = [
      { localAddressRanges: ['10.10.10.0/24', '20.20.20.0/24'], remoteAddressRanges: ['30.30.30.0/24', '40.40.40.0/24'] },
    ];
    const chosen = onlyTunnel([...hq(), ...siteWithConnection(1, { trafficSelectorPolicies, usePolicyBasedTrafficSelectors: true })]);
    expect(chosen.esp.selectors).toHaveLength(4);
    expect(onlyTunnel([...hq(), ...siteWithConnection(1, { trafficSelectorPolicies })]).esp.selectors).toHaveLength(1);
  });

  test('a peer given by name may show any identity', () => {
    const { ike } = onlyTunnel([...hq(), site('s', ['192.168.0.0/24'], { fqdn: 'site.example.net' }), connection('c', 'hq', 's')]);
    expect([ike.remoteAddress, ike.remoteId, ike.localId]).toEqual(['site.example.net', '%any', '198.51.100.4']);
  });

  test('of a policy-based gateway: one list for all, selectors of the prefixes and no others, up on traffic, no DPD', () => {
    const [vnet, nic, gw] = hq({ vpnType: 'PolicyBased' }) as [Resource, Resource, Resource];
    const lng = site('s', ['192.168.2.0/24', '192.168.1.0/24'], { gatewayIpAddress: '203.0.113.11' });
    const result = plan(
      inputOf([vnet, nic, gw, lng, connection('c', 'hq', 's', { dpdTimeoutSeconds: 30 }, { connectionProtocol: 'IKEv1' })]),
    );
    const [tunnel] = tunnelsOf(result);
    const pairs = ['AES256/SHA256', 'AES256/SHA1', 'AES128/SHA1', 'DES3/SHA1'];
    expect(tunnel?.ike.offers.map(({ encryption, integrity, dhGroup }) => `${encryption}/${integrity} ${dhGroup}`)).toEqual(
      pairs.map((pair) => `${pair} DHGroup2`),
    );
    expect(tunnel?.esp.offers.map(({ encryption, integrity, pfsGroup }) => `${encryption}/${integrity} ${pfsGroup}`)).toEqual(
      pairs.map((pair) => `${pair} None`),
    );
    expect([tunnel?.ike.accepts, tunnel?.esp.accepts]).toEqual([tunnel?.ike.offers, tunnel?.esp.offers]);
    expect(tunnel?.ike).toMatchObject({ version: 1, lifetimeSeconds: 28_800, dpdTimeoutSeconds: 0 });
    expect(tunnel?.esp).toMatchObject({
      lifetimeSeconds: 3_600,
      lifetimeKilobytes: 102_400_000,
      idleTimeoutSeconds: 300,
      acceptsOtherSelectors: false,
      selectors: [
        { local: ['10.1.0.0/16'], remote: ['192.168.1.0/24'] },
        { local: ['10.1.0.0/16'], remote: ['192.168.2.0/24'] },
      ],
    });
    expect(reasonsOf(result)).toEqual([
      'connection c: a policy-based gateway does not look for dead peers, so dpdTimeoutSeconds has no effect',
    ]);
    expect(result.issues).toEqual([]);
  });

  test('DPD timeout, IKEv1, replay protection and reset epochs are taken over', () => {
    const resources = [
      virtualNetwork('hq', ['10.1.0.0/16'], { GatewaySubnet: '10.1.255.0/27' }),
      gateway('hq', 'hq', {
        address: '198.51.100.4',
        privateAddress: '10.1.255.4',
        more: { disableIPSecReplayProtection: true },
        resetEpoch: 2,
      }),
      site('s', ['192.168.0.0/24'], { gatewayIpAddress: '203.0.113.11' }),
      connection('c', 'hq', 's', { dpdTimeoutSeconds: 30 }, { connectionProtocol: 'IKEv1', resetEpoch: 3 }),
    ];
    const tunnel = onlyTunnel(resources);
    expect([tunnel.ike.dpdTimeoutSeconds, tunnel.ike.version, tunnel.esp.replayWindow, tunnel.resetEpoch]).toEqual([30, 1, 0, 5]);
  });
});

describe('what is not planned, and why', () => {
  const conn = (more: Record<string, unknown>) => siteWithConnection(1, more as never);

  test.each([
    [[site('site1', ['192.168.0.0/24'], {}), connection('hq-site1', 'hq', 'site1')], 'local network gateway site1 has no address'],
    [[connection('hq-site1', 'hq', 'site1')], 'local network gateway site1 does not exist'],
    [
      siteWithConnection(1).map((one) => ({
        ...one,
        properties: { ...one.properties, virtualNetworkGateway1: { id: idOf('virtualNetworkGateways', 'x') } },
      })),
      'its gateway x is not planned',
    ],
    [
      [site('site1', [], { gatewayIpAddress: '203.0.113.11' }), connection('hq-site1', 'hq', 'site1')],
      'local network gateway site1 has no IPv4 address prefix, so nothing would be routed to it',
    ],
    [
      [site('site1', ['10.1.7.0/24'], { gatewayIpAddress: '203.0.113.11' }), connection('hq-site1', 'hq', 'site1')],
      "local network gateway site1 has prefix 10.1.7.0/24, which is the virtual network's own",
    ],
    [
      [site('site1', ['192.168.0.0/24'], { gatewayIpAddress: '198.51.100.4' }), connection('hq-site1', 'hq', 'site1')],
      "local network gateway site1 has the gateway's own address 198.51.100.4",
    ],
    [conn({ connectionType: 'Vnet2Vnet' }), 'connections of type Vnet2Vnet are not supported yet'],
    [
      conn({ authenticationType: 'Certificate', certificateAuthentication: { outboundAuthCertificate: 'https://v/certificates/Gate' } }),
      'its outbound certificate gate was not imported (sallyport certificate import)',
    ],
    [conn({ useLocalAzureIpAddress: true }), 'it uses the private address of its gateway, whose enablePrivateIpAddress is off'],
    [
      conn({ ingressNatRules: [{ id: 'x' }] }),
      'its NAT rules are not supported yet, and without them its packets would carry the wrong addresses',
    ],
    [conn({ ipsecPolicies: [{ dhGroup: 'None' }] }), 'its policy has no IKE Diffie-Hellman group, and IKE can do nothing without one'],
  ] as const)('connection %#: %s', (more, because) => {
    const result = withHq(more as readonly Resource[]);
    expect(tunnelsOf(result)).toEqual([]);
    expect(reasonsOf(result)).toContain(`connection hq-site1 not planned: ${because}`);
    expect(result.issues).toEqual([]);
  });

  test('a connection without a stored key is not planned', () => {
    const result = plan({ ...inputOf([...hq(), ...siteWithConnection(1)]), secretVersions: new Map() });
    expect(reasonsOf(result)).toContain('connection hq-site1 not planned: it has no shared key');
  });

  test('of two connections to one peer address the older stays, and the reason names it', () => {
    const old = [...hq(), ...siteWithConnection(1)];
    const first = plan(inputOf(old));
    const more = [site('a', ['192.168.77.0/24'], { gatewayIpAddress: '203.0.113.11' }), connection('a', 'hq', 'a')];
    const second = plan(inputOf([...old, ...more], first.plan));
    expect(tunnelsOf(second)).toEqual(tunnelsOf(first));
    expect(reasonsOf(second)).toContain('connection a not planned: connection hq-site1 of the same gateway has the same peer 203.0.113.11');
    // Without a previous plan the lower key wins, whatever the order.
    expect(tunnelsOf(plan(inputOf([...old, ...more]))).map(({ name }) => name)).toEqual(['a']);
  });

  test('of two connections with one prefix the older stays', () => {
    const old = [...hq(), ...siteWithConnection(1)];
    const more = [site('a', ['192.168.1.0/24'], { gatewayIpAddress: '203.0.113.99' }), connection('a', 'hq', 'a')];
    const second = plan(inputOf([...old, ...more], plan(inputOf(old)).plan));
    expect(reasonsOf(second)).toContain('connection a not planned: connection hq-site1 of the same gateway already routes 192.168.1.0/24');
    expect(second.issues).toEqual([]);
  });

  test('a gateway of type ExpressRoute', () => {
    const result = plan(inputOf([...hq({ gatewayType: 'ExpressRoute' }), ...siteWithConnection(1)]));
    expect(reasonsOf(result)).toContain('gateway hq not planned: gateways of type ExpressRoute are not supported yet');
    expect(reasonsOf(result)).toContain('connection hq-site1 not planned: its gateway hq is not planned');
  });

  test.each([
    [{ activeActive: true }, 'second instance not yet planned; all tunnels end on IN_0'],
    [{ enableBgp: true }, 'BGP not yet planned; only the static prefixes of local network gateways are routed'],
    [
      { vpnClientConfiguration: { vpnClientAddressPool: { addressPrefixes: ['172.16.0.0/24'] } } },
      'point-to-site not yet planned; no client can connect',
    ],
    [{ gatewayDefaultSite: { id: 'x' } }, 'no connection leads to its default site x, so Internet traffic goes nowhere'],
  ])('a gateway with %o is planned and says what is not in effect', (more, what) => {
    const result = plan(inputOf([...hq(more), ...siteWithConnection(1)]));
    expect(tunnelsOf(result)).toHaveLength(1);
    expect(reasonsOf(result)).toContain(`gateway hq: ${what}`);
  });

  test('no host, no address, an address elsewhere', () => {
    const [vnet, nic, gw] = hq() as [Resource, Resource, Resource];
    const far = { ...vnet, location: 'eastus' };
    expect(reasonsOf(plan(inputOf([far, nic, gw])))).toEqual([
      'network interface vm1 not planned: its subnet workload is on no host',
      'gateway hq not planned: its subnet GatewaySubnet is on no host',
      'virtual network hq not planned: no host serves region eastus',
    ]);
    expect(reasonsOf(plan(inputOf([vnet, networkInterface('vm1', 'hq', 'workload', '10.9.0.4')])))).toEqual([
      'network interface vm1 not planned: its address 10.9.0.4 is outside 10.1.0.0/24',
    ]);
    const outside = gateway('hq', 'hq', { address: '192.0.2.1', privateAddress: '10.1.255.4' });
    expect(reasonsOf(plan(inputOf([vnet, outside])))).toEqual([
      'gateway hq not planned: public IP address hq-ip (192.0.2.1) is in none of the public networks',
    ]);
  });

  test('stored settings without an effect are named', () => {
    const vnet = virtualNetwork('v', ['10.1.0.0/16', 'fd00::/48'], { a: '10.1.0.0/24' }, { virtualNetworkPeerings: [{ name: 'to-hub' }] });
    expect(reasonsOf(plan(inputOf([vnet, resource('routeTables', 'rt', {}), ...siteWithConnection(1).slice(0, 1)])))).toEqual([
      'local network gateway site1 not planned: no planned connection uses it',
      'route table rt not planned: no planned subnet uses it',
      'virtual network v: peerings are stored but carry nothing yet (to-hub)',
      'virtual network v: IPv6 prefixes are not planned yet',
    ]);
  });
});
