/**
 * What there is when a recorded session begins whose beginning was not kept, by the session's source: requests, with the words of the
 * table in them. Not recorded facts: ours, made to fit what the first answers of the session show.
 */
export type Request = { readonly path: string; readonly body: object };

const network = '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network';
const location = '{location}';
const at = (path: string): { readonly id: string } => ({ id: `${network}/${path}` });

/** Azure takes no other for gateways since the sessions were recorded (VGW-IP-016). */
export const standardAddress = { sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static' } };

export const worlds: Readonly<Record<string, readonly Request[]>> = {
  'azure-cli.vpn-connection-ipsec': [
    {
      path: `${network}/virtualNetworks/vnet1`,
      body: {
        location,
        properties: { addressSpace: { addressPrefixes: ['10.11.0.0/16', '10.12.0.0/16'] }, dhcpOptions: { dnsServers: [] } },
      },
    },
  ],
  'azure-sdk-for-go.PublicIpAddress': [{ path: `${network}/publicIPAddresses/publicipadxtBhLe`, body: { location } }],
  'azure-cli.active-active-cross-premise': [
    {
      path: `${network}/virtualNetworks/vnet1`,
      body: {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.11.0.0/16', '10.12.0.0/16'] },
          subnets: [{ name: 'GatewaySubnet', properties: { addressPrefix: '10.12.255.0/27' } }],
        },
      },
    },
    { path: `${network}/publicIPAddresses/gwip1`, body: { location, ...standardAddress } },
    { path: `${network}/publicIPAddresses/gwip2`, body: { location, ...standardAddress } },
    {
      path: `${network}/virtualNetworkGateways/gw1`,
      body: {
        location,
        tags: { foo: 'doo' },
        properties: {
          gatewayType: 'Vpn',
          sku: { name: 'HighPerformance', tier: 'HighPerformance' },
          enableBgp: true,
          activeActive: true,
          bgpSettings: { asn: 65_010 },
          ipConfigurations: [0, 1].map((index) => ({
            name: `vnetGatewayConfig${index}`,
            properties: {
              subnet: at('virtualNetworks/vnet1/subnets/GatewaySubnet'),
              publicIPAddress: at(`publicIPAddresses/gwip${index + 1}`),
            },
          })),
        },
      },
    },
    {
      path: `${network}/localNetworkGateways/lgw2`,
      body: {
        location,
        properties: {
          gatewayIpAddress: '131.107.72.22',
          localNetworkAddressSpace: { addressPrefixes: ['10.52.255.253/32'] },
          bgpSettings: { asn: 65_050, bgpPeeringAddress: '10.52.255.253' },
        },
      },
    },
    {
      path: `${network}/connections/Vnet1toSite5_1`,
      body: {
        location,
        properties: {
          connectionType: 'IPsec',
          enableBgp: true,
          sharedKey: '{secret}',
          virtualNetworkGateway1: at('virtualNetworkGateways/gw1'),
          localNetworkGateway2: at('localNetworkGateways/lgw2'),
        },
      },
    },
  ],
};
