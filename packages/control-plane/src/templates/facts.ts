/** What `subscription()`, `resourceGroup()`, `tenant()`, `deployment()` and `environment()` answer in a deployment. */
import type { JsonObject } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { getRecord, groupKey } from '../store/records.ts';
import type { DeploymentRecord } from './deployment-record.ts';
import type { DeploymentFacts } from './expression/scope.ts';

type Place = Pick<DeploymentRecord, 'subscriptionId' | 'name' | 'baseUrl'> & {
  readonly resourceGroup?: string;
  readonly location?: string;
};

export function deploymentFacts(context: Pick<ArmContext, 'settings' | 'store'>, place: Place): DeploymentFacts {
  const { settings } = context;
  const { subscriptionId } = place;
  const known = settings.subscriptions.find(({ id }) => id.toLowerCase() === subscriptionId.toLowerCase());
  return {
    subscriptionId,
    resourceGroup: place.resourceGroup === undefined ? undefined : groupFact(context, subscriptionId, place.resourceGroup),
    subscription: {
      id: `/subscriptions/${subscriptionId}`,
      subscriptionId,
      tenantId: settings.tenantId,
      displayName: known?.displayName ?? subscriptionId,
    },
    tenant: { id: `/tenants/${settings.tenantId}`, tenantId: settings.tenantId, countryCode: '', displayName: 'Sallyport' },
    deployment: {
      name: place.name,
      ...(place.location === undefined ? {} : { location: place.location }),
      properties: { mode: 'Incremental', provisioningState: 'Accepted' },
    },
    environment: environmentFact(place.baseUrl, settings.tenantId),
  };
}

function groupFact(context: Pick<ArmContext, 'store'>, subscriptionId: string, name: string): JsonObject {
  const group = getRecord(context.store, 'group', groupKey(subscriptionId, name));
  return {
    id: group?.id ?? `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    name: group?.name ?? name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group?.location ?? '',
    ...(group === undefined || Object.keys(group.tags).length === 0 ? {} : { tags: group.tags }),
    properties: { provisioningState: group?.provisioningState ?? 'Succeeded' },
  };
}

/** This cloud's endpoints. There is no storage and no key vault here; the suffixes exist because templates read them. */
function environmentFact(baseUrl: string, tenant: string): JsonObject {
  return {
    name: 'Sallyport',
    portal: baseUrl,
    resourceManager: baseUrl,
    graph: baseUrl,
    graphAudience: baseUrl,
    authentication: { loginEndpoint: baseUrl, audiences: [baseUrl], tenant, identityProvider: 'AAD' },
    suffixes: { storage: '', keyvaultDns: '', sqlServerHostname: '', azureDatalakeStoreFileSystem: '' },
  };
}
