/** What actions share: finding their resource, and the two shapes of answer Azure gives to a POST. */
import type { JsonValue, Resource } from '@sallyport/model';
import type { AsyncHeader } from '../../arm/async-headers.ts';
import { asyncHeaders } from '../../arm/async-headers.ts';
import type { ArmContext } from '../../arm/context.ts';
import type { ArmMethod, ArmRequest, ArmResponse } from '../../arm/message.ts';
import { apiVersionOf } from '../../arm/message.ts';
import type { ArmRoute, PathParameters } from '../../arm/router.ts';
import type { OperationRecord } from '../../store/records.ts';
import { operationName } from '../operation-name.ts';
import type { Target } from '../target.ts';
import { requireExisting, requireTarget } from '../target.ts';

export type ActionCall = {
  readonly context: ArmContext;
  readonly request: ArmRequest;
  readonly target: Target;
  readonly existing: Resource;
};

export type Action = {
  readonly method: ArmMethod;
  /** `connections` of Microsoft.Network. */
  readonly type: string;
  /** Below the resource: `sharedkey/reset`. */
  readonly path: string;
  readonly answer: (call: ActionCall) => ArmResponse | Promise<ArmResponse>;
};

export function actionRoute(context: ArmContext, action: Action): ArmRoute {
  const namespace = 'Microsoft.Network';
  return {
    method: action.method,
    pattern: `/subscriptions/{subscription}/resourcegroups/{group}/providers/${namespace}/${action.type}/{name}/${action.path}`,
    handle: (request, path) => {
      const own: PathParameters = new Map([...path, ['namespace', namespace], ['type', action.type]]);
      const target = requireTarget(context, request, own);
      return action.answer({ context, request, target, existing: requireExisting(target) });
    },
  };
}

/**
 * A POST that asks for data: 202 with body `null` and only a Location, where the result is ready at once. With
 * Azure-AsyncOperation clients would take the status body for the result.
 */
export async function dataAnswer({ context, request, target, existing }: ActionCall, verb: string, value: JsonValue): Promise<ArmResponse> {
  const { operation, change } = context.operations.beginEnded({
    subscriptionId: target.subscriptionId,
    location: existing.location,
    name: operationName(verb, existing.type),
    resource: existing.id,
    intent: 'action',
    apiVersion: apiVersionOf(request),
    correlationId: request.correlationId,
    result: { type: 'value', value },
  });
  await context.store.commit([change]);
  return accepted(context, request, operation, ['result']);
}

export function accepted(
  context: ArmContext,
  request: ArmRequest,
  operation: OperationRecord,
  headers: readonly AsyncHeader[],
): ArmResponse {
  return {
    status: 202,
    headers: asyncHeaders(request, operation, context.settings.retryAfterSeconds, headers),
    // Azure's own: nothing where a status can be polled, `null` where there is only a result.
    ...(headers.includes('status') ? {} : { body: null }),
    operationId: operation.id,
  };
}
