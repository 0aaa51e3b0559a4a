/** What a network security group and its rules may hold. Stored and checked; filtering by it is a later matter. */
import { z } from 'zod';
import { flag, integer, listOf, oneOf, reference, text, type DeepReadonly } from '../../schema/fields.ts';

export const securityRule = z.object({
  name: text,
  properties: z.object({
    description: text.optional(),
    protocol: oneOf('SecurityRuleProtocol', ['Tcp', 'Udp', 'Icmp', 'Esp', '*', 'Ah']),
    sourcePortRange: text.optional(),
    destinationPortRange: text.optional(),
    sourceAddressPrefix: text.optional(),
    sourceAddressPrefixes: listOf(text),
    sourceApplicationSecurityGroups: z.array(reference).optional(),
    destinationAddressPrefix: text.optional(),
    destinationAddressPrefixes: listOf(text),
    destinationApplicationSecurityGroups: z.array(reference).optional(),
    sourcePortRanges: listOf(text),
    destinationPortRanges: listOf(text),
    access: oneOf('SecurityRuleAccess', ['Allow', 'Deny']),
    priority: integer,
    direction: oneOf('SecurityRuleDirection', ['Inbound', 'Outbound']),
  }),
});

export const networkSecurityGroupProperties = z.object({ securityRules: listOf(securityRule), flushConnection: flag.optional() });
export const networkSecurityGroupTop = z.object({});

export type SecurityRule = DeepReadonly<z.output<typeof securityRule>>;
export type NetworkSecurityGroupProperties = DeepReadonly<z.output<typeof networkSecurityGroupProperties>>;
export type NetworkSecurityGroupAllocated = { readonly resourceGuid: string };
