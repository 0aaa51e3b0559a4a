/** A virtual network as a GET shows it, with what the service knows: who is in each subnet, whether peerings are connected. */
import type { JsonObject } from '../../../json.ts';
import type { ViewContext } from '../../resource.ts';
import { resourceName, type ResourceId } from '../../resource-id.ts';
import { childEnvelope, childId } from '../children.ts';
import { asVirtualNetwork, gatewaysOfNetwork, type VirtualNetwork } from '../typed.ts';
import { usesOfNetwork, type IpConfigurationUse } from '../usage.ts';
import { isDisconnected, otherSide } from './peering-rules.ts';
import type { Subnet, VirtualNetworkPeering } from './schema.ts';

export function viewVirtualNetwork(network: VirtualNetwork, context: ViewContext): JsonObject {
  const { subnets, virtualNetworkPeerings, ...rest } = network.properties;
  const uses = usesOfNetwork(context.lookup, network.id);
  return {
    ...rest,
    subnets: subnets.map((subnet) => viewSubnet(network, subnet, uses)),
    virtualNetworkPeerings: virtualNetworkPeerings.map((peering) => viewPeering(network, peering, context)),
  };
}

function viewSubnet(network: VirtualNetwork, subnet: Subnet, uses: readonly IpConfigurationUse[]): JsonObject {
  const inside = uses.filter((use) => resourceName(use.subnetId ?? '').toLowerCase() === subnet.name.toLowerCase());
  const { delegations, serviceEndpoints, ...rest } = subnet.properties;
  const envelope = childEnvelope(network, 'subnets', subnet.name, {});
  const id = childId(network.id, 'subnets', subnet.name) as ResourceId;
  return {
    ...envelope,
    properties: {
      provisioningState: network.provisioningState,
      ...rest,
      serviceEndpoints: serviceEndpoints.map((endpoint) => ({ provisioningState: network.provisioningState, ...endpoint })),
      delegations: delegations.map((delegation) => ({
        ...childEnvelope({ ...network, id }, 'delegations', delegation.name, delegation.properties),
        type: `${network.type}/subnets/delegations`,
      })),
      ...(inside.length === 0 ? {} : { ipConfigurations: inside.map((use) => ({ id: use.ipConfiguration })) }),
    },
  };
}

function viewPeering(network: VirtualNetwork, peering: VirtualNetworkPeering, context: ViewContext): JsonObject {
  const remote = asVirtualNetwork(context.lookup.get(peering.properties.remoteVirtualNetwork.id));
  const resourceGuid = network.allocated.peeringGuids[peering.name.toLowerCase()];
  const gateways = remote === undefined || !peering.properties.useRemoteGateways ? [] : gatewaysOfNetwork(context.lookup, remote.id);
  return childEnvelope(network, 'virtualNetworkPeerings', peering.name, {
    ...(resourceGuid === undefined ? {} : { resourceGuid }),
    ...peering.properties,
    ...peeringState(network, remote, resourceGuid),
    ...(remote === undefined
      ? {}
      : {
          remoteAddressSpace: remote.properties.addressSpace,
          remoteVirtualNetworkAddressSpace: remote.properties.addressSpace,
          localAddressSpace: network.properties.addressSpace,
          localVirtualNetworkAddressSpace: network.properties.addressSpace,
          ...(remote.properties.bgpCommunities === undefined ? {} : { remoteBgpCommunities: remote.properties.bgpCommunities }),
          ...(remote.properties.encryption === undefined ? {} : { remoteVirtualNetworkEncryption: remote.properties.encryption }),
        }),
    ...(gateways.length === 0 ? {} : { remoteGateways: gateways.map((gateway) => ({ id: gateway.id })) }),
  });
}

/** `Initiated` until the other side peers back; `Disconnected` once the other network or its peering, seen before, is gone. */
function peeringState(network: VirtualNetwork, remote: VirtualNetwork | undefined, guid: string | undefined): JsonObject {
  if (remote === undefined) return { peeringState: 'Disconnected', peeringSyncLevel: 'RemoteNotInSync' };
  if (isDisconnected(guid, remote)) return { peeringState: 'Disconnected', peeringSyncLevel: 'RemoteNotInSync' };
  if (otherSide(network.id, remote) !== undefined) return { peeringState: 'Connected', peeringSyncLevel: 'FullyInSync' };
  return { peeringState: 'Initiated', peeringSyncLevel: 'RemoteNotInSync' };
}
