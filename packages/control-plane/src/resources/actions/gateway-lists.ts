/**
 * What a gateway can be asked: its connections, BGP peers (none yet), routes it knows.
 * Nothing here is made up: routes are those of the current plan, and an empty list means there is none.
 */
import type { InstancePlan, JsonObject, Resource } from '@sallyport/model';
import { isSameResource } from '@sallyport/model';
import type { ArmContext } from '../../arm/context.ts';
import type { ArmResponse } from '../../arm/message.ts';
import { page } from '../../arm/paging.ts';
import { viewInList } from '../view.ts';
import type { Action, ActionCall } from './action.ts';
import { dataAnswer } from './action.ts';

const type = 'virtualNetworkGateways';
/** Azure's weight of routes the gateway has of itself. */
const ownWeight = 32_768;

export const gatewayListActions: readonly Action[] = [
  { method: 'GET', type, path: 'connections', answer: listConnections },
  { method: 'POST', type, path: 'getBgpPeerStatus', answer: (call) => dataAnswer(call, 'GetBgpPeerStatus', { value: [] }) },
  { method: 'POST', type, path: 'getAdvertisedRoutes', answer: (call) => dataAnswer(call, 'GetAdvertisedRoutes', { value: [] }) },
  {
    method: 'POST',
    type,
    path: 'getLearnedRoutes',
    answer: (call) => dataAnswer(call, 'GetLearnedRoutes', { value: learnedRoutes(call) }),
  },
];

function listConnections({ context, request, existing }: ActionCall): ArmResponse {
  const connections = context.resources
    .referencing(existing.id)
    .filter((resource) => resource.type === 'Microsoft.Network/connections')
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return page(request, connections, keyOf, (item) => viewInList(context, item));
}

const keyOf = (resource: Resource): string => resource.id.toLowerCase();

function learnedRoutes({ context, existing }: ActionCall): readonly JsonObject[] {
  return instancesOf(context, existing).flatMap((instance) => {
    const own = instance.vnet.address.replace(/\/\d+$/, '');
    const networks = [...instance.vnet.prefixes, ...instance.tunnels.flatMap(({ remotePrefixes }) => remotePrefixes)];
    return [...new Set(networks)].map((network) => ({
      localAddress: own,
      network,
      nextHop: '',
      sourcePeer: own,
      origin: 'Network',
      asPath: '',
      weight: ownWeight,
    }));
  });
}

function instancesOf(context: ArmContext, gateway: Resource): readonly InstancePlan[] {
  const hosts = context.live.plan()?.plan.hosts ?? [];
  return hosts.flatMap(({ instances }) => instances.filter((instance) => isSameResource(instance.gateway, gateway.id)));
}
