/** The resource type virtualNetworkGateways, with its children natRules. */
import { isSameResource } from '../../resource-id.ts';
import { refuse } from '../../rules/refuse.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { asConnection } from '../typed.ts';
import { allocateGateway } from './allocate.ts';
import { bgpIssues } from './bgp-rules.ts';
import { completeGateway } from './complete.ts';
import { connectedIssues } from './connected-rules.ts';
import { ipConfigurationIssues } from './ip-configuration-rules.ts';
import { natRuleIssues } from './nat-rules.ts';
import { immutableIssues, networkIssues, routeIssues } from './network-rules.ts';
import { radiusSecretIssues } from './radius-rules.ts';
import { virtualNetworkGatewayProperties, virtualNetworkGatewayTop } from './schema.ts';
import { resizeIssues, skuIssues } from './sku-rules.ts';
import { viewGateway } from './view.ts';
import { vpnClientIssues } from './vpn-client-rules.ts';

export const virtualNetworkGatewayRules = defineType({
  type: types.virtualNetworkGateway,
  children: [{ segment: 'natRules', type: `${types.virtualNetworkGateway}/natRules` }],
  isPlanned: true,
  top: virtualNetworkGatewayTop,
  properties: virtualNetworkGatewayProperties,
  complete: (read, top, existing) => {
    const completed = completeGateway(read, top, existing);
    return { ...completed, issues: radiusSecretIssues(completed.secrets ?? {}) };
  },
  validate: (candidate, existing, context) => [
    ...immutableIssues(candidate, existing),
    ...resizeIssues(candidate, existing),
    ...ipConfigurationIssues(candidate, existing, context),
    ...skuIssues(candidate, context),
    ...networkIssues(candidate, context),
    ...routeIssues(candidate, context),
    ...bgpIssues(candidate, context),
    ...natRuleIssues(candidate, existing, context),
    ...connectedIssues(candidate, context),
    ...vpnClientIssues(candidate, context),
  ],
  allocate: allocateGateway,
  validateDelete: (existing, context) =>
    context.lookup
      .referencing(existing.id)
      .map(asConnection)
      .filter((connection) => connection !== undefined && !isSameResource(connection.id, existing.id))
      .map((connection) =>
        refuse(
          'VGW-USE-001',
          'VirtualNetworkGatewayCannotBeDeleted',
          `Virtual network gateway ${existing.id} can not be deleted since it is still in use by connection ${connection?.id ?? ''}. Delete its connections first.`,
        ),
      ),
  references: ({ properties }) => [
    ...properties.ipConfigurations.flatMap(({ properties: { subnet, publicIPAddress } }) =>
      [subnet, publicIPAddress].filter((reference) => reference !== undefined).map((reference) => reference.id),
    ),
    ...(properties.gatewayDefaultSite === undefined ? [] : [properties.gatewayDefaultSite.id]),
  ],
  view: viewGateway,
});
