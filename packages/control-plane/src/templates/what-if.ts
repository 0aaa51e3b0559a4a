/**
 * What a deployment would change: each resource of the template against the one that is there. Compares what the template
 * says; members that only the service decides are no difference. Secrets can't be compared, as no GET shows them.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/deploy-what-if
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { Execution } from './execute.ts';
import { isArray, isEqual, isObject, memberOf } from './functions/function.ts';
import { isWriteOnly, maskedObject, secureValues } from './mask.ts';
import { evaluateReading, ReadingFailed } from './readings.ts';
import type { ResourceOperations } from './resource-operations.ts';
import { TemplateError } from './template-error.ts';
import type { TemplateResource } from './expand.ts';

type Delta = JsonObject & {
  readonly path: string;
  readonly propertyChangeType: 'Create' | 'Modify' | 'Array';
  readonly before: JsonValue;
  readonly after: JsonValue;
};

export async function whatIf(execution: Execution, operations: ResourceOperations): Promise<readonly JsonObject[]> {
  const deployed = execution.resources.filter(({ isDeployed, isExisting }) => isDeployed && !isExisting);
  const secrets = secureValues(execution.bound.parameters);
  const changes = await Promise.all(deployed.map((resource) => changeOf(resource, execution.resources, operations)));
  return changes.map((change) => maskedObject(change, secrets));
}

async function changeOf(resource: TemplateResource, all: readonly TemplateResource[], operations: ResourceOperations): Promise<JsonObject> {
  const current = await operations.get(resource.id, resource.apiVersion);
  const body = await evaluated(resource, all, operations);
  const base = { resourceId: resource.id };
  // Azure says "Unsupported" for what it can't evaluate before deployment.
  if (body === undefined)
    return { ...base, changeType: 'Unsupported', unsupportedReason: 'The resource reads another one that is not deployed yet.' };
  const after: JsonObject = {
    id: resource.id,
    name: resource.name.split('/').at(-1) ?? '',
    type: resource.type,
    apiVersion: resource.apiVersion,
    ...body,
  };
  if (current.status >= 400 || !isObject(current.body)) return { ...base, changeType: 'Create', after };
  const delta = differences(current.body, body, '');
  return {
    ...base,
    changeType: delta.length === 0 ? 'NoChange' : 'Modify',
    before: current.body,
    after,
    ...(delta.length === 0 ? {} : { delta }),
  };
}

async function evaluated(
  resource: TemplateResource,
  all: readonly TemplateResource[],
  operations: ResourceOperations,
): Promise<JsonObject | undefined> {
  try {
    const body = await evaluateReading(resource.body, resource.scope, all, operations);
    return isObject(body) ? body : {};
  } catch (error) {
    if (error instanceof ReadingFailed || error instanceof TemplateError) return undefined;
    throw error;
  }
}

function differences(before: JsonObject, after: JsonObject, path: string): readonly Delta[] {
  return Object.entries(after).flatMap(([name, wanted]): readonly Delta[] => {
    const at = path === '' ? name : `${path}.${name}`;
    if (isWriteOnly(name)) return [];
    const actual = memberOf(before, name);
    if (wanted === undefined || wanted === null || isSame(actual, wanted)) return [];
    if (isObject(actual) && isObject(wanted)) return differences(actual, wanted, at);
    if (actual === undefined) return [{ path: at, propertyChangeType: 'Create', before: null, after: wanted }];
    return [{ path: at, propertyChangeType: isArray(actual) ? 'Array' : 'Modify', before: actual, after: wanted }];
  });
}

/** As the service compares: enumerations and ids without case, lists member by member, given members only. */
function isSame(actual: JsonValue | undefined, wanted: JsonValue): boolean {
  if (typeof actual === 'string' && typeof wanted === 'string') return actual.toLowerCase() === wanted.toLowerCase();
  if (isArray(actual) && isArray(wanted))
    return actual.length === wanted.length && wanted.every((item, index) => isSame(actual[index], item));
  if (isObject(actual) && isObject(wanted))
    return Object.entries(wanted).every(([name, value]) => value === undefined || value === null || isSame(memberOf(actual, name), value));
  return isEqual(actual, wanted);
}
