/**
 * Where clients ask how an operation goes: `operations/{id}` (status, always 200) and `operationResults/{id}` (202 until there
 * is a result, then what the operation was for). Ids are kept for a day and survive a restart.
 */
import { armErrors, errorBody, parentId } from '@sallyport/model';
import type { JsonObject } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import { operationUrl, retryAfter } from '../arm/async-headers.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import { requireSubscription } from '../resources/target.ts';
import { viewResource } from '../resources/view.ts';
import type { OperationRecord } from '../store/records.ts';

const place = '/subscriptions/{subscription}/providers/{namespace}/locations/{location}';

export function operationRoutes(context: ArmContext): ArmModule {
  return {
    routes: [
      { method: 'GET', pattern: `${place}/operations/{operation}`, handle: (_request, path) => status(context, path) },
      { method: 'GET', pattern: `${place}/operationresults/{operation}`, handle: (request, path) => result(context, request, path) },
      {
        method: 'GET',
        pattern: '/subscriptions/{subscription}/operationresults/{operation}',
        handle: (request, path) => result(context, request, path),
      },
    ],
  };
}

/** As it is now if it has ended, else as it is when it ends or our patience does. */
async function awaitOperation(context: ArmContext, path: PathParameters): Promise<OperationRecord> {
  const operation = requireOperation(context, path);
  if (operation.status !== 'InProgress') return operation;
  await context.operations.endOrTimeout(operation.id, context.settings.operationHoldSeconds * 1000);
  return requireOperation(context, path);
}

function requireOperation(context: ArmContext, path: PathParameters): OperationRecord {
  const subscriptionId = requireSubscription(context, path);
  const id = path.get('operation') ?? '';
  const operation = context.operations.get(id);
  if (operation === undefined || operation.subscriptionId !== subscriptionId) throw new ArmFailure(armErrors.operationNotFound(id));
  return operation;
}

async function status(context: ArmContext, path: PathParameters): Promise<ArmResponse> {
  const operation = await awaitOperation(context, path);
  const retry = operation.status === 'InProgress' ? retryHeader(context) : {};
  return { status: 200, headers: retry, body: statusBody(operation) };
}

export function statusBody(operation: OperationRecord): JsonObject {
  const { error, result: made } = operation;
  return {
    name: operation.id,
    status: operation.status,
    startTime: operation.startedAt,
    ...(operation.endedAt === undefined ? {} : { endTime: operation.endedAt }),
    ...(error === undefined ? {} : errorBody({ ...error, details: error.details ?? [] })),
    ...(operation.status === 'Succeeded' && made.type === 'value' ? { properties: { output: made.value } } : {}),
  };
}

async function result(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const operation = await awaitOperation(context, path);
  if (operation.status === 'InProgress') {
    const own = `${request.baseUrl}/${request.segments.map(encodeURIComponent).join('/')}?api-version=${request.query.get('api-version') ?? ''}`;
    const location = operation.intent === 'deleteGroup' ? own : operationUrl(request, operation, 'operationResults');
    return { status: 202, headers: { location, ...retryHeader(context) } };
  }
  if (operation.error !== undefined) return { status: Math.max(400, operation.error.status), body: errorBody(operation.error) };
  return resultBody(context, operation);
}

function resultBody(context: ArmContext, operation: OperationRecord): ArmResponse {
  const { result: made } = operation;
  switch (made.type) {
    case 'value':
      return { status: 200, body: made.value };
    case 'resource': {
      const resource = context.resources.get(made.id) ?? context.resources.get(parentId(made.id) ?? '');
      return resource === undefined ? { status: 204 } : { status: 200, body: viewResource(context, resource) };
    }
    case 'none':
      return operation.intent === 'delete' ? { status: 204 } : { status: 200 };
  }
}

function retryHeader(context: ArmContext): Record<string, string> {
  return { 'retry-after': retryAfter(context.settings.retryAfterSeconds) };
}
