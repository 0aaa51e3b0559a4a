/**
 * The resource type networkSecurityGroups, with its children securityRules. Stored and checked; packets are not filtered by
 * it yet, and `defaultSecurityRules` are what Azure shows for every group.
 * Source: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
 */
import type { Issue } from '../../../issue.ts';
import type { JsonObject } from '../../../json.ts';
import type { ResourceLookup } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { childEnvelope, childId } from '../children.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { subnetsUsing } from '../route-table/rules.ts';
import { asNetworkInterface, type NetworkSecurityGroup } from '../typed.ts';
import {
  networkSecurityGroupProperties,
  networkSecurityGroupTop,
  type NetworkSecurityGroupAllocated,
  type NetworkSecurityGroupProperties,
} from './schema.ts';

const priorities = { minimum: 100, maximum: 4_096 } as const;

export const networkSecurityGroupRules = defineType<
  NetworkSecurityGroupProperties,
  NetworkSecurityGroupProperties,
  NetworkSecurityGroupAllocated,
  JsonObject
>({
  type: types.networkSecurityGroup,
  children: [{ segment: 'securityRules', type: `${types.networkSecurityGroup}/securityRules` }],
  isPlanned: false,
  top: networkSecurityGroupTop,
  properties: networkSecurityGroupProperties,
  complete: (properties, top) => ({ properties, top }),
  validate: (candidate) => ruleIssues(candidate),
  allocate: (_, existing, context) => ({
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
  }),
  validateDelete: ({ id }, { lookup }) => {
    const users = [...subnetsUsing(lookup, 'networkSecurityGroup', id), ...interfacesUsing(lookup, id)];
    return when(users.length > 0, () =>
      refuse(
        'NSG-003',
        'InUseNetworkSecurityGroupCannotBeDeleted',
        `Network security group ${id} cannot be deleted because it is in use by the following resources: ${users.join(', ')}. In order to delete the Network security group, remove the association with the resource(s). To learn how to do this, see aka.ms/deletensg.`,
      ),
    );
  },
  references: () => [],
  view: (group, { lookup }) => {
    const [subnets, networkInterfaces] = [subnetsUsing(lookup, 'networkSecurityGroup', group.id), interfacesUsing(lookup, group.id)];
    return {
      ...group.properties,
      securityRules: group.properties.securityRules.map(({ name, properties }) => childEnvelope(group, 'securityRules', name, properties)),
      defaultSecurityRules: defaultRules.map(({ name, ...properties }) => childEnvelope(group, 'defaultSecurityRules', name, properties)),
      ...(subnets.length === 0 ? {} : { subnets: subnets.map((id) => ({ id })) }),
      ...(networkInterfaces.length === 0 ? {} : { networkInterfaces: networkInterfaces.map((id) => ({ id })) }),
    };
  },
});

function interfacesUsing(lookup: ResourceLookup, id: string): readonly string[] {
  return lookup
    .referencing(id)
    .map(asNetworkInterface)
    .filter((nic) => nic !== undefined)
    .filter((nic) => isSameResource(nic.properties.networkSecurityGroup?.id ?? '', id))
    .map((nic) => nic.id);
}

function ruleIssues(group: NetworkSecurityGroup): readonly Issue[] {
  const rules = group.properties.securityRules;
  return [
    ...childNameIssues(
      group.id,
      'securityRules',
      rules.map((rule) => rule.name),
    ),
    ...rules.flatMap(({ name, properties }, index) => {
      const { priority, direction } = properties;
      const target = `properties.securityRules[${index}].properties.priority`;
      const id = childId(group.id, 'securityRules', name);
      const twin = rules
        .slice(0, index)
        .find((other) => other.properties.priority === priority && other.properties.direction === direction);
      return [
        ...when(priority < priorities.minimum || priority > priorities.maximum, () =>
          refuse(
            'NSG-001',
            'SecurityRuleInvalidPriority',
            `Security rule has invalid Priority. Value provided: ${priority} Allowed range ${priorities.minimum}-${priorities.maximum}. Rule: ${id}.`,
            target,
          ),
        ),
        ...when(twin !== undefined, () =>
          refuse(
            'NSG-002',
            'SecurityRuleConflict',
            `Security rule ${name} conflicts with rule ${twin?.name ?? ''}. Rules cannot have the same Priority and Direction.`,
            target,
          ),
        ),
      ];
    }),
  ];
}

const allowOrDeny = (
  name: string,
  direction: string,
  priority: number,
  access: string,
  sourceAddressPrefix: string,
  destinationAddressPrefix: string,
): JsonObject & { readonly name: string } => ({
  name,
  protocol: '*',
  sourcePortRange: '*',
  destinationPortRange: '*',
  sourceAddressPrefix,
  destinationAddressPrefix,
  access,
  priority,
  direction,
});

const defaultRules = [
  allowOrDeny('AllowVnetInBound', 'Inbound', 65_000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  allowOrDeny('AllowAzureLoadBalancerInBound', 'Inbound', 65_001, 'Allow', 'AzureLoadBalancer', '*'),
  allowOrDeny('DenyAllInBound', 'Inbound', 65_500, 'Deny', '*', '*'),
  allowOrDeny('AllowVnetOutBound', 'Outbound', 65_000, 'Allow', 'VirtualNetwork', 'VirtualNetwork'),
  allowOrDeny('AllowInternetOutBound', 'Outbound', 65_001, 'Allow', '*', 'Internet'),
  allowOrDeny('DenyAllOutBound', 'Outbound', 65_500, 'Deny', '*', '*'),
];
