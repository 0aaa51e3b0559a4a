/** Every resource type, and the way from a type name to its rules. */
import type { ResourceRules } from '../resource.ts';
import { connectionRules } from './connection/rules.ts';
import { localNetworkGatewayRules } from './local-network-gateway/rules.ts';
import { networkInterfaceRules } from './network-interface/rules.ts';
import { networkSecurityGroupRules } from './network-security-group/rules.ts';
import { networkWatcherRules } from './network-watcher/rules.ts';
import { publicIpAddressRules } from './public-ip-address/rules.ts';
import { routeTableRules } from './route-table/rules.ts';
import { virtualNetworkGatewayRules } from './virtual-network-gateway/rules.ts';
import { virtualNetworkRules } from './virtual-network/rules.ts';

export const allResourceRules: readonly ResourceRules[] = [
  virtualNetworkRules,
  publicIpAddressRules,
  networkInterfaceRules,
  networkSecurityGroupRules,
  routeTableRules,
  localNetworkGatewayRules,
  virtualNetworkGatewayRules,
  connectionRules,
  networkWatcherRules,
];

const byType = new Map(allResourceRules.map((rules) => [rules.type.toLowerCase(), rules]));

/** Rules of `Microsoft.Network/virtualNetworks`, in any case; undefined for a type there is not, children included. */
export function rulesOf(type: string): ResourceRules | undefined {
  return byType.get(type.toLowerCase());
}

export * from './children.ts';
export * from './names.ts';
export * from './typed.ts';
export { isWriteOnlyMember, writeOnlyMembers } from '../schema/write-only.ts';
export { isIssue, type Typed } from './define.ts';
export {
  connectionSecrets,
  isSharedKeyMissing,
  keyLengthIssues,
  cannotSetSharedKey,
  sharedKeyAlphabet,
  sharedKeyIssues,
  sharedKeyLength,
} from './connection/shared-key.ts';
export { effectiveRemotePrefixes, natRulesOf, remotePrefixes } from './connection/remote-prefixes.ts';
export { overallStatus } from './connection/view.ts';
export type { ConnectionAllocated, ConnectionProperties } from './connection/schema.ts';
export type { LocalNetworkGatewayAllocated, LocalNetworkGatewayProperties } from './local-network-gateway/schema.ts';
export type { NetworkInterfaceAllocated, NetworkInterfaceIpConfiguration, NetworkInterfaceProperties } from './network-interface/schema.ts';
export type { NetworkSecurityGroupAllocated, NetworkSecurityGroupProperties, SecurityRule } from './network-security-group/schema.ts';
export { attachedAddress } from './public-ip-address/rules.ts';
export type { PublicIpAddressAllocated, PublicIpAddressProperties, PublicIpAddressTop } from './public-ip-address/schema.ts';
export type { Route, RouteTableAllocated, RouteTableProperties } from './route-table/schema.ts';
export { tunnelLimit } from './virtual-network-gateway/sku-rules.ts';
export { radiusSecretName, type VpnClientConfiguration } from './virtual-network-gateway/vpn-client-schema.ts';
export type {
  GatewayInstance,
  GatewayIpConfiguration,
  NatRule,
  VirtualNetworkGatewayAllocated,
  VirtualNetworkGatewayProperties,
  VirtualNetworkGatewayTop,
} from './virtual-network-gateway/schema.ts';
export { ipv4PrefixOf } from './virtual-network/address-rules.ts';
export { isGatewaySubnet, subnetPrefixes } from './virtual-network/schema.ts';
export type { Subnet, VirtualNetworkAllocated, VirtualNetworkPeering, VirtualNetworkProperties } from './virtual-network/schema.ts';
export { isReservedInSubnet, reservedAtStartOfSubnet, takenPrivateAddresses } from './allocation.ts';
export {
  certificateName,
  certificateSecretId,
  isCertificateName,
  outboundCertificateIssues,
  type CertificateFacts,
} from './connection/certificate.ts';
