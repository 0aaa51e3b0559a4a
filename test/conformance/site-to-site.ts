/** The site-to-site topology that the conformance tests build: bodies as the official client wants them. */
import type {
  LocalNetworkGateway,
  PublicIPAddress,
  VirtualNetwork,
  VirtualNetworkGateway,
  VirtualNetworkGatewayConnection,
} from '@azure/arm-network';
import type { System } from './system.ts';

export const location = 'westeurope';
export const sharedKey = 'Conformance.Key.1';

export function networkId(system: System, group: string, path: string): string {
  return `/subscriptions/${system.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/${path}`;
}

export const virtualNetwork: VirtualNetwork = {
  location,
  addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
  subnets: [
    { name: 'GatewaySubnet', addressPrefix: '10.1.255.0/27' },
    { name: 'apps', addressPrefix: '10.1.0.0/24' },
  ],
};

export const publicIp: PublicIPAddress = {
  location,
  sku: { name: 'Standard' },
  zones: ['1', '2', '3'],
  publicIPAllocationMethod: 'Static',
};

export function gateway(system: System, group: string): VirtualNetworkGateway {
  return {
    location,
    gatewayType: 'Vpn',
    vpnType: 'RouteBased',
    sku: { name: 'VpnGw2AZ', tier: 'VpnGw2AZ' },
    ipConfigurations: [
      {
        name: 'default',
        subnet: { id: networkId(system, group, 'virtualNetworks/hq/subnets/GatewaySubnet') },
        publicIPAddress: { id: networkId(system, group, 'publicIPAddresses/gw-ip') },
      },
    ],
  };
}

export const site: LocalNetworkGateway = {
  location,
  gatewayIpAddress: '203.0.113.10',
  localNetworkAddressSpace: { addressPrefixes: ['192.168.10.0/24'] },
};

export function connection(system: System, group: string): VirtualNetworkGatewayConnection {
  return {
    location,
    connectionType: 'IPsec',
    virtualNetworkGateway1: { id: networkId(system, group, 'virtualNetworkGateways/gw') },
    localNetworkGateway2: { id: networkId(system, group, 'localNetworkGateways/branch') },
    sharedKey,
    routingWeight: 10,
  };
}

/** Resource group, VNet, public IP, gateway, site and connection; each with the client's own poller to its end. */
export async function buildSiteToSite(system: System, group: string): Promise<void> {
  const { network, resources } = system;
  await resources.resourceGroups.createOrUpdate(group, { location });
  await network.virtualNetworks.createOrUpdate(group, 'hq', virtualNetwork);
  await network.publicIPAddresses.createOrUpdate(group, 'gw-ip', publicIp);
  await network.localNetworkGateways.createOrUpdate(group, 'branch', site);
  await network.virtualNetworkGateways.createOrUpdate(group, 'gw', gateway(system, group));
  await network.virtualNetworkGatewayConnections.createOrUpdate(group, 'hq-to-branch', connection(system, group));
}
