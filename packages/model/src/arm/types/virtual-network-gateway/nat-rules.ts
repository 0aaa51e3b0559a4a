/**
 * NAT rules of a gateway as they stand. Which connections may use them is in connection/nat-rules.ts.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/nat-overview
 */
import { overlaps, parseCidr, type Cidr } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { vpnSku } from '../../skus.ts';
import { childId } from '../children.ts';
import { connectionsOfGateway, type VirtualNetworkGateway } from '../typed.ts';
import type { NatRule } from './schema.ts';

/** The FAQ of March 2025; later articles say 500. */
const maximumRules = 100;
const shortestDynamicExternal = 26;

export function natRuleIssues(
  gateway: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  context: RuleContext,
): readonly Issue[] {
  const rules = gateway.properties.natRules;
  const target = 'properties.natRules';
  return [
    ...childNameIssues(
      gateway.id,
      'natRules',
      rules.map((rule) => rule.name),
    ),
    ...when(rules.length > 0 && !supportsNat(gateway), () =>
      refuse(
        'VGW-NAT-001',
        'NatRulesNotSupportedForGatewaySku',
        `NAT rules are not supported on gateway ${gateway.id} of sku ${gateway.properties.sku.name} and VpnType ${gateway.properties.vpnType}. They need a RouteBased gateway of sku VpnGw2 or higher.`,
        target,
      ),
    ),
    ...when(rules.length > maximumRules, () =>
      refuse(
        'VGW-NAT-002',
        'NatRuleLimitReached',
        `Gateway ${gateway.id} has ${rules.length} NAT rules; the maximum is ${maximumRules}.`,
        target,
      ),
    ),
    ...rules.flatMap((rule, index) => ruleIssues(gateway, rule, `${target}[${index}].properties`)),
    ...overlapIssues(gateway),
    ...inUseIssues(gateway, existing, context),
  ];
}

function supportsNat({ properties }: VirtualNetworkGateway): boolean {
  return (
    properties.gatewayType === 'Vpn' &&
    properties.vpnType === 'RouteBased' &&
    vpnSku(properties.sku.name, properties.vpnGatewayGeneration)?.hasNat !== false
  );
}

function ruleIssues(gateway: VirtualNetworkGateway, rule: NatRule, target: string): readonly Issue[] {
  const { internalMappings, externalMappings, ipConfigurationId } = rule.properties;
  const name = `${gateway.name}/${rule.name}`;
  const id = childId(gateway.id, 'natRules', rule.name);
  const [internal, external] = [internalMappings, externalMappings].map((mappings) => parseCidr(mappings[0]?.addressSpace ?? ''));
  const ids = gateway.properties.ipConfigurations.map((configuration) => childId(gateway.id, 'ipConfigurations', configuration.name));
  const isUnknown =
    ipConfigurationId !== undefined && ipConfigurationId !== '' && !ids.some((known) => isSameResource(known, ipConfigurationId));
  return [
    ...when(internalMappings.length !== 1 || externalMappings.length !== 1, () =>
      refuse(
        'VGW-NAT-003',
        'NatRuleMustHaveOneMapping',
        `The NAT rule ${name} must have one internal mapping and one external mapping.`,
        target,
      ),
    ),
    ...prefixIssues(
      internalMappings.map((mapping) => mapping.addressSpace),
      id,
      `${target}.internalMappings`,
    ),
    ...prefixIssues(
      externalMappings.map((mapping) => mapping.addressSpace),
      id,
      `${target}.externalMappings`,
    ),
    ...(internal === undefined || external === undefined ? [] : sizeIssues(rule, name, internal, external, target)),
    ...portIssues(rule, name, target),
    ...when(isUnknown, () =>
      refuse(
        'VGW-NAT-008',
        'InvalidIpConfigurationIdInNatRule',
        `The ipConfigurationId ${ipConfigurationId ?? ''} of NAT rule ${name} is not an IP configuration of gateway ${gateway.id}.`,
        `${target}.ipConfigurationId`,
      ),
    ),
  ];
}

function sizeIssues({ properties }: NatRule, name: string, internal: Cidr, external: Cidr, target: string): readonly Issue[] {
  const isStatic = properties.type === 'Static';
  return [
    ...when(isStatic && internal.length !== external.length, () =>
      refuse(
        'VGW-NAT-004',
        'StaticNatRuleMappingSizesDiffer',
        `The NAT rule ${name} of type Static has an internal mapping of /${internal.length} and an external mapping of /${external.length}. The sizes must be equal.`,
        target,
      ),
    ),
    ...when(!isStatic && external.length < shortestDynamicExternal, () =>
      refuse(
        'VGW-NAT-005',
        'DynamicNatRuleExternalMappingTooLarge',
        `The NAT rule ${name} has an external mapping subnet that exceeds size limits. Maximum external mapping subnet size for Dynamic NAT is /26.`,
        `${target}.externalMappings`,
      ),
    ),
    ...when(!isStatic && external.length < internal.length, () =>
      refuse(
        'VGW-NAT-006',
        'DynamicNatRuleExternalMappingLargerThanInternal',
        `The NAT rule ${name} of type Dynamic has an external mapping of /${external.length}, larger than its internal mapping of /${internal.length}.`,
        target,
      ),
    ),
  ];
}

/** Port mappings: static rules only, one port on each side, no ranges. */
function portIssues({ properties }: NatRule, name: string, target: string): readonly Issue[] {
  const ports = [...properties.internalMappings, ...properties.externalMappings].map((mapping) => mapping.portRange);
  const given = ports.filter((port) => port !== undefined);
  const isSinglePort = (port: string): boolean =>
    /^\d{1,5}(-\d{1,5})?$/.test(port) && new Set(port.split('-')).size === 1 && Number(port.split('-')[0]) <= 65_535;
  const isFine = given.length === 0 || (properties.type === 'Static' && given.length === ports.length && given.every(isSinglePort));
  return when(!isFine, () =>
    refuse(
      'VGW-NAT-007',
      'InvalidPortRangeInNatRule',
      `The port mapping of NAT rule ${name} is invalid. Ports can be mapped by Static rules only, a single port on both sides.`,
      target,
    ),
  );
}

/** External mappings of one half of the gateway must not overlap, unless ports tell them apart. */
function overlapIssues(gateway: VirtualNetworkGateway): readonly Issue[] {
  const rules = gateway.properties.natRules;
  return rules.flatMap((rule, index) => {
    const clash = rules.slice(0, index).find((other) => areAmbiguous(rule, other));
    return when(clash !== undefined, () =>
      refuse(
        'VGW-NAT-009',
        'NatRuleExternalMappingsOverlap',
        `The external mappings of NAT rules ${gateway.name}/${clash?.name ?? ''} and ${gateway.name}/${rule.name} overlap.`,
        `properties.natRules[${index}].properties.externalMappings`,
      ),
    );
  });
}

function areAmbiguous({ properties: a }: NatRule, { properties: b }: NatRule): boolean {
  if ((a.ipConfigurationId ?? '').toLowerCase() !== (b.ipConfigurationId ?? '').toLowerCase()) return false;
  return a.externalMappings.some((left) =>
    b.externalMappings.some((right) => {
      const [first, second] = [parseCidr(left.addressSpace), parseCidr(right.addressSpace)];
      const haveOtherPorts = left.portRange !== undefined && right.portRange !== undefined && left.portRange !== right.portRange;
      return first !== undefined && second !== undefined && overlaps(first, second) && !haveOtherPorts;
    }),
  );
}

function inUseIssues(
  gateway: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  { lookup }: RuleContext,
): readonly Issue[] {
  const kept = new Set(gateway.properties.natRules.map((rule) => rule.name.toLowerCase()));
  const gone = (existing?.properties.natRules ?? []).filter((rule) => !kept.has(rule.name.toLowerCase()));
  if (gone.length === 0) return [];
  const connections = connectionsOfGateway(lookup, gateway.id);
  return gone.flatMap((rule) => {
    const id = childId(gateway.id, 'natRules', rule.name);
    const user = connections.find(({ properties }) =>
      [...properties.ingressNatRules, ...properties.egressNatRules].some((used) => isSameResource(used.id, id)),
    );
    return when(user !== undefined, () =>
      refuse(
        'VGW-NAT-010',
        'InUseNatRuleCannotBeDeleted',
        `NAT rule ${id} is in use by connection ${user?.id ?? ''} and cannot be deleted.`,
        'properties.natRules',
      ),
    );
  });
}
