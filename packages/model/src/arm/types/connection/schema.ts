/** What a connection may hold. Keys leave the properties in rules.ts: a GET, a plan or a log never has them. */
import { z } from 'zod';
import { flag, integer, listOf, oneOf, reference, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';
import { ipsecPolicy } from '../../schema/ipsec.ts';

export const connectionProperties = z.object({
  virtualNetworkGateway1: reference,
  virtualNetworkGateway2: reference.optional(),
  localNetworkGateway2: reference.optional(),
  peer: reference.optional(),
  connectionType: oneOf('VirtualNetworkGatewayConnectionType', ['IPsec', 'Vnet2Vnet', 'ExpressRoute', 'VPNClient']),
  connectionProtocol: oneOf('VirtualNetworkGatewayConnectionProtocol', ['IKEv2', 'IKEv1']).optional(),
  connectionMode: oneOf('VirtualNetworkGatewayConnectionMode', ['Default', 'ResponderOnly', 'InitiatorOnly']).default('Default'),
  routingWeight: integer.default(0),
  /** Seconds; 0 is the default of 45. */
  dpdTimeoutSeconds: integer.default(0),
  sharedKey: textOrNothing,
  authorizationKey: textOrNothing,
  enableBgp: flag.default(false),
  gatewayCustomBgpIpAddresses: listOf(z.object({ ipConfigurationId: text, customBgpIpAddress: text })),
  useLocalAzureIpAddress: flag.default(false),
  usePolicyBasedTrafficSelectors: flag.default(false),
  ipsecPolicies: listOf(ipsecPolicy),
  trafficSelectorPolicies: listOf(z.object({ localAddressRanges: z.array(text), remoteAddressRanges: z.array(text) })),
  ingressNatRules: listOf(reference),
  egressNatRules: listOf(reference),
  expressRouteGatewayBypass: flag.default(false),
  enablePrivateLinkFastPath: flag.default(false),
  tunnelProperties: z.array(z.object({ tunnelIpAddress: text.optional(), bgpPeeringAddress: text.optional() })).optional(),
  authenticationType: oneOf('ConnectionAuthenticationType', ['PSK', 'Certificate']).optional(),
  certificateAuthentication: z
    .object({
      outboundAuthCertificate: text.optional(),
      inboundAuthCertificateSubjectName: text.optional(),
      inboundAuthCertificateChain: z.array(text).optional(),
    })
    .optional(),
});

export const connectionTop = z.object({});

export type ConnectionRead = DeepReadonly<z.output<typeof connectionProperties>>;
export type ConnectionProperties = Omit<ConnectionRead, 'sharedKey' | 'authorizationKey'>;
export type ConnectionAllocated = {
  readonly resourceGuid: string;
  /** The one asked for at creation, else what fits the gateway: IKEv1 for a policy-based one, IKEv2 for the others. */
  readonly connectionProtocol: 'IKEv1' | 'IKEv2';
  /** Raised by a reset of the connection. */
  readonly resetEpoch: number;
};
