/**
 * Rules of subnets beyond their addresses: what hangs on them exists, what uses them keeps them, and the GatewaySubnet
 * is for gateways only.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#gwsub
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { resourceName } from '../../resource-id.ts';
import { referenceIssues, wants } from '../../rules/references.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { types } from '../names.ts';
import { asRouteTable, type VirtualNetwork } from '../typed.ts';
import { usesOfNetwork, type IpConfigurationUse } from '../usage.ts';
import { isGatewaySubnet, subnetPrefixes, type Subnet } from './schema.ts';

export function subnetIssues(network: VirtualNetwork, existing: VirtualNetwork | undefined, context: RuleContext): readonly Issue[] {
  return [
    ...network.properties.subnets.flatMap((subnet, index) => [
      ...subnetReferenceIssues(network, subnet, index, context),
      ...gatewaySubnetIssues(subnet, context, `properties.subnets[${index}].properties`),
    ]),
    ...(existing === undefined ? [] : inUseIssues(network, existing, context)),
  ];
}

function subnetReferenceIssues(network: VirtualNetwork, subnet: Subnet, index: number, context: RuleContext): readonly Issue[] {
  const { networkSecurityGroup, routeTable, natGateway } = subnet.properties;
  const target = `properties.subnets[${index}].properties`;
  return referenceIssues(context.lookup, network, [
    wants(networkSecurityGroup, types.networkSecurityGroup, `${target}.networkSecurityGroup.id`),
    wants(routeTable, types.routeTable, `${target}.routeTable.id`),
    wants(natGateway, 'Microsoft.Network/natGateways', `${target}.natGateway.id`),
  ]);
}

/** What a subnet named GatewaySubnet must not carry. Asked at a PUT of the network and again when a gateway moves in. */
export function gatewaySubnetIssues(subnet: Subnet, context: Pick<RuleContext, 'lookup'>, target: string): readonly Issue[] {
  if (!isGatewaySubnet(subnet.name)) return [];
  const { networkSecurityGroup, routeTable, delegations } = subnet.properties;
  const table = routeTable === undefined ? undefined : asRouteTable(context.lookup.get(routeTable.id));
  return [
    ...when(networkSecurityGroup !== undefined, () =>
      refuse(
        'VNET-GWSUBNET-001',
        'NetworkSecurityGroupCannotBeAttachedToGatewaySubnet',
        `The operation failed because the network security group ${resourceName(networkSecurityGroup?.id ?? '')} can not be associated to the GatewaySubnet. Please remove the network security group associated to the GatewaySubnet. No changes have occurred on the gateway at this time. See here for additional details: https://aka.ms/GatewaySubnet.`,
        `${target}.networkSecurityGroup`,
      ),
    ),
    ...when(table?.properties.routes.some((route) => route.properties.addressPrefix === '0.0.0.0/0') === true, () =>
      refuse(
        'VNET-GWSUBNET-002',
        'GatewaySubnetRouteTableHasDefaultRoute',
        `The route table ${table?.id ?? ''} has a route to 0.0.0.0/0 and can not be associated to the GatewaySubnet.`,
        `${target}.routeTable`,
      ),
    ),
    ...when(table?.properties.disableBgpRoutePropagation === true, () =>
      refuse(
        'VNET-GWSUBNET-003',
        'GatewaySubnetRouteTableDisablesPropagation',
        `The route table ${table?.id ?? ''} disables the propagation of gateway routes and can not be associated to the GatewaySubnet.`,
        `${target}.routeTable`,
      ),
    ),
    ...when(delegations.length > 0, () =>
      refuse(
        'VNET-GWSUBNET-004',
        'GatewaySubnetCannotBeDelegated',
        'The GatewaySubnet can not be delegated to another service.',
        `${target}.delegations`,
      ),
    ),
  ];
}

function inUseIssues(network: VirtualNetwork, existing: VirtualNetwork, context: RuleContext): readonly Issue[] {
  const uses = usesOfNetwork(context.lookup, network.id);
  return existing.properties.subnets.flatMap((before) => {
    const use = uses.find((candidate) => resourceName(candidate.subnetId ?? '').toLowerCase() === before.name.toLowerCase());
    if (use === undefined) return [];
    const after = network.properties.subnets.find((candidate) => candidate.name.toLowerCase() === before.name.toLowerCase());
    if (after === undefined) return [subnetInUse(before.name, use)];
    return changedPrefixIssues(before, after, use);
  });
}

export function subnetInUse(name: string, use: IpConfigurationUse): Issue {
  return refuse(
    'VNET-USE-001',
    'InUseSubnetCannotBeDeleted',
    `Subnet ${name} is in use by ${use.ipConfiguration} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
    'properties.subnets',
  );
}

function changedPrefixIssues(before: Subnet, after: Subnet, use: IpConfigurationUse): readonly Issue[] {
  const kept = new Set(subnetPrefixes(after));
  const gone = subnetPrefixes(before).filter((prefix) => !kept.has(prefix));
  return gone.map((prefix) =>
    isGatewaySubnet(before.name)
      ? refuse(
          'VNET-USE-002',
          'InUseSubnetCannotBeUpdated',
          `Subnet ${before.name} is in use by ${use.ipConfiguration} and cannot be updated.`,
          'properties.subnets',
        )
      : refuse(
          'VNET-USE-003',
          'InUsePrefixCannotBeDeleted',
          `IpPrefix ${prefix} on Subnet ${before.name} has active allocations and cannot be deleted.`,
          'properties.subnets',
        ),
  );
}
