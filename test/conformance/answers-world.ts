/** One of everything, with as many members set as go together: what raw-answers.test.ts looks at. */
import { testSubscription, type TestServer } from '@sallyport/control-plane/testing';

export const group = `/subscriptions/${testSubscription}/resourceGroups/answers`;
const location = 'westeurope';
const tags = { tag1: 'value1', tag2: 'value2' };
const id = (path: string): { readonly id: string } => ({ id: `${group}/providers/Microsoft.Network/${path}` });
const standard = { sku: { name: 'Standard' }, zones: ['1', '2', '3'] };
const communities = {
  bgpCommunities: { virtualNetworkCommunity: '12076:20000' },
  encryption: { enabled: true, enforcement: 'AllowUnencrypted' },
};

/** In the order in which they can be made. */
const resources: readonly (readonly [path: string, body: object])[] = [
  ['networkSecurityGroups/sg', { properties: {} }],
  [
    'routeTables/rt',
    {
      properties: {
        disableBgpRoutePropagation: true,
        routes: [{ name: 'r1', properties: { addressPrefix: '10.0.3.0/24', nextHopType: 'VirtualNetworkGateway' } }],
      },
    },
  ],
  ['virtualNetworks/far', { properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] }, ...communities } }],
  ['publicIPAddresses/gw-ip', { ...standard, properties: { publicIPAllocationMethod: 'Static' } }],
  [
    'virtualNetworks/hq',
    {
      properties: {
        addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
        flowTimeoutInMinutes: 10,
        ...communities,
        subnets: [
          { name: 'GatewaySubnet', properties: { addressPrefix: '10.1.255.0/27' } },
          {
            name: 'apps',
            properties: {
              addressPrefix: '10.1.0.0/24',
              serviceEndpoints: [{ service: 'Microsoft.Storage', networkIdentifier: id('publicIPAddresses/gw-ip') }],
              delegations: [{ name: 'd', properties: { serviceName: 'Microsoft.Sql/managedInstances' } }],
            },
          },
          { name: 'two', properties: { addressPrefixes: ['10.1.4.0/24', '10.1.5.0/24'] } },
        ],
        virtualNetworkPeerings: [{ name: 'far', properties: { remoteVirtualNetwork: id('virtualNetworks/far') } }],
      },
    },
  ],
  [
    'publicIPAddresses/nic-ip',
    { ...standard, properties: { publicIPAllocationMethod: 'Static', dnsSettings: { domainNameLabel: 'label' } } },
  ],
  [
    'networkInterfaces/nic',
    {
      properties: {
        networkSecurityGroup: id('networkSecurityGroups/sg'),
        ipConfigurations: [
          { name: 'one', properties: { subnet: id('virtualNetworks/hq/subnets/apps'), publicIPAddress: id('publicIPAddresses/nic-ip') } },
        ],
      },
    },
  ],
  [
    'virtualNetworkGateways/gw',
    {
      properties: {
        gatewayType: 'Vpn',
        enableDnsForwarding: true,
        vpnType: 'RouteBased',
        sku: { name: 'VpnGw2AZ', tier: 'VpnGw2AZ' },
        customRoutes: { addressPrefixes: ['101.168.0.6/32'] },
        vpnClientConfiguration: { vpnClientAddressPool: { addressPrefixes: ['172.16.0.0/24'] }, vpnClientProtocols: ['OpenVPN'] },
        ipConfigurations: [
          {
            name: 'default',
            properties: { subnet: id('virtualNetworks/hq/subnets/GatewaySubnet'), publicIPAddress: id('publicIPAddresses/gw-ip') },
          },
        ],
        natRules: [
          natRule('out', 'EgressSnat', '10.1.0.0/24', '172.20.0.0/24'),
          natRule('in', 'IngressSnat', '192.168.0.0/24', '172.21.0.0/24'),
        ],
      },
    },
  ],
  [
    'localNetworkGateways/site',
    {
      properties: {
        gatewayIpAddress: '203.0.113.9',
        localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/24'] },
        bgpSettings: { asn: 65_010, bgpPeeringAddress: '192.168.0.254', peerWeight: 0 },
      },
    },
  ],
  [
    'connections/c',
    {
      properties: {
        connectionType: 'IPsec',
        connectionProtocol: 'IKEv2',
        dpdTimeoutSeconds: 30,
        sharedKey: 'Abc123',
        virtualNetworkGateway1: id('virtualNetworkGateways/gw'),
        localNetworkGateway2: id('localNetworkGateways/site'),
      },
    },
  ],
];

function natRule(name: string, mode: string, internal: string, external: string): object {
  const port = { portRange: '100' };
  return {
    name,
    properties: {
      type: 'Static',
      mode,
      ipConfigurationId: `${id('virtualNetworkGateways/gw').id}/ipConfigurations/default`,
      internalMappings: [{ addressSpace: internal, ...port }],
      externalMappings: [{ addressSpace: external, ...port }],
    },
  };
}

/** @throws Error when one of them is refused. */
export async function buildWorld({ client }: TestServer): Promise<void> {
  await client.send('PUT', `${group}?api-version=2021-04-01`, { body: { location } });
  for (const [path, body] of resources) {
    const { first, last } = await client.run('PUT', `${id(path).id}?api-version=2024-01-01`, { location, tags, ...body });
    if (first.status >= 400 || (last !== undefined && last.body.status !== 'Succeeded'))
      throw new Error(`${path}: ${first.status} ${first.text} ${last?.text ?? ''}`);
  }
}
