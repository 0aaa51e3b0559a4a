/**
 * DELETE: refused while something needs the resource; a planned one is left out of the plan and goes when the hosts have
 * applied that, others go at once. Also used by the deletion of a resource group.
 */
import type { Resource, ResourceRules } from '@sallyport/model';
import { errorOfIssues, parseResourceId, resourceKey } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { ArmFailure } from '../arm/message.ts';
import type { OperationRecord } from '../store/records.ts';
import { deleteRecord, putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';
import { operationName } from './operation-name.ts';
import { newEtag } from './write.ts';

/** @throws ArmFailure when rules forbid it. */
export async function removeResource(
  context: ArmContext,
  rules: ResourceRules,
  existing: Resource,
  origin: { readonly apiVersion: string; readonly correlationId: string },
): Promise<OperationRecord> {
  const refused = errorOfIssues(rules.validateDelete(existing, context.ruleContext(existing.location)));
  if (refused !== undefined) throw new ArmFailure(refused);
  const start = {
    subscriptionId: parseResourceId(existing.id)?.subscriptionId ?? '',
    location: existing.location,
    name: operationName('Delete', rules.type),
    resource: existing.id,
    intent: 'delete' as const,
    ...origin,
  };
  const begun = rules.isPlanned ? context.operations.begin(start) : context.operations.beginEnded(start);
  const leaving: Resource = { ...existing, provisioningState: 'Deleting', etag: newEtag(context) };
  await context.store.commit([
    begun.change,
    ...(rules.isPlanned ? [putRecord('resource', resourceKey(existing.id), leaving)] : forgetResource(context, existing)),
  ]);
  context.log.info({ resource: existing.id, correlationId: origin.correlationId }, 'resource deletion accepted');
  return begun.operation;
}

/** Takes a resource and its secrets out of the store. */
export function forgetResource(context: Pick<ArmContext, 'store'>, resource: Resource): readonly Change[] {
  const key = resourceKey(resource.id);
  const secrets = context.store.list('secret').filter((document) => document.key.startsWith(`${key}#`));
  return [deleteRecord('resource', key), ...secrets.map((document) => deleteRecord('secret', document.key))];
}
