/**
 * How a deployment reaches resources: PUT until the end, GET, POST. `dispatchOperations` does it through the ARM layer of this
 * process, with the identity of the caller, so that a template can do exactly what its caller could do by hand.
 */
import type { ArmError, JsonObject, JsonValue } from '@sallyport/model';
import { armErrors, errorBody } from '@sallyport/model';
import { until } from '@sallyport/runtime';
import type { ArmContext } from '../arm/context.ts';
import type { ArmMethod, ArmResponse } from '../arm/message.ts';
import type { Principal } from '../identity/tokens.ts';
import { isObject } from './functions/function.ts';

/** Below 400: the resource. Otherwise ARM's error envelope. */
export type ResourceAnswer = { readonly status: number; readonly body: JsonValue };

export type ResourceOperations = {
  /** Answers when the resource has reached a terminal state. */
  readonly put: (id: string, apiVersion: string, body: JsonObject, signal: AbortSignal) => Promise<ResourceAnswer>;
  readonly get: (id: string, apiVersion: string) => Promise<ResourceAnswer>;
  readonly post: (id: string, action: string, apiVersion: string, body: JsonValue | undefined) => Promise<ResourceAnswer>;
};

export type Caller = { readonly principal: Principal; readonly baseUrl: string; readonly correlationId: string };

/** ARM retries a resource that answers 429 (another operation on it is running); it gives up some time. */
const busyLimitMs = 600_000;

export function dispatchOperations(
  context: Pick<ArmContext, 'dispatch' | 'operations' | 'clock' | 'settings'>,
  caller: Caller,
): ResourceOperations {
  const { clock, operations } = context;
  const timeoutMs = (context.settings.operationTimeoutSeconds + 60) * 1000;
  const send = (method: ArmMethod, path: string, apiVersion: string, value?: JsonValue): Promise<ArmResponse> =>
    context.dispatch({
      ...caller,
      method,
      segments: path.split('/').filter((segment) => segment !== ''),
      query: new Map([['api-version', apiVersion]]),
      headers: new Map(),
      body: value === undefined ? { type: 'none' } : { type: 'json', value },
    });
  const get = async (id: string, apiVersion: string): Promise<ResourceAnswer> => answerOf(await send('GET', id, apiVersion));

  /** The resource once it is no longer changing; for answers without an operation, such as nested deployments. */
  async function settled(id: string, apiVersion: string, signal: AbortSignal): Promise<ResourceAnswer> {
    const isOver = ({ status, body }: ResourceAnswer): boolean => status >= 400 || isTerminal(provisioningStateOf(body));
    const answer = await until(() => get(id, apiVersion), isOver, {
      because: `${id} is provisioned`,
      clock,
      timeoutMs,
      everyMs: 100,
      signal,
    });
    const state = provisioningStateOf(answer.body);
    return answer.status >= 400 || state === undefined || state === 'Succeeded' ? answer : failureOf(answer.body, state);
  }

  async function put(id: string, apiVersion: string, body: JsonObject, signal: AbortSignal): Promise<ResourceAnswer> {
    const deadline = clock.monotonic() + busyLimitMs;
    let response = await send('PUT', id, apiVersion, body);
    while (response.status === 429 && clock.monotonic() < deadline && !signal.aborted) {
      await clock.sleep(Math.max(200, Number(response.headers?.['retry-after'] ?? 1) * 1000), signal);
      response = await send('PUT', id, apiVersion, body);
    }
    if (response.status >= 400) return answerOf(response);
    if (response.operationId !== undefined) {
      const operation = await operations.ended(response.operationId, { timeoutMs, signal });
      if (operation.status !== 'Succeeded') return errorAnswer(operation.error ?? armErrors.internal(caller.correlationId));
      const made = await get(id, apiVersion);
      return made.status >= 400 ? made : { ...made, status: response.status };
    }
    return isTerminal(provisioningStateOf(response.body)) ? answerOf(response) : settled(id, apiVersion, signal);
  }

  return {
    put,
    get,
    post: async (id, action, apiVersion, body) => answerOf(await send('POST', `${id}/${action}`, apiVersion, body)),
  };
}

function answerOf(response: ArmResponse): ResourceAnswer {
  return { status: response.status, body: response.body ?? null };
}

function errorAnswer(error: ArmError): ResourceAnswer {
  return { status: error.status, body: errorBody(error) };
}

function failureOf(body: JsonValue, state: string): ResourceAnswer {
  const properties = isObject(body) ? body['properties'] : undefined;
  const error = isObject(properties) ? properties['error'] : undefined;
  const message = `The resource operation completed with terminal provisioning state '${state}'.`;
  return { status: 409, body: { error: isObject(error) ? error : { code: 'ResourceDeploymentFailure', message } } };
}

export function provisioningStateOf(body: JsonValue | undefined): string | undefined {
  const properties = isObject(body) ? body['properties'] : undefined;
  const state = isObject(properties) ? properties['provisioningState'] : undefined;
  return typeof state === 'string' ? state : undefined;
}

/** A resource without a state is done as soon as it answers. */
function isTerminal(state: string | undefined): boolean {
  return state === undefined || ['succeeded', 'failed', 'canceled'].includes(state.toLowerCase());
}
