/** Narrowing of stored resources to their types, and typed look-ups by id. Not rules. */
import type { Resource, ResourceLookup } from '../resource.ts';
import { isSameResource, parentId, resourceName } from '../resource-id.ts';
import type { ConnectionAllocated, ConnectionProperties } from './connection/schema.ts';
import type { Typed } from './define.ts';
import type { LocalNetworkGatewayAllocated, LocalNetworkGatewayProperties } from './local-network-gateway/schema.ts';
import type { NetworkInterfaceAllocated, NetworkInterfaceProperties } from './network-interface/schema.ts';
import type { NetworkSecurityGroupAllocated, NetworkSecurityGroupProperties } from './network-security-group/schema.ts';
import type { PublicIpAddressAllocated, PublicIpAddressProperties, PublicIpAddressTop } from './public-ip-address/schema.ts';
import type { RouteTableAllocated, RouteTableProperties } from './route-table/schema.ts';
import { types } from './names.ts';
import type { Subnet, VirtualNetworkAllocated, VirtualNetworkProperties } from './virtual-network/schema.ts';
import type {
  VirtualNetworkGatewayAllocated,
  VirtualNetworkGatewayProperties,
  VirtualNetworkGatewayTop,
} from './virtual-network-gateway/schema.ts';

export type VirtualNetwork = Typed<VirtualNetworkProperties, VirtualNetworkAllocated>;
export type PublicIpAddress = Typed<PublicIpAddressProperties, PublicIpAddressAllocated, PublicIpAddressTop>;
export type NetworkInterface = Typed<NetworkInterfaceProperties, NetworkInterfaceAllocated>;
export type LocalNetworkGateway = Typed<LocalNetworkGatewayProperties, LocalNetworkGatewayAllocated>;
export type VirtualNetworkGateway = Typed<VirtualNetworkGatewayProperties, VirtualNetworkGatewayAllocated, VirtualNetworkGatewayTop>;
export type Connection = Typed<ConnectionProperties, ConnectionAllocated>;
export type RouteTable = Typed<RouteTableProperties, RouteTableAllocated>;
export type NetworkSecurityGroup = Typed<NetworkSecurityGroupProperties, NetworkSecurityGroupAllocated>;

// What is stored under a type was read by that type's schema, so the type name is all there is to check.
const as =
  <T>(type: string) =>
  (resource: Resource | undefined): T | undefined =>
    resource?.type === type ? (resource as unknown as T) : undefined;

export const asVirtualNetwork: (resource: Resource | undefined) => VirtualNetwork | undefined = as(types.virtualNetwork);
export const asPublicIpAddress: (resource: Resource | undefined) => PublicIpAddress | undefined = as(types.publicIpAddress);
export const asNetworkInterface: (resource: Resource | undefined) => NetworkInterface | undefined = as(types.networkInterface);
export const asLocalNetworkGateway: (resource: Resource | undefined) => LocalNetworkGateway | undefined = as(types.localNetworkGateway);
export const asVirtualNetworkGateway: (resource: Resource | undefined) => VirtualNetworkGateway | undefined = as(
  types.virtualNetworkGateway,
);
export const asConnection: (resource: Resource | undefined) => Connection | undefined = as(types.connection);
export const asRouteTable: (resource: Resource | undefined) => RouteTable | undefined = as(types.routeTable);
export const asNetworkSecurityGroup: (resource: Resource | undefined) => NetworkSecurityGroup | undefined = as(types.networkSecurityGroup);

export type SubnetInNetwork = { readonly network: VirtualNetwork; readonly subnet: Subnet };

/** The subnet an id names, with its network. */
export function findSubnet(lookup: Pick<ResourceLookup, 'get'>, subnetId: string): SubnetInNetwork | undefined {
  const networkId = parentId(subnetId);
  const network = networkId === undefined ? undefined : asVirtualNetwork(lookup.get(networkId));
  const subnet = network?.properties.subnets.find((candidate) => candidate.name.toLowerCase() === resourceName(subnetId).toLowerCase());
  return network === undefined || subnet === undefined ? undefined : { network, subnet };
}

/** The virtual network a gateway lives in. */
export function networkOfGateway(lookup: Pick<ResourceLookup, 'get'>, gateway: VirtualNetworkGateway): VirtualNetwork | undefined {
  const subnet = gateway.properties.ipConfigurations[0]?.properties.subnet;
  return subnet === undefined ? undefined : findSubnet(lookup, subnet.id)?.network;
}

/** All gateways whose IP configurations are in this network. */
export function gatewaysOfNetwork(lookup: ResourceLookup, networkId: string): readonly VirtualNetworkGateway[] {
  return lookup
    .referencing(networkId)
    .map(asVirtualNetworkGateway)
    .filter((gateway) => gateway !== undefined)
    .filter((gateway) => isSameResource(networkOfGateway(lookup, gateway)?.id ?? '', networkId));
}

/** Connections of which this gateway is the first end. */
export function connectionsOfGateway(lookup: ResourceLookup, gatewayId: string): readonly Connection[] {
  return lookup
    .referencing(gatewayId)
    .map(asConnection)
    .filter((connection) => connection !== undefined)
    .filter((connection) => isSameResource(connection.properties.virtualNetworkGateway1.id, gatewayId));
}
