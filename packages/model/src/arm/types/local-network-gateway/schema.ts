/** What a local network gateway may hold: the site's public side, its prefixes, its BGP speaker. */
import { z } from 'zod';
import { integer, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';
import { addressSpace } from '../virtual-network/schema.ts';

/** `bgpPeeringAddresses` belongs to gateways; clients send it here as well and Azure ignores it. */
export const localBgpSettings = z.object({
  asn: integer.default(0),
  bgpPeeringAddress: textOrNothing,
  peerWeight: integer.default(0),
});

export const localNetworkGatewayProperties = z.object({
  localNetworkAddressSpace: addressSpace.default(() => ({ addressPrefixes: [] })),
  gatewayIpAddress: textOrNothing,
  fqdn: textOrNothing,
  bgpSettings: localBgpSettings.optional(),
});

export const localNetworkGatewayTop = z.object({});

export type LocalNetworkGatewayProperties = DeepReadonly<z.output<typeof localNetworkGatewayProperties>>;
export type LocalNetworkGatewayAllocated = { readonly resourceGuid: string };
