/** What may be asked about a location: how many resources of each kind there are, and whether a DNS label is free. */
import type { JsonObject } from '@sallyport/model';
import { armErrors, asPublicIpAddress, normalizeLocation } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, queryValue } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import { requireSubscription } from '../resources/target.ts';

/**
 * Azure's default limits per subscription and region. They are shown, not enforced.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#networking-limits
 */
const quotas = [
  { name: 'VirtualNetworks', text: 'Virtual Networks', type: 'virtualNetworks', limit: 1000 },
  { name: 'PublicIPAddresses', text: 'Public IP Addresses', type: 'publicIPAddresses', limit: 1000 },
  { name: 'NetworkInterfaces', text: 'Network Interfaces', type: 'networkInterfaces', limit: 65_536 },
  { name: 'NetworkSecurityGroups', text: 'Network Security Groups', type: 'networkSecurityGroups', limit: 5000 },
  { name: 'RouteTables', text: 'Route Tables', type: 'routeTables', limit: 200 },
] as const;

const place = '/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}';

export function locationRoutes(context: ArmContext): ArmModule {
  return {
    routes: [
      { method: 'GET', pattern: `${place}/usages`, handle: (_request, path) => usages(context, path) },
      { method: 'GET', pattern: `${place}/CheckDnsNameAvailability`, handle: (request, path) => checkDnsName(context, request, path) },
    ],
  };
}

function requireLocation(context: ArmContext, path: PathParameters): string {
  const location = normalizeLocation(path.get('location') ?? '');
  if (context.settings.locations.some(({ name }) => name === location)) return location;
  throw new ArmFailure(armErrors.invalidParameter('location', location));
}

function usages(context: ArmContext, path: PathParameters): ArmResponse {
  const subscriptionId = requireSubscription(context, path);
  const location = requireLocation(context, path);
  const owner = `/subscriptions/${subscriptionId}/`.toLowerCase();
  const value = quotas.map(({ name, text, type, limit }): JsonObject => {
    const found = context.resources
      .list(`Microsoft.Network/${type}`)
      .filter((resource) => resource.location === location && resource.id.toLowerCase().startsWith(owner));
    return {
      id: `/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}/usages/${name}`,
      unit: 'Count',
      currentValue: found.length,
      limit,
      name: { value: name, localizedValue: text },
    };
  });
  return { status: 200, body: { value } };
}

function checkDnsName(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  requireSubscription(context, path);
  const location = requireLocation(context, path);
  const label = queryValue(request, 'domainNameLabel');
  if (label === undefined) throw new ArmFailure(armErrors.invalidParameter('domainNameLabel', ''));
  const isTaken = context.resources
    .list('Microsoft.Network/publicIPAddresses')
    .filter((resource) => resource.location === location)
    .some((resource) => asPublicIpAddress(resource)?.properties.dnsSettings?.domainNameLabel?.toLowerCase() === label.toLowerCase());
  return { status: 200, body: { available: !isTaken } };
}
