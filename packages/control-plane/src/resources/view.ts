/** The ARM body of a stored resource, joined with what its hosts reported. */
import type { JsonObject, Resource } from '@sallyport/model';
import { isObject } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { connectionStatusReason } from '../status/connection-reason.ts';

const connectionType = 'Microsoft.Network/connections';

export function viewResource(context: ArmContext, resource: Resource): JsonObject {
  const body = viewFor(context, resource, false);
  const reason = resource.type === connectionType ? connectionStatusReason(context.live, resource) : undefined;
  const properties = body['properties'];
  if (reason === undefined || !isObject(properties)) return body;
  return { ...body, properties: { ...properties, connectionStatusReason: reason } };
}

export function viewInList(context: ArmContext, resource: Resource): JsonObject {
  return viewFor(context, resource, true);
}

function viewFor(context: ArmContext, resource: Resource, isInList: boolean): JsonObject {
  const rules = context.rules.find(resource.type);
  if (rules === undefined) throw new Error(`${resource.id} is stored with a type this program has no rules for`);
  return rules.view(resource, context.viewContext(resource.location, isInList));
}
