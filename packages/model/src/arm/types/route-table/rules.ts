/**
 * The resource type routeTables, with its children routes. Their effect on routing is the planner's.
 * Source: https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview
 */
import { parseAddress } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { JsonObject } from '../../../json.ts';
import type { ResourceLookup, RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { overlay } from '../../rules/overlay.ts';
import { prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { childEnvelope, childId } from '../children.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { asVirtualNetwork, type RouteTable } from '../typed.ts';
import { isGatewaySubnet } from '../virtual-network/schema.ts';
import { gatewaySubnetIssues } from '../virtual-network/subnet-rules.ts';
import { routeTableProperties, routeTableTop, type Route, type RouteTableAllocated, type RouteTableProperties } from './schema.ts';

/** Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits */
const maximumRoutes = 400;

export const routeTableRules = defineType<RouteTableProperties, RouteTableProperties, RouteTableAllocated, JsonObject>({
  type: types.routeTable,
  children: [{ segment: 'routes', type: `${types.routeTable}/routes` }],
  isPlanned: true,
  top: routeTableTop,
  properties: routeTableProperties,
  complete: (properties, top) => ({ properties, top }),
  validate: (candidate, existing, context) => [
    ...childNameIssues(
      candidate.id,
      'routes',
      candidate.properties.routes.map((route) => route.name),
    ),
    ...when(candidate.properties.routes.length > maximumRoutes, () =>
      refuse(
        'RT-001',
        'RouteTableLimitReached',
        `Route table ${candidate.id} has ${candidate.properties.routes.length} routes; the maximum is ${maximumRoutes}.`,
        'properties.routes',
      ),
    ),
    ...candidate.properties.routes.flatMap((route, index) => routeIssues(candidate, route, index)),
    ...(existing === undefined ? [] : gatewaySubnetUseIssues(candidate, context)),
  ],
  allocate: (_, existing, context) => ({
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
  }),
  validateDelete: ({ id }, { lookup }) => {
    const users = subnetsUsing(lookup, 'routeTable', id);
    return when(users.length > 0, () =>
      refuse(
        'RT-005',
        'InUseRouteTableCannotBeDeleted',
        `Route table ${id} cannot be deleted because it is in use by the following resources: ${users.join(', ')}. In order to delete the Route table, remove the association with the resource(s). To learn how to do this, see aka.ms/deleteroutetable.`,
      ),
    );
  },
  references: () => [],
  view: (table, { lookup }) => {
    const users = subnetsUsing(lookup, 'routeTable', table.id);
    return {
      ...table.properties,
      routes: table.properties.routes.map(({ name, properties }) =>
        childEnvelope(table, 'routes', name, { ...properties, hasBgpOverride: false }),
      ),
      ...(users.length === 0 ? {} : { subnets: users.map((id) => ({ id })) }),
    };
  },
});

/** Ids of the subnets a route table or network security group is associated with. */
export function subnetsUsing(lookup: ResourceLookup, member: 'routeTable' | 'networkSecurityGroup', id: string): readonly string[] {
  return lookup
    .referencing(id)
    .map(asVirtualNetwork)
    .filter((network) => network !== undefined)
    .flatMap((network) =>
      network.properties.subnets
        .filter((subnet) => isSameResource(subnet.properties[member]?.id ?? '', id))
        .map((subnet) => childId(network.id, 'subnets', subnet.name)),
    );
}

function routeIssues(table: RouteTable, { name, properties }: Route, index: number): readonly Issue[] {
  const { nextHopType, nextHopIpAddress, addressPrefix } = properties;
  const target = `properties.routes[${index}].properties`;
  const id = childId(table.id, 'routes', name);
  const twin = table.properties.routes.slice(0, index).find((other) => other.properties.addressPrefix === addressPrefix);
  const isAppliance = nextHopType === 'VirtualAppliance';
  // A prefix that begins with a letter is a service tag (`Storage.WestEurope`).
  const isTag = addressPrefix !== undefined && /^[A-Za-z][A-Za-z0-9.]*$/.test(addressPrefix);
  return [
    ...(isTag ? [] : prefixIssues([addressPrefix ?? ''], id, `${target}.addressPrefix`)),
    ...when(isAppliance && (nextHopIpAddress === undefined || parseAddress(nextHopIpAddress) === undefined), () =>
      refuse(
        'RT-002',
        'RouteNextHopIpAddressRequired',
        `Route ${id} with NextHopType VirtualAppliance must have a valid NextHopIpAddress.`,
        `${target}.nextHopIpAddress`,
      ),
    ),
    ...when(!isAppliance && nextHopIpAddress !== undefined, () =>
      refuse(
        'RT-003',
        'RouteNextHopIpAddressNotAllowed',
        `Route ${id} with NextHopType ${nextHopType} cannot have a NextHopIpAddress.`,
        `${target}.nextHopIpAddress`,
      ),
    ),
    ...when(twin !== undefined, () =>
      refuse(
        'RT-004',
        'RouteConflict',
        `Route ${id} conflicts with route ${childId(table.id, 'routes', twin?.name ?? '')}: both have the address prefix ${addressPrefix ?? ''}.`,
        `${target}.addressPrefix`,
      ),
    ),
  ];
}

function gatewaySubnetUseIssues(table: RouteTable, { lookup }: RuleContext): readonly Issue[] {
  const changed = overlay(lookup, table);
  return lookup
    .referencing(table.id)
    .map(asVirtualNetwork)
    .filter((network) => network !== undefined)
    .flatMap((network) => network.properties.subnets.filter((subnet) => isGatewaySubnet(subnet.name)))
    .filter((subnet) => isSameResource(subnet.properties.routeTable?.id ?? '', table.id))
    .flatMap((subnet) => gatewaySubnetIssues(subnet, { lookup: changed }, 'properties'));
}
