/** A network that grows must not grow into what its gateways are connected to. */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { firstOverlap } from '../../rules/prefixes.ts';
import { refuse } from '../../rules/refuse.ts';
import { effectiveRemotePrefixes } from '../connection/remote-prefixes.ts';
import { connectionsOfGateway, gatewaysOfNetwork, type VirtualNetwork } from '../typed.ts';

export function connectedOverlapIssues(
  network: VirtualNetwork,
  existing: VirtualNetwork | undefined,
  context: RuleContext,
): readonly Issue[] {
  const before = new Set(existing?.properties.addressSpace.addressPrefixes);
  const added = network.properties.addressSpace.addressPrefixes.filter((prefix) => !before.has(prefix));
  if (existing === undefined || added.length === 0) return [];
  const connections = gatewaysOfNetwork(context.lookup, network.id).flatMap((gateway) => connectionsOfGateway(context.lookup, gateway.id));
  return connections.flatMap((connection) => {
    const overlap = firstOverlap(added, effectiveRemotePrefixes(context.lookup, connection));
    if (overlap === undefined) return [];
    return [
      refuse(
        'VNET-ADDR-007',
        'VirtualNetworkAddressSpaceOverlapsConnection',
        `Address prefix ${overlap[0]} of virtual network ${network.id} overlaps with ${overlap[1]}, which connection ${connection.id} reaches.`,
        'properties.addressSpace.addressPrefixes',
      ),
    ];
  });
}
