/**
 * A gateway and its virtual network: one of each type, coexistence, gateway transit; what can never change; routes.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings,
 * https://learn.microsoft.com/azure/expressroute/how-to-configure-coexisting-gateway-portal
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { prefixIssues } from '../../rules/prefixes.ts';
import { referenceIssues, wants } from '../../rules/references.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { types } from '../names.ts';
import { findSubnet, gatewaysOfNetwork, networkOfGateway, type VirtualNetworkGateway } from '../typed.ts';
import { ipv4PrefixOf } from '../virtual-network/address-rules.ts';
import { gatewayPrefixIssues } from '../virtual-network/gateway-prefixes.ts';

/** Two gateways need more addresses than a /28 has. */
const longestSharedSubnet = 27;

export function networkIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  const network = networkOfGateway(context.lookup, gateway);
  if (network === undefined) return [];
  const others = gatewaysOfNetwork(context.lookup, network.id).filter((other) => !isSameResource(other.id, gateway.id));
  const twin = others.find((other) => other.properties.gatewayType === gateway.properties.gatewayType);
  const user = network.properties.virtualNetworkPeerings.find((peering) => peering.properties.useRemoteGateways);
  return [
    ...when(twin !== undefined, () =>
      refuse(
        'VGW-NET-001',
        'VirtualNetworkAlreadyHasGatewayOfSameType',
        `A virtual network can't be associated with more than one gateway of one type. Virtual network ${network.id} already has the gateway ${twin?.id ?? ''} of type ${gateway.properties.gatewayType}.`,
        'properties.ipConfigurations',
      ),
    ),
    ...when(user !== undefined, () =>
      refuse(
        'VGW-NET-002',
        'VnetUsesRemoteGatewaysCannotHaveGateway',
        `Gateway ${gateway.id} cannot be created because peering ${user?.name ?? ''} of virtual network ${network.id} has UseRemoteGateways flag set to true.`,
        'properties.ipConfigurations',
      ),
    ),
    ...(gateway.properties.gatewayType === 'Vpn' ? gatewayPrefixIssues(network, gateway.id, 'properties.ipConfigurations') : []),
    ...(others.length > 0 && twin === undefined ? coexistenceIssues(gateway, others, context) : []),
  ];
}

function coexistenceIssues(
  gateway: VirtualNetworkGateway,
  others: readonly VirtualNetworkGateway[],
  { lookup }: RuleContext,
): readonly Issue[] {
  const found = findSubnet(lookup, gateway.properties.ipConfigurations[0]?.properties.subnet?.id ?? '');
  const prefix = found === undefined ? undefined : ipv4PrefixOf(found.subnet);
  const vpn = [gateway, ...others].find((one) => one.properties.gatewayType === 'Vpn');
  return [
    ...when(prefix !== undefined && prefix.length > longestSharedSubnet, () =>
      refuse(
        'VGW-NET-003',
        'GatewaySubnetTooSmallForCoexistence',
        `The GatewaySubnet of gateway ${gateway.id} must be /27 or larger for a VPN and an ExpressRoute gateway to coexist.`,
        'properties.ipConfigurations',
      ),
    ),
    ...when(vpn !== undefined && (vpn.properties.sku.name === 'Basic' || vpn.properties.vpnType === 'PolicyBased'), () =>
      refuse(
        'VGW-NET-004',
        'VirtualNetworkGatewayCannotCoexist',
        `Virtual network gateway ${vpn?.id ?? ''} of sku ${vpn?.properties.sku.name ?? ''} and VpnType ${vpn?.properties.vpnType ?? ''} cannot coexist with another gateway.`,
        'properties.sku',
      ),
    ),
  ];
}

export function immutableIssues({ id, properties }: VirtualNetworkGateway, existing: VirtualNetworkGateway | undefined): readonly Issue[] {
  return (['gatewayType', 'vpnType'] as const).flatMap((member) =>
    when(existing !== undefined && existing.properties[member] !== properties[member], () =>
      refuse(
        member === 'vpnType' ? 'VGW-NET-005' : 'VGW-NET-006',
        member === 'vpnType' ? 'VirtualNetworkGatewayVpnTypeCannotBeChanged' : 'VirtualNetworkGatewayTypeCannotBeChanged',
        `The ${member} of gateway ${id} cannot be changed from ${existing?.properties[member] ?? ''} to ${properties[member]}. Delete the gateway and create it again.`,
        `properties.${member}`,
      ),
    ),
  );
}

/** Custom routes for VPN clients, and the site that all Internet-bound traffic goes to. */
export function routeIssues(gateway: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  const { customRoutes, gatewayDefaultSite, vpnType } = gateway.properties;
  return [
    ...prefixIssues(customRoutes?.addressPrefixes ?? [], gateway.id, 'properties.customRoutes.addressPrefixes'),
    ...referenceIssues(lookup, gateway, [wants(gatewayDefaultSite, types.localNetworkGateway, 'properties.gatewayDefaultSite.id')]),
    ...when(gatewayDefaultSite !== undefined && vpnType === 'PolicyBased', () =>
      refuse(
        'VGW-NET-007',
        'GatewayDefaultSiteNotSupportedForPolicyBasedGateway',
        `GatewayDefaultSite needs a RouteBased gateway; the VpnType of gateway ${gateway.id} is PolicyBased.`,
        'properties.gatewayDefaultSite',
      ),
    ),
  ];
}
