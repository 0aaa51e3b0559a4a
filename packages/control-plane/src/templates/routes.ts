/**
 * Microsoft.Resources/deployments over HTTP, in resource groups and subscriptions: a module of the ARM layer. Parsing is
 * prepare.ts, the life of a deployment deployments.ts.
 * https://learn.microsoft.com/rest/api/resources/deployments
 */
import type { JsonObject } from '@sallyport/model';
import { armErrors } from '@sallyport/model';
import { retryAfter } from '../arm/async-headers.ts';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import { ArmFailure, apiVersionOf, queryValue, type ArmMethod, type ArmRequest, type ArmResponse } from '../arm/message.ts';
import { page } from '../arm/paging.ts';
import type { ArmRoute, PathParameters } from '../arm/router.ts';
import { refuseWhileDeleting, requireGroup, requireSubscription } from '../resources/target.ts';
import { isActive, viewDeployment, viewOperation, type DeploymentRecord } from './deployment-record.ts';
import { createDeployments, type Deployments } from './deployments.ts';
import { deploymentFacts } from './facts.ts';
import { isObject } from './functions/function.ts';
import {
  parseDeploymentRequest,
  parseDeploymentText,
  prepareDeployment,
  type DeploymentRequest,
  type PreparedDeployment,
} from './prepare.ts';
import { dispatchOperations, type Caller } from './resource-operations.ts';
import { TemplateError } from './template-error.ts';
import { whatIf } from './what-if.ts';

/** Where a request is: a group, or a subscription. */
type Place = { readonly scopeId: string; readonly subscriptionId: string; readonly resourceGroup?: string };
type Handler = (module: Module, request: ArmRequest, path: PathParameters) => ArmResponse | Promise<ArmResponse>;
type Module = { readonly context: ArmContext; readonly deployments: Deployments };

const inSubscription = '/subscriptions/{subscription}';
const inGroup = '/subscriptions/{subscription}/resourcegroups/{group}';
const provider = '/providers/Microsoft.Resources/deployments';

export function deploymentRoutes(context: ArmContext): ArmModule {
  const module: Module = { context, deployments: createDeployments(context) };
  const routes = [inSubscription, inGroup].flatMap((scope) => [
    ...verbs(`${scope}${provider}`, { GET: list }),
    ...verbs(`${scope}${provider}/{deployment}`, { PUT: put, GET: get, HEAD: exists, DELETE: remove }),
    ...verbs(`${scope}${provider}/{deployment}/validate`, { POST: validate }),
    ...verbs(`${scope}${provider}/{deployment}/whatIf`, { POST: previewChanges }),
    ...verbs(`${scope}${provider}/{deployment}/cancel`, { POST: cancel }),
    ...verbs(`${scope}${provider}/{deployment}/exportTemplate`, { POST: exportTemplate }),
    ...verbs(`${scope}${provider}/{deployment}/operationStatuses/{status}`, { GET: status }),
    // Clients ask for operations with and without the provider's name.
    ...[`${scope}${provider}`, `${scope}/deployments`].flatMap((base) => [
      ...verbs(`${base}/{deployment}/operations`, { GET: listOperations }),
      ...verbs(`${base}/{deployment}/operations/{operation}`, { GET: getOperation }),
    ]),
  ]);
  function verbs(pattern: string, handlers: Partial<Record<ArmMethod, Handler>>): readonly ArmRoute[] {
    return Object.entries(handlers).map(([method, handler]) => ({
      method: method as ArmMethod, // the keys of the record
      pattern,
      handle: (request, path) => handler(module, request, path),
    }));
  }
  return { routes, tasks: [module.deployments.task] };
}

function placeOf({ context }: Module, path: PathParameters): Place {
  if (!path.has('group')) {
    const subscriptionId = requireSubscription(context, path);
    return { scopeId: `/subscriptions/${subscriptionId}`, subscriptionId };
  }
  const group = requireGroup(context, path);
  return { scopeId: group.id, subscriptionId: group.subscriptionId, resourceGroup: group.name };
}

function idIn(place: Place, path: PathParameters): string {
  return `${place.scopeId}${provider}/${path.get('deployment') ?? ''}`;
}

function requireDeployment(module: Module, path: PathParameters): DeploymentRecord {
  const record = module.deployments.get(idIn(placeOf(module, path), path));
  if (record === undefined) throw new ArmFailure(armErrors.deploymentNotFound(path.get('deployment') ?? ''));
  return record;
}

/** Letters, digits, `-_.()`, at most 64: the documented rule. */
function checkName(name: string): void {
  if (/^[-\w.()]{1,64}$/.test(name)) return;
  throw new ArmFailure({
    status: 400,
    code: 'InvalidDeployment',
    message: `The deployment name '${name.slice(0, 100)}' is not valid: it can have up to 64 letters, digits, '-', '_', '.', '(' and ')'.`,
    isFromFrontDoor: true,
  });
}

function callerOf(request: ArmRequest): Caller {
  const { principal, baseUrl, correlationId } = request;
  if (principal === undefined) throw new ArmFailure(armErrors.authenticationFailed());
  return { principal, baseUrl, correlationId };
}

/** The request, and the template ready to run. @throws TemplateError */
function prepare(
  { context }: Module,
  request: ArmRequest,
  place: Place,
  path: PathParameters,
): { readonly asked: DeploymentRequest; readonly prepared: PreparedDeployment } {
  const { body } = request;
  const asked =
    body.type === 'json'
      ? parseDeploymentRequest({ value: body.value as JsonObject, positionOf: () => undefined }) // from inside the process: a nested deployment
      : parseDeploymentText(body.type === 'text' ? body.text : '');
  const facts = deploymentFacts(context, {
    ...place,
    name: path.get('deployment') ?? '',
    baseUrl: request.baseUrl,
    ...(asked.location === undefined ? {} : { location: asked.location }),
  });
  if (place.resourceGroup === undefined && asked.location === undefined) throw new ArmFailure(armErrors.locationRequired());
  return { asked, prepared: prepareDeployment(asked, facts, { nowMs: context.clock.now, guid: context.ids.guid }) };
}

function templateFault(error: unknown): ArmResponse {
  if (!(error instanceof TemplateError)) throw error;
  return { status: 400, headers: { 'x-ms-failure-cause': 'gateway' }, body: { error: error.body() } };
}

async function put(module: Module, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const { context, deployments } = module;
  const place = placeOf(module, path);
  const name = path.get('deployment') ?? '';
  checkName(name);
  if (place.resourceGroup !== undefined) refuseWhileDeleting(requireGroup(context, path));
  const id = idIn(place, path);
  const caller = callerOf(request);
  let ready: ReturnType<typeof prepare>;
  try {
    ready = prepare(module, request, place, path);
  } catch (error) {
    return templateFault(error);
  }
  const existing = deployments.get(id);
  if (existing !== undefined && isActive(existing)) throw new ArmFailure(armErrors.deploymentActive(name));
  const record = newRecord(module, { id, name, place, caller, apiVersion: apiVersionOf(request), ...ready });
  await deployments.start(record, ready.prepared);
  return {
    status: existing === undefined ? 201 : 200,
    headers: {
      'azure-asyncoperation': `${request.baseUrl}${id}/operationStatuses/${record.statusId}?api-version=${encodeURIComponent(apiVersionOf(request))}`,
      'retry-after': retryAfter(context.settings.retryAfterSeconds),
    },
    body: viewDeployment(record),
  };
}

type NewDeployment = {
  readonly id: string;
  readonly name: string;
  readonly place: Place;
  readonly caller: Caller;
  readonly apiVersion: string;
  readonly asked: DeploymentRequest;
  readonly prepared: PreparedDeployment;
};

function newRecord({ context }: Module, { id, name, place, caller, apiVersion, asked, prepared }: NewDeployment): DeploymentRecord {
  const now = new Date(context.clock.now()).toISOString();
  const { templateHash, parameters, providers, dependencies } = prepared;
  return {
    id,
    name,
    subscriptionId: place.subscriptionId,
    ...(place.resourceGroup === undefined ? {} : { resourceGroup: place.resourceGroup }),
    ...(asked.location === undefined ? {} : { location: asked.location }),
    ...(asked.tags === undefined ? {} : { tags: asked.tags }),
    apiVersion,
    correlationId: caller.correlationId,
    statusId: context.ids.guid(),
    caller: caller.principal,
    baseUrl: caller.baseUrl,
    templateHash,
    parameters,
    providers,
    dependencies,
    state: 'Accepted',
    startedAt: now,
    changedAt: now,
    operations: [],
  };
}

function get(module: Module, _request: ArmRequest, path: PathParameters): ArmResponse {
  return { status: 200, body: viewDeployment(requireDeployment(module, path)) };
}

function exists(module: Module, _request: ArmRequest, path: PathParameters): ArmResponse {
  return { status: module.deployments.get(idIn(placeOf(module, path), path)) === undefined ? 404 : 204 };
}

function list(module: Module, request: ArmRequest, path: PathParameters): ArmResponse {
  const state = /^provisioningState\s+eq\s+'(?<state>\w+)'$/i.exec(queryValue(request, '$filter') ?? '')?.groups?.['state'];
  const found = module.deployments
    .list(placeOf(module, path).scopeId)
    .filter((record) => state === undefined || record.state.toLowerCase() === state.toLowerCase());
  return page(request, found, ({ id }) => id.toLowerCase(), viewDeployment);
}

async function remove(module: Module, _request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const id = idIn(placeOf(module, path), path);
  const record = module.deployments.get(id);
  if (record === undefined) return { status: 204 };
  if (isActive(record)) throw new ArmFailure(armErrors.deploymentActive(record.name));
  await module.deployments.remove(id);
  return { status: 204 };
}

function validate(module: Module, request: ArmRequest, path: PathParameters): ArmResponse {
  const place = placeOf(module, path);
  const name = path.get('deployment') ?? '';
  checkName(name);
  try {
    const ready = prepare(module, request, place, path);
    const record = newRecord(module, {
      id: idIn(place, path),
      name,
      place,
      caller: callerOf(request),
      apiVersion: apiVersionOf(request),
      ...ready,
    });
    const { properties, ...envelope } = viewDeployment({ ...record, state: 'Succeeded' });
    const validatedResources = ready.prepared.resources.filter(({ isDeployed }) => isDeployed).map(({ id }) => ({ id }));
    return { status: 200, body: { ...envelope, properties: { ...(isObject(properties) ? properties : {}), validatedResources } } };
  } catch (error) {
    return templateFault(error);
  }
}

async function previewChanges(module: Module, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  try {
    const { prepared } = prepare(module, request, placeOf(module, path), path);
    const changes = await whatIf(prepared, dispatchOperations(module.context, callerOf(request)));
    return { status: 200, body: { status: 'Succeeded', properties: { correlationId: request.correlationId, changes } } };
  } catch (error) {
    return templateFault(error);
  }
}

async function cancel(module: Module, _request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const record = requireDeployment(module, path);
  if (await module.deployments.cancel(record.id)) return { status: 204 };
  throw new ArmFailure({
    status: 409,
    code: 'DeploymentCannotBeCancelled',
    message: `The deployment '${record.name}' cannot be cancelled because it is in state '${record.state}'.`,
    isFromFrontDoor: true,
  });
}

function exportTemplate(module: Module, _request: ArmRequest, path: PathParameters): ArmResponse {
  const record = requireDeployment(module, path);
  return { status: 200, body: { template: module.deployments.template(record.id) ?? {} } };
}

/** As polls of other operations do, this one waits a moment for the end before it says that there is none yet. */
const holdMs = 1000;

async function status(module: Module, _request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const { statusId, id } = requireDeployment(module, path);
  if (statusId.toLowerCase() !== path.get('status')?.toLowerCase())
    throw new ArmFailure(armErrors.operationNotFound(path.get('status') ?? ''));
  await module.deployments.ended(id, holdMs);
  const record = requireDeployment(module, path);
  const headers = isActive(record) ? { 'retry-after': retryAfter(module.context.settings.retryAfterSeconds) } : {};
  return { status: 200, headers, body: { status: record.state, ...(record.error === undefined ? {} : { error: record.error }) } };
}

function listOperations(module: Module, _request: ArmRequest, path: PathParameters): ArmResponse {
  const record = requireDeployment(module, path);
  return { status: 200, body: { value: record.operations.map((operation) => viewOperation(record, operation)) } };
}

function getOperation(module: Module, _request: ArmRequest, path: PathParameters): ArmResponse {
  const record = requireDeployment(module, path);
  const wanted = path.get('operation')?.toLowerCase();
  const found = record.operations.find(({ operationId }) => operationId.toLowerCase() === wanted);
  if (found === undefined)
    throw new ArmFailure({
      status: 404,
      code: 'DeploymentOperationNotFound',
      message: `Deployment operation '${path.get('operation') ?? ''}' of deployment '${record.name}' could not be found.`,
      isFromFrontDoor: true,
    });
  return { status: 200, body: viewOperation(record, found) };
}
