/**
 * Carries out the deletion of resource groups: an input-less task that looks at every group in state Deleting, deletes what
 * nothing needs any more, and again until it is empty. Stops with an error, the group usable again, when something outside
 * the group is in the way.
 */
import type { ArmError, Resource } from '@sallyport/model';
import { parseResourceId } from '@sallyport/model';
import { BackgroundTask } from '@sallyport/runtime';
import type { ArmContext } from '../arm/context.ts';
import { ArmFailure } from '../arm/message.ts';
import { removeResource } from '../resources/remove.ts';
import type { GroupRecord } from '../store/records.ts';
import { deleteRecord, groupKey, listRecords, putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';

export function groupDeletionTask(context: ArmContext): BackgroundTask {
  const task = new BackgroundTask({
    name: 'group-deletion',
    periodMs: 60_000,
    clock: context.clock,
    log: context.log,
    activate: async (signal) => {
      for (const group of listRecords(context.store, 'group'))
        if (group.provisioningState === 'Deleting' && !signal.aborted) await advance(context, group);
    },
  });
  context.store.watch((committed) => {
    if (committed.some(({ change }) => change.kind === 'group' || (change.kind === 'resource' && change.type === 'delete'))) task.wake();
    // A PUT that was under way when the group's deletion began ends here, and what it made must go too.
    else if (committed.some(({ change }) => change.kind === 'operation')) task.wake();
  });
  return task;
}

async function advance(context: ArmContext, group: GroupRecord): Promise<void> {
  const operation = context.operations.activeOn(group.id);
  const origin = { apiVersion: operation?.apiVersion ?? '', correlationId: operation?.correlationId ?? context.ids.guid() };
  const blockers = new Map<string, ArmError>();
  let hasProgress = true;
  while (hasProgress) {
    hasProgress = false;
    blockers.clear();
    for (const resource of context.resources.inGroup(group.subscriptionId, group.name)) {
      const rules = context.rules.find(resource.type);
      if (rules === undefined || resource.provisioningState === 'Deleting' || context.operations.activeOn(resource.id) !== undefined)
        continue;
      try {
        await removeResource(context, rules, resource, origin);
        hasProgress = true;
      } catch (error) {
        if (!(error instanceof ArmFailure)) throw error;
        blockers.set(resource.id, error.error);
      }
    }
  }
  const left = context.resources.inGroup(group.subscriptionId, group.name);
  if (left.length === 0) await context.store.commit(finished(context, group));
  else if (left.every(({ id }) => blockers.has(id))) await context.store.commit(blocked(context, group, left, blockers));
}

function finished(context: ArmContext, group: GroupRecord): readonly Change[] {
  const operation = context.operations.activeOn(group.id);
  context.log.info({ group: group.id }, 'resource group deleted');
  const prefix = `${groupKey(group.subscriptionId, group.name)}/`;
  return [
    deleteRecord('group', groupKey(group.subscriptionId, group.name)),
    ...context.store.list('deployment').flatMap(({ key }) => (key.startsWith(prefix) ? [deleteRecord('deployment', key)] : [])),
    ...(operation === undefined ? [] : [context.operations.end(operation, { status: 'Succeeded' })]),
  ];
}

function blocked(
  context: ArmContext,
  group: GroupRecord,
  left: readonly Resource[],
  blockers: ReadonlyMap<string, ArmError>,
): readonly Change[] {
  const operation = context.operations.activeOn(group.id);
  const names = left.map(({ id, name }) => `${parseResourceId(id)?.types[0] ?? ''}/${name}`).join(', ');
  const error: ArmError = {
    status: 409,
    code: 'ResourceGroupDeletionBlocked',
    message: `Deletion of resource group '${group.name}' failed as resources with identifiers '${names}' could not be deleted.`,
    details: [...blockers.values()].map(({ code, message }) => ({ code, message })),
    isFromFrontDoor: true,
  };
  return [
    putRecord('group', groupKey(group.subscriptionId, group.name), { ...group, provisioningState: 'Succeeded' }),
    ...(operation === undefined ? [] : [context.operations.end(operation, { status: 'Failed', error })]),
  ];
}
