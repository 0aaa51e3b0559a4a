/** What a virtual network and its subnets and peerings may hold. Rules are in the other files of this folder. */
import { z } from 'zod';
import { extendedLocation, flag, integer, listOf, oneOf, reference, text, type DeepReadonly } from '../../schema/fields.ts';

export const addressSpace = z.object({
  addressPrefixes: listOf(text),
  ipamPoolPrefixAllocations: z
    .array(z.object({ pool: reference.optional(), id: text.optional(), numberOfIpAddresses: text.optional() }))
    .optional(),
});

const serviceEndpoint = z.object({ service: text.optional(), networkIdentifier: reference.optional(), locations: listOf(text) });
const delegation = z.object({ name: text, properties: z.object({ serviceName: text.optional() }).default({}) });

export const subnet = z.object({
  name: text,
  properties: z
    .object({
      addressPrefix: text.optional(),
      addressPrefixes: z.array(text).optional(),
      networkSecurityGroup: reference.optional(),
      routeTable: reference.optional(),
      natGateway: reference.optional(),
      serviceEndpoints: listOf(serviceEndpoint),
      serviceEndpointPolicies: listOf(reference),
      ipAllocations: listOf(reference),
      delegations: listOf(delegation),
      applicationGatewayIPConfigurations: z.array(reference).optional(),
      privateEndpointNetworkPolicies: oneOf('VirtualNetworkPrivateEndpointNetworkPolicies', [
        'Enabled',
        'Disabled',
        'NetworkSecurityGroupEnabled',
        'RouteTableEnabled',
      ]).default('Disabled'),
      privateLinkServiceNetworkPolicies: oneOf('VirtualNetworkPrivateLinkServiceNetworkPolicies', ['Enabled', 'Disabled']).default(
        'Enabled',
      ),
      sharingScope: oneOf('SharingScope', ['Tenant', 'DelegatedServices']).optional(),
      defaultOutboundAccess: flag.optional(),
      ipamPoolPrefixAllocations: z.array(z.object({ pool: reference.optional(), numberOfIpAddresses: text.optional() })).optional(),
    })
    .default(() => ({
      serviceEndpoints: [],
      serviceEndpointPolicies: [],
      ipAllocations: [],
      delegations: [],
      privateEndpointNetworkPolicies: 'Disabled' as const,
      privateLinkServiceNetworkPolicies: 'Enabled' as const,
    })),
});

export const peering = z.object({
  name: text,
  properties: z.object({
    remoteVirtualNetwork: reference,
    allowVirtualNetworkAccess: flag.default(true),
    allowForwardedTraffic: flag.default(false),
    allowGatewayTransit: flag.default(false),
    useRemoteGateways: flag.default(false),
    doNotVerifyRemoteGateways: flag.default(false),
    peerCompleteVnets: flag.default(true),
    enableOnlyIPv6Peering: flag.optional(),
    localSubnetNames: z.array(text).optional(),
    remoteSubnetNames: z.array(text).optional(),
  }),
});

export const virtualNetworkProperties = z.object({
  addressSpace,
  dhcpOptions: z.object({ dnsServers: listOf(text) }).optional(),
  flowTimeoutInMinutes: integer.optional(),
  subnets: listOf(subnet),
  /** Left out means unchanged: peerings have their own requests, and clients that write networks don't know of them. */
  virtualNetworkPeerings: z.array(peering).optional(),
  enableDdosProtection: flag.default(false),
  enableVmProtection: flag.optional(),
  ddosProtectionPlan: reference.optional(),
  bgpCommunities: z.object({ virtualNetworkCommunity: text }).optional(),
  encryption: z
    .object({
      enabled: flag,
      enforcement: oneOf('VirtualNetworkEncryptionEnforcement', ['DropUnencrypted', 'AllowUnencrypted']).optional(),
    })
    .optional(),
  ipAllocations: z.array(reference).optional(),
  privateEndpointVNetPolicies: oneOf('PrivateEndpointVNetPolicies', ['Disabled', 'Basic']).optional(),
});

export const virtualNetworkTop = z.object({
  extendedLocation: extendedLocation.optional(),
});

type Read = DeepReadonly<z.output<typeof virtualNetworkProperties>>;
export type Subnet = DeepReadonly<z.output<typeof subnet>>;
export type VirtualNetworkPeering = DeepReadonly<z.output<typeof peering>>;
export type VirtualNetworkProperties = Omit<Read, 'virtualNetworkPeerings'> & {
  readonly virtualNetworkPeerings: readonly VirtualNetworkPeering[];
};
export type VirtualNetworkAllocated = {
  readonly resourceGuid: string;
  /** By peering name, lower case. Both sides of a peering show the same one. */
  readonly peeringGuids: Readonly<Record<string, string>>;
  /** Of peerings deleted from this side. */
  readonly endedPeeringGuids: readonly string[];
};

/** Azure has two ways to say it; either is kept as written. */
export function subnetPrefixes(of: Subnet): readonly string[] {
  const { addressPrefix, addressPrefixes } = of.properties;
  if (addressPrefixes !== undefined && addressPrefixes.length > 0) return addressPrefixes;
  return addressPrefix === undefined ? [] : [addressPrefix];
}

export function isGatewaySubnet(name: string): boolean {
  return name.toLowerCase() === 'gatewaysubnet';
}
