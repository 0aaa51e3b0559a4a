/**
 * Which NAT rules a connection may use.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/nat-overview
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { isApipa } from '../../rules/apipa.ts';
import { missingReference, refuse, when } from '../../rules/refuse.ts';
import { childId } from '../children.ts';
import {
  asLocalNetworkGateway,
  asVirtualNetworkGateway,
  connectionsOfGateway,
  type Connection,
  type VirtualNetworkGateway,
} from '../typed.ts';

const modes = { ingressNatRules: 'IngressSnat', egressNatRules: 'EgressSnat' } as const;

export function natIssues(connection: Connection, context: RuleContext): readonly Issue[] {
  const { ingressNatRules, egressNatRules, connectionType, usePolicyBasedTrafficSelectors, enableBgp, localNetworkGateway2 } =
    connection.properties;
  if (ingressNatRules.length + egressNatRules.length === 0) return [];
  const gateway = asVirtualNetworkGateway(context.lookup.get(connection.properties.virtualNetworkGateway1.id));
  const site = asLocalNetworkGateway(context.lookup.get(localNetworkGateway2?.id ?? ''));
  const target = ingressNatRules.length > 0 ? 'properties.ingressNatRules' : 'properties.egressNatRules';
  return [
    ...when(connectionType !== 'IPsec', () =>
      refuse(
        'VGW-NAT-011',
        'NatRulesNotSupportedForConnectionType',
        `NAT rules cannot be used on connection ${connection.id} of type ${connectionType}.`,
        target,
      ),
    ),
    ...when(usePolicyBasedTrafficSelectors, () =>
      refuse(
        'VGW-NAT-012',
        'NatRulesNotSupportedWithPolicyBasedTrafficSelectors',
        `NAT rules cannot be used on connection ${connection.id} with policy-based traffic selectors.`,
        target,
      ),
    ),
    ...when(enableBgp && isApipa(site?.properties.bgpSettings?.bgpPeeringAddress), () =>
      refuse(
        'VGW-NAT-013',
        'NatRulesNotSupportedWithBgpApipa',
        `NAT rules cannot be used on connection ${connection.id} because its BGP peering address is link-local.`,
        target,
      ),
    ),
    ...(gateway === undefined ? [] : ruleIssues(connection, gateway, context)),
  ];
}

function ruleIssues(connection: Connection, gateway: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  const others = connectionsOfGateway(lookup, gateway.id).filter((other) => !isSameResource(other.id, connection.id));
  return (['ingressNatRules', 'egressNatRules'] as const).flatMap((member) =>
    connection.properties[member].flatMap(({ id }, index) => {
      const target = `properties.${member}[${index}].id`;
      const rule = gateway.properties.natRules.find((known) => isSameResource(childId(gateway.id, 'natRules', known.name), id));
      if (rule === undefined) return [missingReference(id, connection.id, target)];
      const users = others.filter(({ properties }) =>
        [...properties.ingressNatRules, ...properties.egressNatRules].some((used) => isSameResource(used.id, id)),
      );
      const site = connection.properties.localNetworkGateway2?.id ?? '';
      const elsewhere = users.find(({ properties }) => !isSameResource(properties.localNetworkGateway2?.id ?? '', site));
      return [
        ...when(rule.properties.mode !== modes[member], () =>
          refuse(
            'VGW-NAT-014',
            'NatRuleModeMismatch',
            `NAT rule ${id} of mode ${rule.properties.mode} cannot be one of the ${member} of connection ${connection.id}.`,
            target,
          ),
        ),
        ...when(rule.properties.type === 'Dynamic' && users.length > 0, () =>
          refuse(
            'VGW-NAT-015',
            'DynamicNatRuleInUse',
            `NAT rule ${id} of type Dynamic is used by connection ${users[0]?.id ?? ''}; it can be used by a single connection.`,
            target,
          ),
        ),
        ...when(member === 'ingressNatRules' && rule.properties.type === 'Static' && elsewhere !== undefined, () =>
          refuse(
            'VGW-NAT-016',
            'IngressNatRuleUsedForAnotherSite',
            `NAT rule ${id} is used by connection ${elsewhere?.id ?? ''} to another site; an ingress rule can be reused for the same on-premises network only.`,
            target,
          ),
        ),
      ];
    }),
  );
}
