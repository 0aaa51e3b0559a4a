/**
 * What one gateway can be connected to at the same time: disjoint address spaces, distinct sites, BGP for several
 * tunnels to one site. Also asked when a site changes (local-network-gateway/rules.ts).
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#V2VMulti
 */
import { bitsOf, containsAddress, parseAddress, parseCidr } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { ResourceLookup } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { isApipa } from '../../rules/apipa.ts';
import { firstOverlap } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import {
  asLocalNetworkGateway,
  asVirtualNetworkGateway,
  connectionsOfGateway,
  networkOfGateway,
  type Connection,
  type LocalNetworkGateway,
  type VirtualNetworkGateway,
} from '../typed.ts';
import { effectiveRemotePrefixes, natRulesOf, translated } from './remote-prefixes.ts';

export function siteIssues(connection: Connection, lookup: ResourceLookup): readonly Issue[] {
  const gateway = asVirtualNetworkGateway(lookup.get(connection.properties.virtualNetworkGateway1.id));
  if (gateway === undefined || connection.properties.connectionType === 'ExpressRoute') return [];
  const others = connectionsOfGateway(lookup, gateway.id).filter(
    (other) => !isSameResource(other.id, connection.id) && other.properties.connectionType !== 'ExpressRoute',
  );
  const site =
    connection.properties.connectionType === 'IPsec'
      ? asLocalNetworkGateway(lookup.get(connection.properties.localNetworkGateway2?.id ?? ''))
      : undefined;
  return [
    ...networkOverlapIssues(connection, gateway, lookup),
    ...others.flatMap((other) => neighbourIssues(connection, other, site, gateway, lookup)),
    ...(site === undefined ? [] : oneSiteIssues(connection, site, gateway, lookup)),
  ];
}

/** Far prefixes, after ingress NAT, against the network as the far end sees it, after egress NAT. */
function networkOverlapIssues(connection: Connection, gateway: VirtualNetworkGateway, lookup: ResourceLookup): readonly Issue[] {
  const space = networkOfGateway(lookup, gateway)?.properties.addressSpace.addressPrefixes ?? [];
  const hidden = natRulesOf(lookup, connection, 'egressNatRules');
  const far = effectiveRemotePrefixes(lookup, connection);
  const overlap =
    firstOverlap(space, far) ??
    (hidden.length > 0
      ? firstOverlap(
          space.map((prefix) => translated(prefix, hidden)),
          far,
        )
      : undefined);
  const isNetwork = connection.properties.connectionType === 'Vnet2Vnet';
  return when(overlap !== undefined, () =>
    refuse(
      isNetwork ? 'VGW-CONN-010' : 'VGW-CONN-011',
      isNetwork ? 'VnetToVnetConnectionOverlappingAddressSpaces' : 'LocalNetworkGatewayOverlapsVirtualNetwork',
      `Connection ${connection.id} cannot be created or updated: address prefix ${overlap?.[0] ?? ''} of the virtual network of gateway ${gateway.id} overlaps with ${overlap?.[1] ?? ''} on the other side.`,
      isNetwork ? 'properties.virtualNetworkGateway2' : 'properties.localNetworkGateway2',
    ),
  );
}

function neighbourIssues(
  connection: Connection,
  other: Connection,
  site: LocalNetworkGateway | undefined,
  gateway: VirtualNetworkGateway,
  lookup: ResourceLookup,
): readonly Issue[] {
  const haveBgp = connection.properties.enableBgp && other.properties.enableBgp;
  const target = site === undefined ? 'properties.virtualNetworkGateway2' : 'properties.localNetworkGateway2';
  if (isSameFarEnd(connection, other)) {
    const far = asVirtualNetworkGateway(lookup.get(connection.properties.virtualNetworkGateway2?.id ?? ''));
    return [
      ...when(site !== undefined && !haveBgp, () =>
        refuse(
          'VGW-CONN-013',
          'MultipleConnectionsToSameSiteRequireBgp',
          `Connections ${connection.id} and ${other.id} of gateway ${gateway.id} lead to the same local network gateway; BGP must be enabled on both.`,
          target,
        ),
      ),
      ...when(site === undefined && !gateway.properties.activeActive && far?.properties.activeActive !== true, () =>
        refuse(
          'VGW-CONN-030',
          'RedundantVnetToVnetConnectionRequiresActiveActive',
          `Connections ${connection.id} and ${other.id} connect the same two gateways; one of them must be ActiveActive.`,
          target,
        ),
      ),
    ];
  }
  const overlap = firstOverlap(effectiveRemotePrefixes(lookup, connection), effectiveRemotePrefixes(lookup, other));
  return [
    ...when(overlap !== undefined, () =>
      refuse(
        'VGW-CONN-012',
        'ConnectionOverlappingAddressSpaces',
        `Connection ${connection.id} cannot be created or updated because its address prefix ${overlap?.[0] ?? ''} overlaps with ${overlap?.[1] ?? ''} of connection ${other.id} of the same gateway ${gateway.id}.`,
        target,
      ),
    ),
    ...when(
      site !== undefined && isSameDevice(site, asLocalNetworkGateway(lookup.get(other.properties.localNetworkGateway2?.id ?? ''))),
      () =>
        refuse(
          'VGW-CONN-014',
          'ConnectionsToSameGatewayIpAddress',
          `Connections ${connection.id} and ${other.id} of gateway ${gateway.id} lead to local network gateways with the same address ${site?.properties.gatewayIpAddress ?? site?.properties.fqdn ?? ''}.`,
          target,
        ),
    ),
  ];
}

function isSameFarEnd({ properties: a }: Connection, { properties: b }: Connection): boolean {
  if (a.connectionType !== b.connectionType) return false;
  const ends = (
    a.connectionType === 'IPsec' ? [a, b].map((one) => one.localNetworkGateway2) : [a, b].map((one) => one.virtualNetworkGateway2)
  ).map((end) => end?.id);
  return ends[0] !== undefined && ends[1] !== undefined && isSameResource(ends[0], ends[1]);
}

function isSameDevice({ properties: a }: LocalNetworkGateway, other: LocalNetworkGateway | undefined): boolean {
  if (other === undefined) return false;
  const b = other.properties;
  return a.gatewayIpAddress !== undefined ? a.gatewayIpAddress === b.gatewayIpAddress : a.fqdn?.toLowerCase() === b.fqdn?.toLowerCase();
}

function oneSiteIssues(
  connection: Connection,
  site: LocalNetworkGateway,
  gateway: VirtualNetworkGateway,
  lookup: ResourceLookup,
): readonly Issue[] {
  const { enableBgp } = connection.properties;
  if (!enableBgp) {
    return when(site.properties.localNetworkAddressSpace.addressPrefixes.length === 0, () =>
      refuse(
        'VGW-CONN-015',
        'LocalNetworkGatewayHasNoAddressSpace',
        `Connection ${connection.id} without BGP needs at least one address prefix in local network gateway ${site.id}.`,
        'properties.localNetworkGateway2',
      ),
    );
  }
  const bgp = site.properties.bgpSettings;
  const target = 'properties.enableBgp';
  if (bgp?.bgpPeeringAddress === undefined || bgp.asn === 0) {
    return [
      refuse(
        'VGW-CONN-018',
        'LocalNetworkGatewayBgpSettingsRequired',
        `BGP cannot be enabled on connection ${connection.id} because local network gateway ${site.id} has no BGP settings.`,
        target,
      ),
    ];
  }
  const space = networkOfGateway(lookup, gateway)?.properties.addressSpace.addressPrefixes ?? [];
  const hostBits = bitsOf(parseAddress(bgp.bgpPeeringAddress)?.family ?? 4);
  const translatedPeer =
    translated(`${bgp.bgpPeeringAddress}/${hostBits}`, natRulesOf(lookup, connection, 'ingressNatRules')).split('/')[0] ?? '';
  const hasCustom = gateway.properties.bgpSettings.bgpPeeringAddresses.some((entry) => entry.customBgpIpAddresses.length > 0);
  return [
    ...when(bgp.asn === gateway.properties.bgpSettings.asn, () =>
      refuse(
        'VGW-CONN-019',
        'ConnectionAsnsMustDiffer',
        `Connection ${connection.id} with BGP needs different ASNs: gateway ${gateway.id} and local network gateway ${site.id} both have ${bgp.asn}.`,
        target,
      ),
    ),
    ...when(isInside(space, translatedPeer), () =>
      refuse(
        'VGW-CONN-020',
        'BgpPeeringAddressInVirtualNetwork',
        `The BGP peering address ${bgp.bgpPeeringAddress} of local network gateway ${site.id} is in the address space of the virtual network of gateway ${gateway.id}.`,
        'properties.localNetworkGateway2',
      ),
    ),
    ...when(isApipa(bgp.bgpPeeringAddress) && !hasCustom, () =>
      refuse(
        'VGW-CONN-033',
        'CustomBgpIpAddressRequired',
        `The BGP peering address ${bgp.bgpPeeringAddress} of local network gateway ${site.id} is link-local; gateway ${gateway.id} needs a custom BGP IP address for it.`,
        target,
      ),
    ),
  ];
}

function isInside(space: readonly string[], address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && space.map(parseCidr).some((prefix) => prefix !== undefined && containsAddress(prefix, parsed));
}
