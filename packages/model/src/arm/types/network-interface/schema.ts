/** What a network interface may hold. */
import { z } from 'zod';
import { extendedLocation, flag, integer, listOf, oneOf, reference, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';

export const networkInterfaceIpConfiguration = z.object({
  name: text,
  properties: z.object({
    privateIPAddress: textOrNothing,
    privateIPAddressPrefixLength: integer.optional(),
    privateIPAllocationMethod: oneOf('IpAllocationMethod', ['Static', 'Dynamic']).default('Dynamic'),
    privateIPAddressVersion: oneOf('IpVersion', ['IPv4', 'IPv6']).default('IPv4'),
    subnet: reference.optional(),
    primary: flag.optional(),
    publicIPAddress: reference.optional(),
    gatewayLoadBalancer: reference.optional(),
    virtualNetworkTaps: z.array(reference).optional(),
    applicationGatewayBackendAddressPools: z.array(reference).optional(),
    loadBalancerBackendAddressPools: z.array(reference).optional(),
    loadBalancerInboundNatRules: z.array(reference).optional(),
    applicationSecurityGroups: z.array(reference).optional(),
  }),
});

export const networkInterfaceProperties = z.object({
  ipConfigurations: listOf(networkInterfaceIpConfiguration),
  networkSecurityGroup: reference.optional(),
  dnsSettings: z.object({ dnsServers: listOf(text), internalDnsNameLabel: textOrNothing }).default(() => ({ dnsServers: [] })),
  enableAcceleratedNetworking: flag.default(false),
  disableTcpStateTracking: flag.default(false),
  enableIPForwarding: flag.default(false),
  workloadType: text.optional(),
  nicType: oneOf('NetworkInterfaceNicType', ['Standard', 'Elastic']).default('Standard'),
  privateLinkService: reference.optional(),
  migrationPhase: oneOf('NetworkInterfaceMigrationPhase', ['None', 'Prepare', 'Commit', 'Abort', 'Committed']).optional(),
  auxiliaryMode: oneOf('NetworkInterfaceAuxiliaryMode', ['None', 'MaxConnections', 'Floating', 'AcceleratedConnections']).default('None'),
  auxiliarySku: oneOf('NetworkInterfaceAuxiliarySku', ['None', 'A1', 'A2', 'A4', 'A8']).default('None'),
});

export const networkInterfaceTop = z.object({
  extendedLocation: extendedLocation.optional(),
});

export type NetworkInterfaceIpConfiguration = DeepReadonly<z.output<typeof networkInterfaceIpConfiguration>>;
export type NetworkInterfaceProperties = DeepReadonly<z.output<typeof networkInterfaceProperties>>;
export type NetworkInterfaceAllocated = {
  readonly resourceGuid: string;
  /** By name of the IP configuration, lower case. */
  readonly privateIPAddresses: Readonly<Record<string, string>>;
  /** Addresses of dynamic public IP resources attached here, by the resource's key (`resourceKey`). */
  readonly publicIPAddresses: Readonly<Record<string, string>>;
};
