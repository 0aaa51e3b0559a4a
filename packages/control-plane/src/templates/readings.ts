/**
 * Evaluates values that read deployed resources (`reference`, `list…`): evaluate, read what is missing, evaluate again.
 * The evaluator itself stays synchronous and pure.
 */
import type { JsonValue } from '@sallyport/model';
import { evaluateValue } from './expression/evaluate.ts';
import { UnreadResource, type ResourceReading, type Scope } from './expression/scope.ts';
import { isObject } from './functions/function.ts';
import { resourcesCalled } from './order.ts';
import type { ResourceAnswer, ResourceOperations } from './resource-operations.ts';
import { TemplateError } from './template-error.ts';
import type { TemplateResource } from './expand.ts';

/** A resource that an expression wants refused to be read. Carries its answer. */
export class ReadingFailed extends Error {
  override readonly name = 'ReadingFailed';
  readonly answer: ResourceAnswer;

  constructor(target: string, answer: ResourceAnswer) {
    super(`could not read ${target}`);
    this.answer = answer;
  }
}

/** @throws TemplateError, ReadingFailed */
export async function evaluateReading(
  value: JsonValue,
  scope: Scope,
  resources: readonly TemplateResource[],
  operations: Pick<ResourceOperations, 'get' | 'post'>,
): Promise<JsonValue> {
  const known = new Map<string, JsonValue>();
  const read = (reading: ResourceReading): JsonValue => {
    const found = known.get(JSON.stringify(reading));
    if (found === undefined) throw new UnreadResource(reading);
    return found;
  };
  for (;;) {
    try {
      return evaluateValue(value, { ...scope, read });
    } catch (error) {
      if (!(error instanceof UnreadResource)) throw error;
      known.set(JSON.stringify(error.reading), await fetchReading(error.reading, resources, operations));
    }
  }
}

/** Whether everything a value refers to is in the template or named by id: what can be known before deployment. @throws TemplateError */
export function checkReadings(value: JsonValue, scope: Scope, resources: readonly TemplateResource[]): void {
  const read = (reading: ResourceReading): JsonValue => {
    targetsOf(reading, resources);
    throw new UnreadResource(reading);
  };
  try {
    evaluateValue(value, { ...scope, read });
  } catch (error) {
    if (!(error instanceof UnreadResource)) throw error;
  }
}

type Target = { readonly id: string; readonly apiVersion: string };

function targetsOf(reading: ResourceReading, resources: readonly TemplateResource[]): readonly Target[] {
  const { target, apiVersion, verb } = reading;
  const found = resourcesCalled(target, resources).map((resource) => ({ id: resource.id, apiVersion: apiVersion ?? resource.apiVersion }));
  if (found.length > 0) return found;
  if (!target.startsWith('/'))
    throw new TemplateError(
      'InvalidTemplate',
      `The template reference '${target}' is not valid: could not find template resource or resource copy with this name. Please see https://aka.ms/arm-function-reference for usage details.`,
    );
  if (apiVersion === undefined)
    throw new TemplateError(
      'InvalidTemplate',
      `The template function '${verb}' needs an api-version for the resource '${target}', which is not defined in the template. Please see https://aka.ms/arm-function-reference for usage details.`,
    );
  return [{ id: target, apiVersion }];
}

async function fetchReading(
  reading: ResourceReading,
  resources: readonly TemplateResource[],
  operations: Pick<ResourceOperations, 'get' | 'post'>,
): Promise<JsonValue> {
  const targets = targetsOf(reading, resources);
  const values: JsonValue[] = [];
  for (const { id, apiVersion } of targets) {
    const isRead = /^references?$/i.test(reading.verb);
    const answer = isRead ? await operations.get(id, apiVersion) : await operations.post(id, reading.verb, apiVersion, reading.body);
    if (answer.status >= 400) throw new ReadingFailed(id, answer);
    values.push(isRead && !reading.isFull ? propertiesOf(answer.body) : full(answer.body, apiVersion, isRead));
  }
  return reading.verb.toLowerCase() === 'references' ? values : (values[0] ?? null);
}

function propertiesOf(body: JsonValue): JsonValue {
  return (isObject(body) ? body['properties'] : undefined) ?? {};
}

/** `reference(…, 'Full')`: the resource with the api-version it was read at. */
function full(body: JsonValue, apiVersion: string, isRead: boolean): JsonValue {
  return isRead && isObject(body) ? { apiVersion, ...body } : body;
}
