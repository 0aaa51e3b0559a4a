/** Tenants, subscriptions, locations: what the settings say, in ARM's shape. */
import type { JsonObject } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import { requireSubscription } from '../resources/target.ts';
import type { Settings } from '../settings.ts';

export function subscriptionRoutes(context: ArmContext): ArmModule {
  const { settings } = context;
  return {
    routes: [
      { method: 'GET', pattern: '/tenants', handle: () => ({ status: 200, body: { value: [tenant(settings)] } }) },
      {
        method: 'GET',
        pattern: '/subscriptions',
        handle: () => ({ status: 200, body: { value: settings.subscriptions.map((one) => subscription(settings, one)) } }),
      },
      {
        method: 'GET',
        pattern: '/subscriptions/{subscription}',
        handle: (_request, path) => {
          const id = requireSubscription(context, path);
          const found = settings.subscriptions.find((candidate) => candidate.id === id);
          return { status: 200, body: subscription(settings, { id, displayName: found?.displayName ?? id }) };
        },
      },
      {
        method: 'GET',
        pattern: '/subscriptions/{subscription}/locations',
        handle: (_request, path) => {
          const id = requireSubscription(context, path);
          return { status: 200, body: { value: settings.locations.map((one) => location(id, one)) } };
        },
      },
    ],
  };
}

function tenant({ tenantId }: Settings): JsonObject {
  return {
    id: `/tenants/${tenantId}`,
    tenantId,
    countryCode: '',
    displayName: 'Sallyport',
    domains: [],
    tenantCategory: 'Home',
    tenantType: 'AAD',
  };
}

function subscription(settings: Settings, one: Settings['subscriptions'][number]): JsonObject {
  return {
    id: `/subscriptions/${one.id}`,
    authorizationSource: 'RoleBased',
    managedByTenants: [],
    subscriptionId: one.id,
    tenantId: settings.tenantId,
    displayName: one.displayName,
    state: 'Enabled',
    subscriptionPolicies: { locationPlacementId: 'Internal_2014-09-01', quotaId: 'Internal_2014-09-01', spendingLimit: 'Off' },
  };
}

function location(subscriptionId: string, one: Settings['locations'][number]): JsonObject {
  return {
    id: `/subscriptions/${subscriptionId}/locations/${one.name}`,
    name: one.name,
    type: 'Region',
    displayName: one.displayName,
    regionalDisplayName: one.displayName,
    metadata: { regionType: 'Physical', regionCategory: 'Recommended' },
  };
}
