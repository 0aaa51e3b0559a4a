/**
 * Turns a template's resources into single ones: copy loops unrolled, nested children lifted out, names and conditions
 * evaluated, ids made. Bodies stay unevaluated until their turn comes (deployment.ts), since they may read other resources.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { evaluateValue } from './expression/evaluate.ts';
import { copyCount } from './expression/property-copy.ts';
import type { Scope } from './expression/scope.ts';
import { isArray, isObject, memberOf, printValue, typeName } from './functions/function.ts';
import { providerPath } from './functions/resources.ts';
import { TemplateError, validationFailed } from './template-error.ts';
import { resourceTemplates, type ResourceTemplate, type Template } from './template.ts';

export type TemplateResource = {
  readonly id: string;
  readonly type: string;
  /** `vnet/subnet` for a child. */
  readonly name: string;
  readonly apiVersion: string;
  readonly symbol: string | undefined;
  /** Name of the copy loop it came from. */
  readonly loop: string | undefined;
  /** Only read, never written: `"existing": true`. */
  readonly isExisting: boolean;
  /** False when its `condition` is. */
  readonly isDeployed: boolean;
  /** As written, evaluated: ids, names, `type/name` paths, symbolic and loop names. */
  readonly dependsOn: readonly string[];
  /** Ids that must be done first because the loop is serial. */
  readonly after: readonly string[];
  readonly path: string;
  /** Members of the request body, unevaluated. */
  readonly body: JsonObject;
  readonly scope: Scope;
};

/** Members that steer the deployment and are no part of the resource. */
const steering = new Set(
  [
    'type',
    'name',
    'apiVersion',
    'dependsOn',
    'condition',
    'copy',
    'resources',
    'comments',
    'metadata',
    'scope',
    'existing',
    'subscriptionId',
    'resourceGroup',
  ].map((name) => name.toLowerCase()),
);

type Parent = { readonly type: string; readonly name: string };

/** @throws TemplateError */
export function expandResources(template: Template, scope: Scope): readonly TemplateResource[] {
  return template.resources.flatMap((resource) => expandLoop(template, resource, scope, undefined));
}

function expandLoop(template: Template, resource: ResourceTemplate, scope: Scope, parent: Parent | undefined): readonly TemplateResource[] {
  const copy = memberOf(resource.body, 'copy');
  if (!isObject(copy)) return expandOne(template, resource, scope, parent, undefined);
  const name = printValue(memberOf(copy, 'name') ?? resource.symbol ?? 'copy');
  const count = copyCount(name, evaluateValue(memberOf(copy, 'count') ?? null, scope));
  const isSerial = printValue(memberOf(copy, 'mode') ?? '').toLowerCase() === 'serial';
  const batchSize = Number(memberOf(copy, 'batchSize') ?? 1);
  const loops = (index: number): ReadonlyMap<string, number> => new Map(scope.loops).set(name.toLowerCase(), index).set('', index);
  const items = Array.from({ length: count }, (_, index) => expandOne(template, resource, { ...scope, loops: loops(index) }, parent, name));
  if (!isSerial) return items.flat();
  return items.flatMap((batchItem, index) => {
    const before = items.slice(0, Math.floor(index / batchSize) * batchSize).flat();
    return batchItem.map((item) => ({ ...item, after: before.map(({ id }) => id) }));
  });
}

function expandOne(
  template: Template,
  resource: ResourceTemplate,
  scope: Scope,
  parent: Parent | undefined,
  loop: string | undefined,
): readonly TemplateResource[] {
  const text = (member: string): string => requiredText(template, resource, scope, member);
  const ownType = text('type');
  const type = parent === undefined || ownType.includes('.') ? ownType : `${parent.type}/${ownType}`;
  const ownName = text('name');
  const name = parent === undefined || ownName.split('/').length === type.split('/').length - 1 ? ownName : `${parent.name}/${ownName}`;
  const { body } = resource;
  const one: TemplateResource = {
    id: idOf(template, resource, scope, type, name),
    type,
    name,
    apiVersion: text('apiVersion'),
    symbol: resource.symbol,
    loop,
    isExisting: memberOf(body, 'existing') === true,
    isDeployed: isDeployed(template, resource, scope),
    dependsOn: dependencies(template, resource, scope),
    after: [],
    path: resource.path,
    body: Object.fromEntries(Object.entries(body).filter(([member]) => !steering.has(member.toLowerCase()))),
    scope,
  };
  const isDeployment = type.toLowerCase() === 'microsoft.resources/deployments';
  const children = isDeployment ? [] : resourceTemplates(memberOf(body, 'resources'), `${resource.path}.resources`, template.positionOf);
  return [one, ...children.flatMap((child) => expandLoop(template, child, scope, one))];
}

/** Evaluates one steering member; an error tells which resource and where. */
function evaluateAt(template: Template, resource: ResourceTemplate, scope: Scope, member: string): JsonValue | undefined {
  const raw = memberOf(resource.body, member);
  if (raw === undefined) return undefined;
  try {
    return evaluateValue(raw, scope);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const path = `${resource.path}.${member}`;
    const at = template.positionOf(path) ?? template.positionOf(resource.path);
    throw new TemplateError(
      'InvalidTemplate',
      `Unable to process template language expressions for resource '${printValue(memberOf(resource.body, 'name') ?? '')}' at line '${at?.line ?? 1}' and column '${at?.column ?? 1}'. '${error.message}'`,
      path,
      at,
    );
  }
}

function requiredText(template: Template, resource: ResourceTemplate, scope: Scope, member: string): string {
  const value = evaluateAt(template, resource, scope, member);
  if (typeof value === 'string' && value !== '') return value;
  const at = template.positionOf(resource.path);
  throw validationFailed(
    `The template resource '${printValue(memberOf(resource.body, 'name') ?? '')}' at line '${at?.line ?? 1}' and column '${at?.column ?? 1}' is not valid. The ${member} property must be a non-empty string and is '${typeName(value)}'. Please see https://aka.ms/arm-template/#resources for usage details.`,
    resource.path,
    at,
  );
}

function isDeployed(template: Template, resource: ResourceTemplate, scope: Scope): boolean {
  const condition = evaluateAt(template, resource, scope, 'condition') ?? true;
  if (typeof condition === 'boolean') return condition;
  const path = `${resource.path}.condition`;
  throw validationFailed(`The condition must be a boolean, and is '${typeName(condition)}'`, path, template.positionOf(path));
}

function dependencies(template: Template, resource: ResourceTemplate, scope: Scope): readonly string[] {
  const value = evaluateAt(template, resource, scope, 'dependsOn') ?? [];
  if (isArray(value) && value.every((item) => typeof item === 'string')) return value;
  const path = `${resource.path}.dependsOn`;
  throw validationFailed(`dependsOn must be an array of strings, and is '${typeName(value)}'`, path, template.positionOf(path));
}

function idOf(template: Template, resource: ResourceTemplate, scope: Scope, type: string, name: string): string {
  const names = name.split('/');
  const path = providerPath(type, names);
  if (path === undefined) {
    const at = template.positionOf(`${resource.path}.type`) ?? template.positionOf(resource.path);
    throw validationFailed(
      `The template resource '${name}' for type '${type}' at line '${at?.line ?? 1}' and column '${at?.column ?? 1}' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name. A root resource type must have segment length one greater than its resource name. Please see https://aka.ms/arm-template/#resources for usage details.`,
      `${resource.path}.type`,
      at,
    );
  }
  const of = (member: string): string | undefined => {
    const value = evaluateAt(template, resource, scope, member);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const extended = of('scope');
  if (extended !== undefined) {
    const isId = extended.startsWith('/');
    const target = providerPath(
      extended
        .split('/')
        .filter((_, index) => index < 1 || index % 2 === 1)
        .join('/'),
      extended.split('/').filter((_, index) => index > 0 && index % 2 === 0),
    );
    return `${isId ? extended : `${groupScope(scope, of)}${target ?? `/${extended}`}`}${path}`;
  }
  if (type.toLowerCase() === 'microsoft.resources/resourcegroups')
    return `/subscriptions/${of('subscriptionId') ?? scope.facts.subscriptionId}/resourceGroups/${name}`;
  return `${groupScope(scope, of)}${path}`;
}

function groupScope(scope: Scope, of: (member: string) => string | undefined): string {
  const own = scope.facts.resourceGroup?.['name'];
  const group = of('resourceGroup') ?? (typeof own === 'string' ? own : undefined);
  const subscription = `/subscriptions/${of('subscriptionId') ?? scope.facts.subscriptionId}`;
  return group === undefined ? subscription : `${subscription}/resourceGroups/${group}`;
}
