/** What connections rely on cannot be taken from under them. BGP is bgp-rules.ts, NAT rules are nat-rules.ts, how many there are is sku-rules.ts. */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { refuse } from '../../rules/refuse.ts';
import { connectionsOfGateway, type VirtualNetworkGateway } from '../typed.ts';

export function connectedIssues({ id, properties }: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  if (properties.enablePrivateIpAddress) return [];
  return connectionsOfGateway(lookup, id)
    .filter((connection) => connection.properties.useLocalAzureIpAddress)
    .map((connection) =>
      refuse(
        'VGW-IP-020',
        'VirtualNetworkGatewayPrivateIpAddressInUse',
        `EnablePrivateIpAddress of gateway ${id} cannot be disabled because connection ${connection.id} uses it.`,
        'properties.enablePrivateIpAddress',
      ),
    );
}
