/**
 * The two ends of a connection: each type needs its own kind of peer and gateway; what cannot change afterwards.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#connectiontype
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { referenceIssues, wants } from '../../rules/references.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { types } from '../names.ts';
import { asVirtualNetworkGateway, type Connection } from '../typed.ts';

const peerOf = { IPsec: 'localNetworkGateway2', Vnet2Vnet: 'virtualNetworkGateway2', ExpressRoute: 'peer' } as const;

export function peerIssues(connection: Connection, context: RuleContext): readonly Issue[] {
  const { connectionType, virtualNetworkGateway1, virtualNetworkGateway2, localNetworkGateway2, peer } = connection.properties;
  if (connectionType === 'VPNClient') {
    return [
      refuse(
        'VGW-CONN-003',
        'InvalidConnectionType',
        `Connection ${connection.id} cannot be of type VPNClient; VPN clients connect through the vpnClientConfiguration of the gateway.`,
        'properties.connectionType',
      ),
    ];
  }
  const member = peerOf[connectionType];
  return [
    ...when(connection.properties[member] === undefined, () =>
      refuse(
        'VGW-CONN-001',
        'ConnectionPeerRequired',
        `Connection ${connection.id} of type ${connectionType} must reference a ${member}.`,
        `properties.${member}`,
      ),
    ),
    ...referenceIssues(context.lookup, connection, [
      wants(virtualNetworkGateway1, types.virtualNetworkGateway, 'properties.virtualNetworkGateway1.id'),
      wants(virtualNetworkGateway2, types.virtualNetworkGateway, 'properties.virtualNetworkGateway2.id', false),
      wants(localNetworkGateway2, types.localNetworkGateway, 'properties.localNetworkGateway2.id'),
      wants(peer, 'Microsoft.Network/expressRouteCircuits', 'properties.peer.id', false),
    ]),
    ...gatewayIssues(connection, context),
  ];
}

function gatewayIssues({ id, properties }: Connection, { lookup }: RuleContext): readonly Issue[] {
  const { connectionType, virtualNetworkGateway1, virtualNetworkGateway2 } = properties;
  const wanted = connectionType === 'ExpressRoute' ? 'ExpressRoute' : 'Vpn';
  const ends = [
    virtualNetworkGateway1,
    ...(connectionType === 'Vnet2Vnet' && virtualNetworkGateway2 !== undefined ? [virtualNetworkGateway2] : []),
  ];
  return ends.flatMap((end, index) => {
    const gateway = asVirtualNetworkGateway(lookup.get(end.id));
    const target = `properties.virtualNetworkGateway${index + 1}`;
    if (gateway === undefined) return [];
    return [
      ...when(gateway.properties.gatewayType !== wanted, () =>
        refuse(
          'VGW-CONN-002',
          'ConnectionTypeDoesNotMatchGatewayType',
          `Connection ${id} of type ${connectionType} cannot use gateway ${gateway.id} of type ${gateway.properties.gatewayType}.`,
          target,
        ),
      ),
      ...when(connectionType === 'Vnet2Vnet' && gateway.properties.vpnType !== 'RouteBased', () =>
        refuse(
          'VGW-CONN-008',
          'VnetToVnetConnectionRequiresRouteBasedGateway',
          `Connection ${id} of type Vnet2Vnet needs RouteBased gateways on both sides; gateway ${gateway.id} is PolicyBased.`,
          target,
        ),
      ),
      ...when(index === 1 && isSameResource(end.id, virtualNetworkGateway1.id), () =>
        refuse('VGW-CONN-009', 'ConnectionToItselfNotAllowed', `Connection ${id} cannot connect gateway ${gateway.id} to itself.`, target),
      ),
    ];
  });
}

export function immutableIssues({ id, properties }: Connection, existing: Connection | undefined): readonly Issue[] {
  if (existing === undefined) return [];
  const protocol = properties.connectionProtocol;
  return [
    ...when(existing.properties.connectionType !== properties.connectionType, () =>
      refuse(
        'VGW-CONN-004',
        'ConnectionTypeCannotBeChanged',
        `The connectionType of connection ${id} cannot be changed from ${existing.properties.connectionType} to ${properties.connectionType}.`,
        'properties.connectionType',
      ),
    ),
    ...when(protocol !== undefined && protocol !== existing.allocated.connectionProtocol, () =>
      refuse(
        'VGW-CONN-005',
        'ConnectionProtocolCannotBeChanged',
        `The connectionProtocol of connection ${id} cannot be changed from ${existing.allocated.connectionProtocol} to ${protocol ?? ''}. Delete the connection and create it again.`,
        'properties.connectionProtocol',
      ),
    ),
    ...(['virtualNetworkGateway1', 'virtualNetworkGateway2'] as const)
      .filter((member) => isAnother(existing.properties[member]?.id, properties[member]?.id))
      .map((member) =>
        refuse(
          'VGW-CONN-006',
          'ConnectionGatewayCannotBeChanged',
          `The ${member} of connection ${id} cannot be changed. Delete the connection and create it again.`,
          `properties.${member}`,
        ),
      ),
  ];
}

/** One that is missing is for other rules to tell. */
function isAnother(before: string | undefined, after: string | undefined): boolean {
  return before !== undefined && after !== undefined && !isSameResource(before, after);
}
