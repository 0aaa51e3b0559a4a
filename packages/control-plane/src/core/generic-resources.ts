/** `/resources`: everything in a subscription or group, whatever its type, with the filters that tools use. */
import type { JsonObject, Resource } from '@sallyport/model';
import { parseResourceId, resourceKey } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { FilterTerm } from '../arm/filter.ts';
import { hasTag, invalidFilter, parseFilter } from '../arm/filter.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { queryValue } from '../arm/message.ts';
import { page } from '../arm/paging.ts';
import { requireGroup, requireSubscription } from '../resources/target.ts';

export function genericResourceRoutes(context: ArmContext): ArmModule {
  return {
    routes: [
      {
        method: 'GET',
        pattern: '/subscriptions/{subscription}/resources',
        handle: (request, path) => {
          const prefix = `${resourceKey(`/subscriptions/${requireSubscription(context, path)}`)}/`;
          return list(
            request,
            context.resources.all().filter(({ id }) => resourceKey(id).startsWith(prefix)),
          );
        },
      },
      {
        method: 'GET',
        pattern: '/subscriptions/{subscription}/resourcegroups/{group}/resources',
        handle: (request, path) => {
          const group = requireGroup(context, path);
          return list(request, context.resources.inGroup(group.subscriptionId, group.name));
        },
      },
    ],
  };
}

function list(request: ArmRequest, resources: readonly Resource[]): ArmResponse {
  const text = queryValue(request, '$filter');
  const terms = parseFilter(text);
  const fields = new Set(['resourcegroup', 'resourcetype', 'name', 'location', 'tagname', 'tagvalue']);
  if (terms.some(({ field }) => !fields.has(field))) throw invalidFilter(text ?? '');
  const expand = (queryValue(request, '$expand') ?? '').toLowerCase().split(',');
  return page(
    request,
    resources.filter((resource) => matches(resource, terms)),
    ({ id }) => resourceKey(id),
    (resource) => view(resource, expand),
  );
}

function matches(resource: Resource, terms: readonly FilterTerm[]): boolean {
  const values: Readonly<Record<string, string>> = {
    resourcegroup: parseResourceId(resource.id)?.resourceGroup ?? '',
    resourcetype: resource.type,
    name: resource.name,
    location: resource.location,
  };
  const own = terms.every(({ field, operator, value }) => {
    const actual = values[field];
    return actual === undefined || (actual.toLowerCase() === value.toLowerCase()) === (operator === 'eq');
  });
  return own && hasTag(resource.tags, terms);
}

function view(resource: Resource, expand: readonly string[]): JsonObject {
  const { sku, kind, identity, zones } = resource.top;
  const optional = { sku, kind, identity, zones };
  return {
    id: resource.id,
    name: resource.name,
    type: resource.type,
    location: resource.location,
    ...(Object.keys(resource.tags).length > 0 ? { tags: resource.tags } : {}),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...(expand.includes('createdtime') ? { createdTime: resource.createdAt } : {}),
    ...(expand.includes('changedtime') ? { changedTime: resource.changedAt } : {}),
    ...(expand.includes('provisioningstate') ? { provisioningState: resource.provisioningState } : {}),
  };
}
