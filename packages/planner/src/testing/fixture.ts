/**
 * Stored resources for unit tests, in the shape that the model's rules leave behind, so that a test can also have what those
 * rules would refuse. Not exported from the package; scenarios go through the real rules (scenarios.test.ts).
 */
import { formatResourceId, secretId, type JsonObject, type Plan, type Resource, type ResourceId } from '@sallyport/model';
import type { PlanInput } from '../input.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';

export function idOf(type: string, name: string, resourceGroup = 'contoso'): ResourceId {
  return formatResourceId({ subscriptionId, resourceGroup, namespace: 'Microsoft.Network', types: [type], names: [name] });
}

type Parts = { readonly properties?: JsonObject; readonly allocated?: JsonObject; readonly resourceGroup?: string };

export function resource(type: string, name: string, { properties = {}, allocated = {}, resourceGroup }: Parts): Resource {
  return {
    id: idOf(type, name, resourceGroup),
    type: `Microsoft.Network/${type}`,
    name,
    location: 'westeurope',
    tags: {},
    top: {},
    properties,
    allocated: { resourceGuid: '00000000-0000-0000-0000-000000000000', ...allocated },
    etag: '',
    provisioningState: 'Succeeded',
    createdAt: '2026-01-01T00:00:00Z',
    changedAt: '2026-01-01T00:00:00Z',
  };
}

/** Subnets by name; `GatewaySubnet` is one of them where a gateway goes in. */
export function virtualNetwork(
  name: string,
  prefixes: readonly string[],
  subnets: Readonly<Record<string, string>>,
  more: JsonObject = {},
): Resource {
  const list = Object.entries(subnets).map(([subnet, addressPrefix]) => ({ name: subnet, properties: { addressPrefix } }));
  const properties = { addressSpace: { addressPrefixes: prefixes }, subnets: list, virtualNetworkPeerings: [], ...more };
  return resource('virtualNetworks', name, { properties, allocated: { peeringGuids: {} } });
}

export function subnetId(vnet: string, subnet: string): ResourceId {
  return `${idOf('virtualNetworks', vnet)}/subnets/${subnet}` as ResourceId;
}

export function networkInterface(name: string, vnet: string, subnet: string, address: string): Resource {
  const ipConfigurations = [{ name: 'ipconfig1', properties: { subnet: { id: subnetId(vnet, subnet) } } }];
  return resource('networkInterfaces', name, {
    properties: { ipConfigurations, enableIPForwarding: false },
    allocated: { privateIPAddresses: { ipconfig1: address } },
  });
}

export type GatewayParts = {
  readonly address: string;
  readonly privateAddress: string;
  readonly more?: JsonObject;
  readonly resetEpoch?: number;
};

export function gateway(name: string, vnet: string, { address, privateAddress, more = {}, resetEpoch = 0 }: GatewayParts): Resource {
  const publicIPAddressId = idOf('publicIPAddresses', `${name}-ip`);
  return resource('virtualNetworkGateways', name, {
    properties: {
      gatewayType: 'Vpn',
      vpnType: 'RouteBased',
      vpnGatewayGeneration: 'Generation1',
      sku: { name: 'VpnGw1AZ', tier: 'VpnGw1AZ' },
      ipConfigurations: [
        { name: 'default', properties: { subnet: { id: subnetId(vnet, 'GatewaySubnet') }, publicIPAddress: { id: publicIPAddressId } } },
      ],
      enableBgp: false,
      activeActive: false,
      disableIPSecReplayProtection: false,
      natRules: [],
      ...more,
    },
    allocated: {
      instances: [
        { role: 'IN_0', ipConfiguration: 'default', privateIPAddress: privateAddress, publicIPAddress: address, publicIPAddressId },
      ],
      resetEpoch,
    },
  });
}

export function site(
  name: string,
  prefixes: readonly string[],
  peer: { readonly gatewayIpAddress?: string; readonly fqdn?: string },
): Resource {
  return resource('localNetworkGateways', name, { properties: { localNetworkAddressSpace: { addressPrefixes: prefixes }, ...peer } });
}

export function connection(
  name: string,
  gatewayName: string,
  siteName: string,
  more: JsonObject = {},
  allocated: JsonObject = {},
): Resource {
  return resource('connections', name, {
    properties: {
      connectionType: 'IPsec',
      connectionMode: 'Default',
      virtualNetworkGateway1: { id: idOf('virtualNetworkGateways', gatewayName) },
      localNetworkGateway2: { id: idOf('localNetworkGateways', siteName) },
      dpdTimeoutSeconds: 0,
      enableBgp: false,
      useLocalAzureIpAddress: false,
      usePolicyBasedTrafficSelectors: false,
      ipsecPolicies: [],
      trafficSelectorPolicies: [],
      ingressNatRules: [],
      egressNatRules: [],
      ...more,
    },
    allocated: { connectionProtocol: 'IKEv2', resetEpoch: 0, ...allocated },
  });
}

/** A site with its connection to gateway `hq`: prefix 192.168.n.0/24, peer 203.0.113.(10+n). */
export function siteWithConnection(n: number, more: JsonObject = {}): readonly Resource[] {
  return [
    site(`site${n}`, [`192.168.${n}.0/24`], { gatewayIpAddress: `203.0.113.${10 + n}` }),
    connection(`hq-site${n}`, 'hq', `site${n}`, more),
  ];
}

/** VNet `hq` with a network interface and a gateway, both named for it. */
export function hq(gatewayMore: JsonObject = {}): readonly Resource[] {
  return [
    virtualNetwork('hq', ['10.1.0.0/16'], { workload: '10.1.0.0/24', GatewaySubnet: '10.1.255.0/27' }),
    networkInterface('vm1', 'hq', 'workload', '10.1.0.4'),
    gateway('hq', 'hq', { address: '198.51.100.4', privateAddress: '10.1.255.4', more: gatewayMore }),
  ];
}

export function inputOf(resources: readonly Resource[], previous?: Plan): PlanInput {
  const connections = resources.filter(({ type }) => type.endsWith('/connections'));
  return {
    resources,
    secretVersions: new Map(connections.map(({ id }) => [secretId(id, 'sharedKey'), 1])),
    previous,
    inventory: {
      hosts: [{ name: 'lab', regions: ['westeurope'] }],
      publicNetworks: [
        { prefix: '198.51.100.0/24', router: '198.51.100.1' },
        { prefix: '203.0.113.0/24', router: '203.0.113.1' },
      ],
    },
  };
}
