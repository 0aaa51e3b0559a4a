/** The point-to-site part of a gateway. Its secrets leave the properties in complete.ts. */
import { z } from 'zod';
import { integer, listOf, oneOf, reference, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';
import { ipsecPolicy } from '../../schema/ipsec.ts';
import { addressSpace } from '../virtual-network/schema.ts';

const radiusServer = z.object({
  radiusServerAddress: text,
  radiusServerScore: integer.optional(),
  radiusServerSecret: text.optional(),
});

export const vpnClientConfiguration = z.object({
  vpnClientAddressPool: addressSpace.optional(),
  vpnClientProtocols: z.array(oneOf('VpnClientProtocol', ['IkeV2', 'SSTP', 'OpenVPN'])).optional(),
  vpnAuthenticationTypes: listOf(oneOf('VpnAuthenticationType', ['Certificate', 'Radius', 'AAD'])),
  vpnClientRootCertificates: listOf(z.object({ name: text, properties: z.object({ publicCertData: text }) })),
  vpnClientRevokedCertificates: listOf(z.object({ name: text, properties: z.object({ thumbprint: text.optional() }).default({}) })),
  vpnClientIpsecPolicies: listOf(ipsecPolicy),
  radiusServerAddress: textOrNothing,
  radiusServerSecret: textOrNothing,
  radiusServers: listOf(radiusServer),
  aadTenant: textOrNothing,
  aadAudience: textOrNothing,
  aadIssuer: textOrNothing,
  vngClientConnectionConfigurations: listOf(
    z.object({
      name: text.optional(),
      properties: z.object({ vpnClientAddressPool: addressSpace, virtualNetworkGatewayPolicyGroups: z.array(reference) }),
    }),
  ),
});

export type VpnClientRead = DeepReadonly<z.output<typeof vpnClientConfiguration>>;
type RadiusServer = Omit<VpnClientRead['radiusServers'][number], 'radiusServerSecret'>;

export type VpnClientConfiguration = Omit<VpnClientRead, 'radiusServers' | 'radiusServerSecret' | 'vpnClientProtocols'> & {
  readonly radiusServers: readonly RadiusServer[];
  readonly vpnClientProtocols: readonly ('IkeV2' | 'SSTP' | 'OpenVPN')[];
};

/** Name of the stored secret of a RADIUS server; without an address, of the single server of older API versions. */
export function radiusSecretName(address?: string): string {
  return address === undefined ? 'radiusServerSecret' : `radiusServerSecret ${address.toLowerCase()}`;
}
