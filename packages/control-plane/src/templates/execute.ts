/**
 * Carries out one deployment: every resource PUT once what it depends on is there, independent ones side by side, then the
 * outputs. Knows no store and no HTTP: progress goes to `onOperation`. Resources already in place are simply PUT again
 * (incremental mode), which makes a deployment repeatable after a crash.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { Clock, IdSource } from '@sallyport/runtime';
import type { BoundTemplate } from './bind.ts';
import type { DeploymentOperation } from './deployment-record.ts';
import { durationText } from './deployment-record.ts';
import type { TemplateResource } from './expand.ts';
import { isObject } from './functions/function.ts';
import { masked, secureValues } from './mask.ts';
import { nestedDeploymentBody } from './nested.ts';
import { evaluateOutputs } from './outputs.ts';
import { evaluateReading, ReadingFailed } from './readings.ts';
import type { ResourceAnswer, ResourceOperations } from './resource-operations.ts';
import { TemplateError } from './template-error.ts';

export type Execution = {
  readonly bound: BoundTemplate;
  readonly resources: readonly TemplateResource[];
  /** From order.ts. */
  readonly order: ReadonlyMap<string, readonly string[]>;
};

export type ExecutionPorts = {
  readonly operations: ResourceOperations;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Called at the start and at the end of each resource. */
  readonly onOperation: (operation: DeploymentOperation) => Promise<void>;
  readonly signal: AbortSignal;
};

export type ExecutionResult =
  | { readonly status: 'Succeeded'; readonly outputs: JsonObject; readonly outputResources: readonly string[] }
  | { readonly status: 'Failed'; readonly error: JsonObject }
  /** The signal said stop; what was begun may still be going on. */
  | { readonly status: 'Stopped' };

export async function execute(execution: Execution, ports: ExecutionPorts): Promise<ExecutionResult> {
  const { bound, resources, order } = execution;
  const failures: JsonObject[] = [];
  const secrets = secureValues(bound.parameters);
  const running = new Map<string, Promise<boolean>>();
  const byId = new Map(resources.map((resource) => [resource.id, resource]));

  async function deploy(resource: TemplateResource): Promise<boolean> {
    const before = await Promise.all((order.get(resource.id) ?? []).map(start));
    if (before.includes(false) || ports.signal.aborted) return false;
    if (!resource.isDeployed || resource.isExisting) return true;
    const failure = await deployResource(resource, resources, ports, secrets);
    if (failure !== undefined) failures.push(failure);
    return failure === undefined;
  }

  function start(id: string): Promise<boolean> {
    const resource = byId.get(id);
    if (resource === undefined) return Promise.resolve(true);
    const known = running.get(id) ?? deploy(resource);
    running.set(id, known);
    return known;
  }

  const done = await Promise.all(resources.map(({ id }) => start(id)));
  if (ports.signal.aborted) return { status: 'Stopped' };
  if (done.includes(false)) return { status: 'Failed', error: deploymentFailed(failures) };
  try {
    const outputs = await evaluateOutputs(bound.template, bound.scope, resources, ports.operations);
    if (bound.template.outputs.size > 0)
      await ports.onOperation({ ...newOperation(ports, 'EvaluateDeploymentOutput'), provisioningState: 'Succeeded', statusCode: 'OK' });
    return {
      status: 'Succeeded',
      outputs,
      outputResources: resources.filter((one) => one.isDeployed && !one.isExisting).map(({ id }) => id),
    };
  } catch (error) {
    const message = faultMessage(error);
    if (message === undefined) throw error;
    return {
      status: 'Failed',
      error: {
        code: 'DeploymentFailed',
        message: failedMessage,
        details: [{ code: 'DeploymentOutputEvaluationFailed', message: `Unable to evaluate template outputs: ${message}` }],
      },
    };
  }
}

const failedMessage =
  'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-debug for usage details.';

export function deploymentFailed(details: readonly JsonObject[]): JsonObject {
  return { code: 'DeploymentFailed', message: failedMessage, details };
}

/** PUTs one resource; what went wrong, as an entry of `details`, or undefined. */
async function deployResource(
  resource: TemplateResource,
  resources: readonly TemplateResource[],
  ports: ExecutionPorts,
  secrets: readonly string[],
): Promise<JsonObject | undefined> {
  const began = ports.clock.monotonic();
  const base: DeploymentOperation = {
    ...newOperation(ports, 'Create'),
    targetResource: { id: resource.id, resourceType: resource.type, resourceName: resource.name },
  };
  await ports.onOperation(base);
  const put = await putResource(resource, resources, ports);
  const answer = put.status < 400 ? put : { ...put, body: masked(put.body, secrets) }; // a refusal may quote what it refuses
  if (ports.signal.aborted) return undefined;
  const failure = answer.status < 400 ? undefined : failureOf(answer);
  await ports.onOperation({
    ...base,
    provisioningState: failure === undefined ? 'Succeeded' : 'Failed',
    timestamp: new Date(ports.clock.now()).toISOString(),
    duration: durationText(ports.clock.monotonic() - began),
    statusCode: statusName(answer.status),
    ...(failure === undefined ? {} : { statusMessage: answer.body }),
  });
  return failure;
}

function newOperation(ports: ExecutionPorts, provisioningOperation: DeploymentOperation['provisioningOperation']): DeploymentOperation {
  return {
    operationId: ports.ids.guid().replaceAll('-', '').toUpperCase(),
    provisioningOperation,
    provisioningState: 'Running',
    timestamp: new Date(ports.clock.now()).toISOString(),
    duration: durationText(0),
    trackingId: ports.ids.guid(),
  };
}

async function putResource(
  resource: TemplateResource,
  resources: readonly TemplateResource[],
  ports: ExecutionPorts,
): Promise<ResourceAnswer> {
  try {
    const evaluate = (value: JsonValue): Promise<JsonValue> => evaluateReading(value, resource.scope, resources, ports.operations);
    const body = await (nestedDeploymentBody(resource, evaluate) ?? evaluate(resource.body));
    return await ports.operations.put(resource.id, resource.apiVersion, isObject(body) ? body : {}, ports.signal);
  } catch (error) {
    if (ports.signal.aborted) return { status: 499, body: null };
    if (error instanceof ReadingFailed) return error.answer;
    if (error instanceof TemplateError) return { status: 400, body: { error: error.body() } };
    throw error;
  }
}

function failureOf(answer: ResourceAnswer): JsonObject {
  return { code: statusName(answer.status), message: JSON.stringify(answer.body, undefined, 2) };
}

function faultMessage(error: unknown): string | undefined {
  if (error instanceof TemplateError) return error.message;
  return error instanceof ReadingFailed ? JSON.stringify(error.answer.body) : undefined;
}

const statusNames: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  429: 'TooManyRequests',
  500: 'InternalServerError',
  504: 'GatewayTimeout',
};

export function statusName(status: number): string {
  return statusNames[status] ?? (status < 400 ? 'OK' : status < 500 ? 'BadRequest' : 'InternalServerError');
}
