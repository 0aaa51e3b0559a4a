/** What a public IP address may hold. `ipAddress` is not read from a PUT: the service decides it. */
import { z } from 'zod';
import { extendedLocation, integer, listOf, oneOf, reference, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';

export const publicIpAddressProperties = z.object({
  publicIPAllocationMethod: oneOf('IpAllocationMethod', ['Static', 'Dynamic']).optional(),
  publicIPAddressVersion: oneOf('IpVersion', ['IPv4', 'IPv6']).default('IPv4'),
  idleTimeoutInMinutes: integer.default(4),
  dnsSettings: z
    .object({
      domainNameLabel: textOrNothing,
      domainNameLabelScope: oneOf('PublicIpAddressDnsSettingsDomainNameLabelScope', [
        'TenantReuse',
        'SubscriptionReuse',
        'ResourceGroupReuse',
        'NoReuse',
      ]).optional(),
      reverseFqdn: textOrNothing,
    })
    .optional(),
  ddosSettings: z
    .object({
      protectionMode: oneOf('DdosSettingsProtectionMode', ['VirtualNetworkInherited', 'Enabled', 'Disabled']).default(
        'VirtualNetworkInherited',
      ),
      ddosProtectionPlan: reference.optional(),
    })
    .default({ protectionMode: 'VirtualNetworkInherited' }),
  ipTags: listOf(z.object({ ipTagType: text.optional(), tag: text.optional() })),
  publicIPPrefix: reference.optional(),
  servicePublicIPAddress: reference.optional(),
  natGateway: reference.optional(),
  linkedPublicIPAddress: reference.optional(),
  migrationPhase: oneOf('PublicIPAddressMigrationPhase', ['None', 'Prepare', 'Commit', 'Abort', 'Committed']).optional(),
  deleteOption: oneOf('DeleteOptions', ['Delete', 'Detach']).optional(),
});

export const publicIpAddressTop = z.object({
  sku: z
    .object({
      name: oneOf('PublicIPAddressSkuName', ['Basic', 'Standard', 'StandardV2']).default('Basic'),
      tier: oneOf('PublicIPAddressSkuTier', ['Regional', 'Global']).default('Regional'),
    })
    .default({ name: 'Basic', tier: 'Regional' }),
  zones: z.array(text).optional(),
  extendedLocation: extendedLocation.optional(),
});

type Read = DeepReadonly<z.output<typeof publicIpAddressProperties>>;
export type PublicIpAddressProperties = Omit<Read, 'publicIPAllocationMethod'> & {
  readonly publicIPAllocationMethod: 'Static' | 'Dynamic';
};
export type PublicIpAddressTop = DeepReadonly<z.output<typeof publicIpAddressTop>>;
export type PublicIpAddressAllocated = {
  readonly resourceGuid: string;
  /** Static addresses have one from creation on; a dynamic one is held by what it is attached to. */
  readonly ipAddress?: string;
};
