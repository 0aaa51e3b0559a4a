/** Resource groups. PUT and PATCH end at once; DELETE is long-running (group-deletion.ts does the work). */
import * as z from 'zod';
import type { JsonObject } from '@sallyport/model';
import { armErrors, errorOfIssues, normalizeLocation, tagIssues } from '@sallyport/model';
import { retryAfter } from '../arm/async-headers.ts';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import { matchesTagFilter } from '../arm/filter.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, apiVersionOf, jsonBody } from '../arm/message.ts';
import { page } from '../arm/paging.ts';
import type { ArmRoute, PathParameters } from '../arm/router.ts';
import { notYet } from '../resources/actions/not-yet.ts';
import { parseTags } from '../resources/patch-tags.ts';
import { refuseWhileDeleting, requireGroup, requireSubscription } from '../resources/target.ts';
import type { GroupRecord } from '../store/records.ts';
import { getRecord, groupKey, listRecords, putRecord } from '../store/records.ts';

const groupType = 'Microsoft.Resources/subscriptions/resourceGroups';
const unbuilt = ['exportTemplate', 'moveResources', 'validateMoveResources'];
const pattern = '/subscriptions/{subscription}/resourcegroups/{group}';
/** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources */
const groupName = /^[-\p{L}\p{N}._()]{0,89}[-\p{L}\p{N}_()]$/u;
const groupBody = z.looseObject({
  location: z.string().min(1),
  tags: z.record(z.string(), z.string()).nullish(),
  managedBy: z.string().nullish(),
});

export function groupRoutes(context: ArmContext): ArmModule {
  return {
    routes: [
      { method: 'GET', pattern: '/subscriptions/{subscription}/resourcegroups', handle: (request, path) => list(context, request, path) },
      { method: 'GET', pattern, handle: (_request, path) => ({ status: 200, body: viewGroup(requireGroup(context, path)) }) },
      { method: 'HEAD', pattern, handle: (_request, path) => exists(context, path) },
      { method: 'PUT', pattern, handle: (request, path) => put(context, request, path) },
      { method: 'PATCH', pattern, handle: (request, path) => patch(context, request, path) },
      { method: 'DELETE', pattern, handle: (request, path) => remove(context, request, path) },
      ...unbuilt.map((action): ArmRoute => ({ method: 'POST', pattern: `${pattern}/${action}`, handle: () => notYet(groupType, action) })),
    ],
  };
}

export function viewGroup(group: GroupRecord): JsonObject {
  return {
    id: group.id,
    name: group.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group.location,
    tags: group.tags,
    ...(group.managedBy === undefined ? {} : { managedBy: group.managedBy }),
    properties: { provisioningState: group.provisioningState },
  };
}

function list(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const subscriptionId = requireSubscription(context, path);
  const matches = matchesTagFilter(request);
  const found = listRecords(context.store, 'group').filter((group) => group.subscriptionId === subscriptionId && matches(group.tags));
  return page(request, found, keyOf, viewGroup);
}

const keyOf = (group: GroupRecord): string => groupKey(group.subscriptionId, group.name);

function exists(context: ArmContext, path: PathParameters): ArmResponse {
  const subscriptionId = requireSubscription(context, path);
  return { status: getRecord(context.store, 'group', groupKey(subscriptionId, path.get('group') ?? '')) === undefined ? 404 : 204 };
}

async function put(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const subscriptionId = requireSubscription(context, path);
  const name = path.get('group') ?? '';
  if (!groupName.test(name)) throw new ArmFailure(invalidName(name));
  const existing = getRecord(context.store, 'group', groupKey(subscriptionId, name));
  if (existing !== undefined) refuseWhileDeleting(existing);
  const parsed = groupBody.safeParse(jsonBody(request));
  if (!parsed.success) {
    const isLocation = parsed.error.issues.some((issue) => issue.path[0] === 'location');
    const reason = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new ArmFailure(isLocation ? armErrors.locationRequired() : armErrors.invalidRequestContent(reason));
  }
  const location = normalizeLocation(parsed.data.location);
  const known = context.settings.locations.map((one) => one.name);
  if (existing !== undefined && existing.location !== location)
    throw new ArmFailure(armErrors.invalidResourceGroupLocation(name, existing.location, location));
  if (!known.includes(location))
    throw new ArmFailure(armErrors.locationNotAvailable(location, 'Microsoft.Resources/resourceGroups', known));
  const refused = errorOfIssues(tagIssues(parsed.data.tags ?? {}));
  if (refused !== undefined) throw new ArmFailure(refused);
  const now = new Date(context.clock.now()).toISOString();
  const group: GroupRecord = {
    id: existing?.id ?? `/subscriptions/${subscriptionId}/resourceGroups/${name}`,
    name: existing?.name ?? name,
    subscriptionId,
    location,
    tags: parsed.data.tags ?? {},
    ...(typeof parsed.data.managedBy === 'string' ? { managedBy: parsed.data.managedBy } : {}),
    provisioningState: 'Succeeded',
    createdAt: existing?.createdAt ?? now,
    changedAt: now,
  };
  await context.store.commit([putRecord('group', keyOf(group), group)]);
  return { status: existing === undefined ? 201 : 200, body: viewGroup(group) };
}

async function patch(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const group = requireGroup(context, path);
  refuseWhileDeleting(group);
  const changed: GroupRecord = {
    ...group,
    tags: parseTags(jsonBody(request)) ?? group.tags,
    changedAt: new Date(context.clock.now()).toISOString(),
  };
  await context.store.commit([putRecord('group', keyOf(group), changed)]);
  return { status: 200, body: viewGroup(changed) };
}

async function remove(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const group = requireGroup(context, path);
  const active = context.operations.activeOn(group.id);
  const { operation, change } = active === undefined ? begin(context, request, group) : { operation: active, change: undefined };
  if (change !== undefined)
    await context.store.commit([change, putRecord('group', keyOf(group), { ...group, provisioningState: 'Deleting' })]);
  const version = encodeURIComponent(apiVersionOf(request));
  const location = `${request.baseUrl}/subscriptions/${group.subscriptionId}/operationresults/${operation.id}?api-version=${version}`;
  const headers = { location, 'retry-after': retryAfter(context.settings.retryAfterSeconds) };
  return { status: 202, headers, operationId: operation.id };
}

function begin(context: ArmContext, request: ArmRequest, group: GroupRecord): ReturnType<ArmContext['operations']['begin']> {
  return context.operations.begin({
    subscriptionId: group.subscriptionId,
    location: group.location,
    name: 'DeleteResourceGroup',
    resource: group.id,
    intent: 'deleteGroup',
    apiVersion: apiVersionOf(request),
    correlationId: request.correlationId,
  });
}

function invalidName(name: string): ReturnType<typeof armErrors.locationRequired> {
  return {
    status: 400,
    code: 'InvalidResourceGroup',
    message: `The provided resource group name '${name.slice(0, 100)}' has these invalid characters or is longer than 90 characters or ends with a period. The name can only be letters, digits, '-', '.', '(', ')' or '_'.`,
    isFromFrontDoor: true,
  };
}
