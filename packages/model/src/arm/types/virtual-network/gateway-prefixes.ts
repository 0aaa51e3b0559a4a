/**
 * How many address prefixes a virtual network may have while a VPN gateway is in it. Asked when the network changes and when the gateway does.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { gatewaysOfNetwork, type VirtualNetwork } from '../typed.ts';

const maximumPrefixes = 600;

export function gatewayPrefixIssues({ id, properties }: VirtualNetwork, gatewayId: string, target: string): readonly Issue[] {
  const { length } = properties.addressSpace.addressPrefixes;
  return when(length > maximumPrefixes, () =>
    refuse(
      'VGW-NET-009',
      'TooManyAddressPrefixesForVirtualNetworkGateway',
      `Virtual network ${id} has ${length} address prefixes; with the VPN gateway ${gatewayId} the maximum is ${maximumPrefixes}.`,
      target,
    ),
  );
}

export function ownGatewayPrefixIssues(network: VirtualNetwork, { lookup }: RuleContext): readonly Issue[] {
  const gateway = gatewaysOfNetwork(lookup, network.id).find(({ properties }) => properties.gatewayType === 'Vpn');
  return gateway === undefined ? [] : gatewayPrefixIssues(network, gateway.id, 'properties.addressSpace.addressPrefixes');
}
