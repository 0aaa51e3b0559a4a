/**
 * Rules and state of peerings. A peering is one-sided: what the other side holds decides whether it is `Connected`.
 * Source: https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering#requirements-and-constraints
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { firstOverlap } from '../../rules/prefixes.ts';
import { referenceIssues } from '../../rules/references.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { childId } from '../children.ts';
import { types } from '../names.ts';
import { asVirtualNetwork, gatewaysOfNetwork, type VirtualNetwork } from '../typed.ts';
import type { VirtualNetworkPeering } from './schema.ts';

export function peeringIssues(network: VirtualNetwork, context: RuleContext): readonly Issue[] {
  const peerings = network.properties.virtualNetworkPeerings;
  const names = peerings.map((peering) => peering.name);
  const users = peerings.filter((peering) => peering.properties.useRemoteGateways);
  return [
    ...childNameIssues(network.id, 'virtualNetworkPeerings', names),
    ...peerings.flatMap((peering, index) => onePeeringIssues(network, peering, index, context)),
    ...when(users.length > 1, () =>
      refuse(
        'VNET-PEER-006',
        'OnlyOnePeeringCanUseRemoteGateways',
        `Virtual network ${network.id} can have UseRemoteGateways flag set to true on one peering only; it is set on ${users.map((user) => user.name).join(', ')}.`,
        'properties.virtualNetworkPeerings',
      ),
    ),
  ];
}

function onePeeringIssues(network: VirtualNetwork, peering: VirtualNetworkPeering, index: number, context: RuleContext): readonly Issue[] {
  const target = `properties.virtualNetworkPeerings[${index}].properties`;
  const remoteId = peering.properties.remoteVirtualNetwork.id;
  const missing = referenceIssues(context.lookup, network, [
    { id: remoteId, type: types.virtualNetwork, target: `${target}.remoteVirtualNetwork.id`, isSameRegion: false },
  ]);
  const remote = asVirtualNetwork(context.lookup.get(remoteId));
  if (remote === undefined || missing.length > 0) return missing;
  const peerings = network.properties.virtualNetworkPeerings;
  const overlap = firstOverlap(network.properties.addressSpace.addressPrefixes, remote.properties.addressSpace.addressPrefixes);
  return [
    ...when(isSameResource(remoteId, network.id), () =>
      refuse('VNET-PEER-001', 'CannotPeerVirtualNetworkWithItself', `Virtual network ${network.id} cannot be peered with itself.`, target),
    ),
    ...when(peerings.findIndex((other) => isSameResource(other.properties.remoteVirtualNetwork.id, remoteId)) < index, () =>
      refuse(
        'VNET-PEER-002',
        'VnetAlreadyPeered',
        `Peering ${peering.name} cannot be created: virtual network ${network.id} is already peered with ${remoteId}.`,
        target,
      ),
    ),
    ...when(overlap !== undefined && !isSameResource(remoteId, network.id), () =>
      refuse(
        'VNET-PEER-003',
        'VnetAddressSpacesOverlap',
        `Cannot create or update peering ${childId(network.id, 'virtualNetworkPeerings', peering.name)}. Virtual networks ${network.id} and ${remoteId} cannot be peered because their address spaces overlap. Overlapping address prefixes: ${overlap?.join(', ') ?? ''}`,
        target,
      ),
    ),
    ...disconnectedIssues(network, peering, remote, target),
    ...(peering.properties.useRemoteGateways ? remoteGatewayIssues(network, peering, remote, target, context) : []),
  ];
}

function disconnectedIssues(
  network: VirtualNetwork,
  peering: VirtualNetworkPeering,
  remote: VirtualNetwork,
  target: string,
): readonly Issue[] {
  const other = otherSide(network.id, remote);
  const isLeftOver = other !== undefined && isDisconnected(remote.allocated.peeringGuids[other.name.toLowerCase()], network);
  return when(isLeftOver, () =>
    refuse(
      'VNET-PEER-008',
      'RemotePeeringIsDisconnected',
      `Cannot create or update peering ${childId(network.id, 'virtualNetworkPeerings', peering.name)} because remote peering ${childId(remote.id, 'virtualNetworkPeerings', other?.name ?? '')} referencing parent virtual network ${network.id} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created.`,
      target,
    ),
  );
}

function remoteGatewayIssues(
  network: VirtualNetwork,
  peering: VirtualNetworkPeering,
  remote: VirtualNetwork,
  target: string,
  context: RuleContext,
): readonly Issue[] {
  const id = childId(network.id, 'virtualNetworkPeerings', peering.name);
  const other = otherSide(network.id, remote);
  const gateways = gatewaysOfNetwork(context.lookup, remote.id);
  const policyBased = gateways.find(({ properties }) => properties.gatewayType === 'Vpn' && properties.vpnType === 'PolicyBased');
  return [
    ...when(policyBased !== undefined, () =>
      refuse(
        'VNET-PEER-010',
        'RemoteVnetGatewayDoesNotSupportTransit',
        `Peering ${id} cannot have UseRemoteGateway flag set to true because gateway ${policyBased?.id ?? ''} of the remote virtual network is PolicyBased; gateway transit needs a RouteBased gateway.`,
        `${target}.useRemoteGateways`,
      ),
    ),
    ...when(gateways.length === 0 && !peering.properties.doNotVerifyRemoteGateways, () =>
      refuse(
        'VNET-PEER-004',
        'RemoteVnetHasNoGateways',
        `Peering ${id} cannot have UseRemoteGateway flag set to true because remote virtual network ${remote.id} referenced by the peering does not have any gateways.`,
        `${target}.useRemoteGateways`,
      ),
    ),
    ...when(other !== undefined && !other.properties.allowGatewayTransit, () =>
      refuse(
        'VNET-PEER-005',
        'RemotePeeringDisallowsGatewayTransit',
        `Peering ${id} cannot have UseRemoteGateways flag set to true, because corresponding remote peering ${childId(remote.id, 'virtualNetworkPeerings', other?.name ?? '')} has AllowGatewayTransit flag set to false.`,
        `${target}.useRemoteGateways`,
      ),
    ),
    ...when(gatewaysOfNetwork(context.lookup, network.id).length > 0, () =>
      refuse(
        'VNET-PEER-007',
        'VnetHasGatewaysCannotUseRemoteGateways',
        `Peering ${id} cannot have UseRemoteGateways flag set to true because virtual network ${network.id} has a gateway of its own.`,
        `${target}.useRemoteGateways`,
      ),
    ),
  ];
}

/** The peering of `remote` that points back at this network. */
export function otherSide(networkId: string, remote: VirtualNetwork | undefined): VirtualNetworkPeering | undefined {
  return remote?.properties.virtualNetworkPeerings.find((peering) => isSameResource(peering.properties.remoteVirtualNetwork.id, networkId));
}

/** True for the side that is left over after the other side's peering was deleted. */
export function isDisconnected(guid: string | undefined, remote: VirtualNetwork | undefined): boolean {
  return guid !== undefined && remote?.allocated.endedPeeringGuids.includes(guid) === true;
}

/**
 * A GUID per peering; the side that came first gave it, the second takes it over. Ended ones are remembered, since only
 * that tells a `Disconnected` left-over from an `Initiated` beginning.
 */
export function allocatePeerings(
  network: VirtualNetwork,
  existing: VirtualNetwork | undefined,
  context: RuleContext,
): Pick<VirtualNetwork['allocated'], 'peeringGuids' | 'endedPeeringGuids'> {
  const before = existing?.allocated ?? { peeringGuids: {}, endedPeeringGuids: [] };
  const peeringGuids = Object.fromEntries(
    network.properties.virtualNetworkPeerings.map((peering) => [
      peering.name.toLowerCase(),
      peeringGuid(network, peering, before.peeringGuids, context),
    ]),
  );
  const current = new Set(Object.values(peeringGuids));
  const ended = [...before.endedPeeringGuids, ...Object.values(before.peeringGuids)].filter((guid) => !current.has(guid));
  return { peeringGuids, endedPeeringGuids: [...new Set(ended)] };
}

function peeringGuid(
  network: VirtualNetwork,
  peering: VirtualNetworkPeering,
  before: Readonly<Record<string, string>>,
  context: RuleContext,
): string {
  const remote = asVirtualNetwork(context.lookup.get(peering.properties.remoteVirtualNetwork.id));
  const own = before[peering.name.toLowerCase()];
  if (own !== undefined && !isDisconnected(own, remote)) return own;
  const other = otherSide(network.id, remote);
  return remote?.allocated.peeringGuids[other?.name.toLowerCase() ?? ''] ?? context.newGuid();
}
