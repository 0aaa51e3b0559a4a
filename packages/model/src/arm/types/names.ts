/** Full names of the resource types, in Azure's spelling. */
export const types = {
  virtualNetwork: 'Microsoft.Network/virtualNetworks',
  publicIpAddress: 'Microsoft.Network/publicIPAddresses',
  networkInterface: 'Microsoft.Network/networkInterfaces',
  localNetworkGateway: 'Microsoft.Network/localNetworkGateways',
  virtualNetworkGateway: 'Microsoft.Network/virtualNetworkGateways',
  connection: 'Microsoft.Network/connections',
  routeTable: 'Microsoft.Network/routeTables',
  networkSecurityGroup: 'Microsoft.Network/networkSecurityGroups',
  networkWatcher: 'Microsoft.Network/networkWatchers',
} as const;
