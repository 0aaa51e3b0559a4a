/** The resource type virtualNetworks, with its children subnets and peerings. */
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { subnetInUse, subnetIssues } from './subnet-rules.ts';
import { addressIssues } from './address-rules.ts';
import { allocatePeerings, peeringIssues } from './peering-rules.ts';
import { childNameIssues } from '../../rules/names.ts';
import { resourceName } from '../../resource-id.ts';
import { usesOfNetwork } from '../usage.ts';
import { ownGatewayPrefixIssues } from './gateway-prefixes.ts';
import { connectedOverlapIssues } from './connected-rules.ts';
import { virtualNetworkProperties, virtualNetworkTop } from './schema.ts';
import { viewVirtualNetwork } from './view.ts';

export const virtualNetworkRules = defineType({
  type: types.virtualNetwork,
  children: [
    { segment: 'subnets', type: `${types.virtualNetwork}/subnets` },
    { segment: 'virtualNetworkPeerings', type: `${types.virtualNetwork}/virtualNetworkPeerings` },
  ],
  isPlanned: true,
  top: virtualNetworkTop,
  properties: virtualNetworkProperties,
  complete: (read, top, existing) => ({
    top,
    properties: { ...read, virtualNetworkPeerings: read.virtualNetworkPeerings ?? existing?.properties.virtualNetworkPeerings ?? [] },
  }),
  validate: (candidate, existing, context) => [
    ...addressIssues(candidate),
    ...childNameIssues(
      candidate.id,
      'subnets',
      candidate.properties.subnets.map((subnet) => subnet.name),
    ),
    ...subnetIssues(candidate, existing, context),
    ...peeringIssues(candidate, context),
    ...connectedOverlapIssues(candidate, existing, context),
    ...ownGatewayPrefixIssues(candidate, context),
  ],
  allocate: (candidate, existing, context) => ({
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
    ...allocatePeerings(candidate, existing, context),
  }),
  validateDelete: (existing, context) =>
    usesOfNetwork(context.lookup, existing.id).map((use) => subnetInUse(resourceName(use.subnetId ?? ''), use)),
  references: ({ properties }) => [
    ...properties.subnets.flatMap(({ properties: { networkSecurityGroup, routeTable, natGateway } }) =>
      [networkSecurityGroup, routeTable, natGateway].filter((reference) => reference !== undefined).map((reference) => reference.id),
    ),
    ...properties.virtualNetworkPeerings.map((peering) => peering.properties.remoteVirtualNetwork.id),
  ],
  view: viewVirtualNetwork,
});
