/** What a connection reaches, as the gateway sees it: NAT rules of the connection applied. Not traffic selectors. */
import { contains, formatCidr, parseCidr, type Cidr } from '../../../ip.ts';
import type { ResourceLookup } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { childId } from '../children.ts';
import { asLocalNetworkGateway, asVirtualNetworkGateway, networkOfGateway, type Connection } from '../typed.ts';
import type { NatRule } from '../virtual-network-gateway/schema.ts';

/** Prefixes behind the far end before NAT: the site's, or the other network's. */
export function remotePrefixes(lookup: Pick<ResourceLookup, 'get'>, connection: Pick<Connection, 'properties'>): readonly string[] {
  const { connectionType, localNetworkGateway2, virtualNetworkGateway2 } = connection.properties;
  if (connectionType === 'IPsec') {
    return asLocalNetworkGateway(lookup.get(localNetworkGateway2?.id ?? ''))?.properties.localNetworkAddressSpace.addressPrefixes ?? [];
  }
  const gateway = asVirtualNetworkGateway(lookup.get(virtualNetworkGateway2?.id ?? ''));
  const network = gateway === undefined ? undefined : networkOfGateway(lookup, gateway);
  return network?.properties.addressSpace.addressPrefixes ?? [];
}

/** The same after ingress NAT: a prefix that a rule maps appears under its external mapping. */
export function effectiveRemotePrefixes(
  lookup: Pick<ResourceLookup, 'get'>,
  connection: Pick<Connection, 'properties'>,
): readonly string[] {
  const rules = natRulesOf(lookup, connection, 'ingressNatRules');
  return remotePrefixes(lookup, connection).map((prefix) => translated(prefix, rules));
}

/** NAT rules of the first gateway that the connection names, in the order it names them. */
export function natRulesOf(
  lookup: Pick<ResourceLookup, 'get'>,
  connection: Pick<Connection, 'properties'>,
  member: 'ingressNatRules' | 'egressNatRules',
): readonly NatRule[] {
  const gateway = asVirtualNetworkGateway(lookup.get(connection.properties.virtualNetworkGateway1.id));
  if (gateway === undefined) return [];
  return connection.properties[member]
    .map((named) => gateway.properties.natRules.find((rule) => isSameResource(childId(gateway.id, 'natRules', rule.name), named.id)))
    .filter((rule) => rule !== undefined);
}

/** A prefix inside a rule's internal mapping moves to the same place in the external one; a dynamic rule hides it whole. */
export function translated(prefix: string, rules: readonly NatRule[]): string {
  const inner = parseCidr(prefix);
  if (inner === undefined) return prefix;
  for (const { properties } of rules) {
    const from = parseCidr(properties.internalMappings[0]?.addressSpace ?? '');
    const to = parseCidr(properties.externalMappings[0]?.addressSpace ?? '');
    if (from === undefined || to === undefined || !contains(from, inner)) continue;
    return formatCidr(properties.type === 'Static' ? moved(inner, from, to) : to);
  }
  return prefix;
}

function moved(inner: Cidr, from: Cidr, to: Cidr): Cidr {
  return { ...inner, address: to.address + (inner.address - from.address) };
}
