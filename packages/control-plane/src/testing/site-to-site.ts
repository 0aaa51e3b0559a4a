/** The bodies of one gateway and one site, as a user would PUT them: for tests that need real resource types. */
import { startTestServer, testSubscription } from './test-server.ts';
import type { TestServer } from './test-server.ts';

export const siteGroup = `/subscriptions/${testSubscription}/resourceGroups/hub`;
export const idOf = (type: string, name: string): string => `${siteGroup}/providers/Microsoft.Network/${type}/${name}`;
const location = 'westeurope';

/** In the order in which they must be created. */
export const siteToSite: readonly (readonly [id: string, body: object])[] = [
  [
    idOf('virtualNetworks', 'hq'),
    {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
        subnets: [
          { name: 'GatewaySubnet', properties: { addressPrefix: '10.1.255.0/27' } },
          { name: 'apps', properties: { addressPrefix: '10.1.0.0/24' } },
        ],
      },
    },
  ],
  [
    idOf('publicIPAddresses', 'gw-ip'),
    { location, sku: { name: 'Standard' }, zones: ['1', '2', '3'], properties: { publicIPAllocationMethod: 'Static' } },
  ],
  [
    idOf('virtualNetworkGateways', 'gw'),
    {
      location,
      properties: {
        gatewayType: 'Vpn',
        vpnType: 'RouteBased',
        sku: { name: 'VpnGw1AZ', tier: 'VpnGw1AZ' },
        ipConfigurations: [
          {
            name: 'default',
            properties: {
              publicIPAddress: { id: idOf('publicIPAddresses', 'gw-ip') },
              subnet: { id: `${idOf('virtualNetworks', 'hq')}/subnets/GatewaySubnet` },
            },
          },
        ],
      },
    },
  ],
  [
    idOf('localNetworkGateways', 'site'),
    { location, properties: { gatewayIpAddress: '203.0.113.10', localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/24'] } } },
  ],
  [
    idOf('connections', 'hq-site'),
    {
      location,
      properties: {
        connectionType: 'IPsec',
        virtualNetworkGateway1: { id: idOf('virtualNetworkGateways', 'gw') },
        localNetworkGateway2: { id: idOf('localNetworkGateways', 'site') },
        sharedKey: 'Correct.Horse',
      },
    },
  ],
];

/** @throws Error with the first answer that is not a success. */
export async function buildSiteToSite({ client }: TestServer): Promise<void> {
  await client.send('PUT', siteGroup, { body: { location } });
  for (const [id, body] of siteToSite) {
    const { first, last } = await client.run('PUT', id, body);
    if (first.status >= 300 || (last !== undefined && last.body.status !== 'Succeeded'))
      throw new Error(`${id}: ${first.status} ${first.text} ${last?.text ?? ''}`);
  }
}

/** With a host that applies everything; in memory. */
export async function startSiteToSite(): Promise<TestServer> {
  const server = await startTestServer({ store: 'memory' });
  await server.startAgent();
  await buildSiteToSite(server);
  return server;
}
