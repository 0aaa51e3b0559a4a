/** What a virtual network gateway may hold, before defaults that depend on other members (complete.ts). */
import { z } from 'zod';
import { gatewayGenerations, gatewaySkuNames } from '../../skus.ts';
import { extendedLocation, flag, integer, listOf, oneOf, reference, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';
import { addressSpace } from '../virtual-network/schema.ts';
import { vpnClientConfiguration, type VpnClientConfiguration } from './vpn-client-schema.ts';

export const gatewayIpConfiguration = z.object({
  name: textOrNothing,
  properties: z.object({
    privateIPAllocationMethod: oneOf('IpAllocationMethod', ['Static', 'Dynamic']).default('Dynamic'),
    subnet: reference.optional(),
    publicIPAddress: reference.optional(),
  }),
});

const natMapping = z.object({ addressSpace: text, portRange: textOrNothing });

export const natRule = z.object({
  name: text,
  properties: z.object({
    type: oneOf('VpnNatRuleType', ['Static', 'Dynamic']).default('Static'),
    mode: oneOf('VpnNatRuleMode', ['EgressSnat', 'IngressSnat']).default('EgressSnat'),
    internalMappings: listOf(natMapping),
    externalMappings: listOf(natMapping),
    /** Empty is the same as absent, but clients compare what they sent: kept as written. */
    ipConfigurationId: text.optional(),
  }),
});

const bgpPeeringAddress = z.object({ ipconfigurationId: text.optional(), customBgpIpAddresses: listOf(text) });

/** `bgpPeeringAddress` comes back in PUTs but is the service's to decide. */
const bgpSettings = z.object({
  asn: integer.optional(),
  peerWeight: integer.default(0),
  bgpPeeringAddresses: listOf(bgpPeeringAddress),
});

const policyGroup = z.object({
  name: text.optional(),
  properties: z.object({
    isDefault: flag,
    priority: integer,
    policyMembers: z.array(
      z.object({
        name: text.optional(),
        attributeType: oneOf('VpnPolicyMemberAttributeType', ['CertificateGroupId', 'AADGroupId', 'RadiusAzureGroupId']).optional(),
        attributeValue: text.optional(),
      }),
    ),
  }),
});

export const virtualNetworkGatewayProperties = z.object({
  gatewayType: oneOf('VirtualNetworkGatewayType', ['Vpn', 'ExpressRoute', 'LocalGateway']).optional(),
  vpnType: oneOf('VpnType', ['PolicyBased', 'RouteBased']).optional(),
  vpnGatewayGeneration: oneOf('VpnGatewayGeneration', gatewayGenerations).optional(),
  sku: z
    .object({
      name: oneOf('VirtualNetworkGatewaySkuName', gatewaySkuNames).optional(),
      tier: oneOf('VirtualNetworkGatewaySkuTier', gatewaySkuNames).optional(),
    })
    .optional(),
  ipConfigurations: listOf(gatewayIpConfiguration),
  enableBgp: flag.default(false),
  activeActive: flag.default(false),
  enablePrivateIpAddress: flag.default(false),
  disableIPSecReplayProtection: flag.default(false),
  enableBgpRouteTranslationForNat: flag.default(false),
  allowVirtualWanTraffic: flag.default(false),
  allowRemoteVnetTraffic: flag.default(false),
  enableDnsForwarding: flag.optional(),
  enableHighBandwidthVpnGateway: flag.optional(),
  gatewayDefaultSite: reference.optional(),
  bgpSettings: bgpSettings.optional(),
  customRoutes: addressSpace.optional(),
  /** Left out means unchanged: NAT rules have their own requests. */
  natRules: z.array(natRule).optional(),
  vpnClientConfiguration: vpnClientConfiguration.optional(),
  virtualNetworkGatewayPolicyGroups: listOf(policyGroup),
  virtualNetworkGatewayMigrationStatus: z
    .object({
      state: oneOf('VirtualNetworkGatewayMigrationState', ['None', 'InProgress', 'Succeeded', 'Failed']).optional(),
      phase: oneOf('VirtualNetworkGatewayMigrationPhase', [
        'None',
        'Prepare',
        'PrepareSucceeded',
        'Execute',
        'ExecuteSucceeded',
        'Commit',
        'CommitSucceeded',
        'AbortSucceeded',
        'Abort',
      ]).optional(),
      errorMessage: text.optional(),
    })
    .optional(),
  autoScaleConfiguration: z.object({ bounds: z.object({ min: integer.optional(), max: integer.optional() }).optional() }).optional(),
  adminState: oneOf('AdminState', ['Enabled', 'Disabled']).optional(),
  resiliencyModel: oneOf('ResiliencyModel', ['SingleHomed', 'MultiHomed']).optional(),
  vNetExtendedLocationResourceId: text.optional(),
});

export const virtualNetworkGatewayTop = z.object({
  extendedLocation: extendedLocation.optional(),
  identity: z
    .object({
      type: oneOf('ResourceIdentityType', ['SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned', 'None']).optional(),
      userAssignedIdentities: z.record(z.string(), z.object({})).optional(),
    })
    .optional(),
});

export type GatewayRead = DeepReadonly<z.output<typeof virtualNetworkGatewayProperties>>;
type GatewayIpConfigurationRead = DeepReadonly<z.output<typeof gatewayIpConfiguration>>;
export type GatewayIpConfiguration = Omit<GatewayIpConfigurationRead, 'name'> & { readonly name: string };
export type NatRule = DeepReadonly<z.output<typeof natRule>>;

export type VirtualNetworkGatewayProperties = Omit<
  GatewayRead,
  'gatewayType' | 'vpnType' | 'vpnGatewayGeneration' | 'sku' | 'ipConfigurations' | 'bgpSettings' | 'natRules' | 'vpnClientConfiguration'
> & {
  readonly gatewayType: 'Vpn' | 'ExpressRoute' | 'LocalGateway';
  readonly vpnType: 'PolicyBased' | 'RouteBased';
  readonly vpnGatewayGeneration: (typeof gatewayGenerations)[number];
  readonly sku: { readonly name: (typeof gatewaySkuNames)[number]; readonly tier: (typeof gatewaySkuNames)[number] };
  readonly ipConfigurations: readonly GatewayIpConfiguration[];
  /** `asn` is 65515 when none was given. */
  readonly bgpSettings: Omit<NonNullable<GatewayRead['bgpSettings']>, 'asn'> & { readonly asn: number };
  readonly natRules: readonly NatRule[];
  /** Without secrets: those of RADIUS servers are stored apart (`radiusSecretName`). */
  readonly vpnClientConfiguration?: VpnClientConfiguration | undefined;
};

/** The two halves of a gateway, as the service placed them. */
export type GatewayInstance = {
  readonly role: 'IN_0' | 'IN_1';
  /** Name of the IP configuration it speaks for. Active-standby: both halves the same. */
  readonly ipConfiguration: string;
  /** VNet leg, in the GatewaySubnet. */
  readonly privateIPAddress: string;
  /** What BGP peers of this half connect to. Active-standby: the shared address, held by whichever half is active. */
  readonly bgpPeeringAddress: string;
  readonly publicIPAddress: string;
  /** Resource id of the public IP address. */
  readonly publicIPAddressId: string;
};

export type VirtualNetworkGatewayAllocated = {
  readonly resourceGuid: string;
  /** Empty for a gateway of another type than Vpn. */
  readonly instances: readonly GatewayInstance[];
  /** As a GET shows it: one address, or both of an active-active gateway, comma-joined. Empty when `instances` is. */
  readonly bgpPeeringAddress: string;
  /** All public addresses held, by the resource's key (`resourceKey`); a third one of an active-active gateway serves VPN clients. */
  readonly publicIPAddresses: Readonly<Record<string, string>>;
  /** Raised by a reset of the gateway. */
  readonly resetEpoch: number;
};

export type VirtualNetworkGatewayTop = DeepReadonly<z.output<typeof virtualNetworkGatewayTop>>;
