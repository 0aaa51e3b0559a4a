/** The verbs of every resource type and of the children kept inside a resource. Actions of single types are in `actions/`. */
import type { JsonObject, Resource } from '@sallyport/model';
import { armErrors, bodyWithChild, bodyWithoutChild, childId, hasChild, resourceKey, viewChild, viewChildren } from '@sallyport/model';
import { asyncHeaders } from '../arm/async-headers.ts';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, apiVersionOf, jsonBody } from '../arm/message.ts';
import { page } from '../arm/paging.ts';
import type { ArmRoute, PathParameters } from '../arm/router.ts';
import { patchTags } from './patch-tags.ts';
import { checkEtags, checkNoOperation } from './preconditions.ts';
import { removeResource } from './remove.ts';
import type { Target } from './target.ts';
import { refuseWhileDeleting, requireExisting, requireGroup, requireRules, requireSubscription, requireTarget } from './target.ts';
import { viewInList, viewResource } from './view.ts';
import type { Written } from './write.ts';
import { writeBody } from './write.ts';

const group = '/subscriptions/{subscription}/resourcegroups/{group}/providers/{namespace}/{type}';
const resource = `${group}/{name}`;
const children = `${resource}/{child}`;
const child = `${children}/{childName}`;

export function resourceRoutes(context: ArmContext): ArmModule {
  const route = (
    method: ArmRoute['method'],
    pattern: string,
    answer: (context: ArmContext, request: ArmRequest, path: PathParameters) => ArmResponse | Promise<ArmResponse>,
  ): ArmRoute => ({ method, pattern, handle: (request, path) => answer(context, request, path) });
  return {
    routes: [
      route('GET', '/subscriptions/{subscription}/providers/{namespace}/{type}', listInSubscription),
      route('GET', group, listInGroup),
      route('GET', resource, getResource),
      route('HEAD', resource, headResource),
      route('PUT', resource, putResource),
      route('PATCH', resource, patchTags),
      route('DELETE', resource, deleteResource),
      route('GET', children, listChildren),
      route('GET', child, getChild),
      route('PUT', child, putChild),
      route('DELETE', child, deleteChild),
    ],
  };
}

function listInSubscription(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const subscriptionId = requireSubscription(context, path);
  const rules = requireRules(context, request, path.get('namespace') ?? '', path.get('type') ?? '');
  const prefix = resourceKey(`/subscriptions/${subscriptionId}/`);
  const found = context.resources.list(rules.type).filter(({ id }) => resourceKey(id).startsWith(`${prefix}/`));
  return page(request, found, keyOf, (item) => viewInList(context, item));
}

function listInGroup(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const { subscriptionId, name } = requireGroup(context, path);
  const rules = requireRules(context, request, path.get('namespace') ?? '', path.get('type') ?? '');
  const found = context.resources.inGroup(subscriptionId, name).filter(({ type }) => type === rules.type);
  return page(request, found, keyOf, (item) => viewInList(context, item));
}

const keyOf = (item: Resource): string => resourceKey(item.id);

function getResource(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const existing = requireExisting(requireTarget(context, request, path));
  return { status: 200, headers: { etag: existing.etag }, body: viewResource(context, existing) };
}

/** 204 or 404 and no body, as `checkExistenceById` of the clients expects. */
function headResource(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const { existing } = requireTarget(context, request, path);
  return { status: existing === undefined ? 404 : 204 };
}

async function putResource(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const target = requireTarget(context, request, path);
  refuseWhileDeleting(target.group);
  checkEtags(request, target.existing?.etag, target.id);
  const written = await writeBody(context, request, target, jsonBody(request));
  return putAnswer(context, request, written, viewResource(context, written.resource), written.isNew);
}

export function putAnswer(context: ArmContext, request: ArmRequest, written: Written, body: JsonObject, isNew: boolean): ArmResponse {
  const { operation } = written;
  const headers = asyncHeaders(request, operation, context.settings.retryAfterSeconds, ['status']);
  return {
    status: isNew ? 201 : 200,
    headers: { etag: written.resource.etag, ...headers },
    body,
    operationId: operation.id,
  };
}

async function deleteResource(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const { existing, rules, id } = requireTarget(context, request, path);
  if (existing === undefined) return { status: 204 };
  checkEtags(request, existing.etag, id);
  const active = context.operations.activeOn(id);
  if (active?.intent !== 'delete') checkNoOperation(context, request, existing);
  const origin = { apiVersion: apiVersionOf(request), correlationId: request.correlationId };
  const operation = active ?? (await removeResource(context, rules, existing, origin));
  const headers = asyncHeaders(request, operation, context.settings.retryAfterSeconds, ['status', 'result']);
  return { status: 202, headers, operationId: operation.id };
}

function listChildren(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const target = requireTarget(context, request, path);
  const existing = requireExisting(target);
  const views = viewChildren(target.rules, existing, segmentOf(target), context.viewContext(existing.location, true));
  return { status: 200, body: { value: views } };
}

function getChild(context: ArmContext, request: ArmRequest, path: PathParameters): ArmResponse {
  const target = requireTarget(context, request, path);
  const existing = requireExisting(target);
  return { status: 200, headers: { etag: existing.etag }, body: requireChildView(context, target, existing, path) };
}

async function putChild(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const target = requireTarget(context, request, path);
  refuseWhileDeleting(target.group);
  const existing = requireExisting(target);
  const isNew = !hasChild(existing, segmentOf(target), childNameOf(path));
  checkEtags(request, isNew ? undefined : existing.etag, childIdOf(target, path));
  const body = bodyWithChild(existing, segmentOf(target), childNameOf(path), jsonBody(request));
  const written = await writeBody(context, request, target, body);
  return putAnswer(context, request, written, requireChildView(context, target, written.resource, path), isNew);
}

async function deleteChild(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const target = requireTarget(context, request, path);
  const existing = requireExisting(target);
  if (!hasChild(existing, segmentOf(target), childNameOf(path))) return { status: 204 };
  checkEtags(request, existing.etag, childIdOf(target, path));
  const written = await writeBody(context, request, target, bodyWithoutChild(existing, segmentOf(target), childNameOf(path)));
  const { operation } = written;
  const headers = asyncHeaders(request, operation, context.settings.retryAfterSeconds, ['status', 'result']);
  return { status: 202, headers, operationId: operation.id };
}

function requireChildView(context: ArmContext, target: Target, parent: Resource, path: PathParameters): JsonObject {
  const view = viewChild(target.rules, parent, segmentOf(target), childNameOf(path), context.viewContext(parent.location, false));
  if (view === undefined) throw new ArmFailure(armErrors.childNotFound(childIdOf(target, path)));
  return view;
}

const segmentOf = (target: Target): string => target.child?.collection.segment ?? '';
const childNameOf = (path: PathParameters): string => path.get('childName') ?? '';
const childIdOf = (target: Target, path: PathParameters): string => childId(target.id, segmentOf(target), childNameOf(path));
