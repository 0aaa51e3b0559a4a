/**
 * Which resource waits for which: `dependsOn`, serial loops, and the implicit dependency of `reference()` on a resource of the
 * same template. Children do not wait for parents by themselves, as in Azure: templates say so in `dependsOn`.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/resource-dependency
 */
import { resourceKey, type JsonValue } from '@sallyport/model';
import { evaluateExpression } from './expression/evaluate.ts';
import { parseTemplateString, type Expression } from './expression/parser.ts';
import type { Scope } from './expression/scope.ts';
import { isArray, isObject } from './functions/function.ts';
import { TemplateError, validationFailed } from './template-error.ts';
import type { TemplateResource } from './expand.ts';

/** For each resource, by id, the ids to be done first. @throws TemplateError for an unknown name or a circle. */
export function orderOf(resources: readonly TemplateResource[], loops: ReadonlySet<string>): ReadonlyMap<string, readonly string[]> {
  const order = new Map(resources.map((resource) => [resource.id, prerequisites(resource, resources, loops)]));
  const keys = resources.map(({ id }) => resourceKey(id));
  if (new Set(keys).size < resources.length) {
    const twice = resources.find(({ id }, index) => keys.indexOf(resourceKey(id)) !== index);
    throw validationFailed(
      `The resource '${twice?.id ?? ''}' at line '1' and column '1' is defined multiple times in a template. Please see https://aka.ms/arm-template/#resources for usage details.`,
    );
  }
  refuseCircles(order);
  return order;
}

/** The resources that a name in `dependsOn` or `reference()` means; empty when none. */
export function resourcesCalled(target: string, resources: readonly TemplateResource[]): readonly TemplateResource[] {
  const wanted = target.toLowerCase();
  const bySymbol = resources.filter(({ symbol, loop }) => symbol?.toLowerCase() === wanted || loop?.toLowerCase() === wanted);
  if (bySymbol.length > 0) return bySymbol;
  if (wanted.startsWith('/')) return resources.filter((resource) => idsOf(resource).includes(resourceKey(target)));
  return resources.filter(({ id, name }) => name.toLowerCase() === wanted || resourceKey(id).endsWith(`/providers${resourceKey(target)}`));
}

/** A resource group has two ids: its own, and the one that `subscriptionResourceId()` makes. */
function idsOf({ id, type, name }: TemplateResource): readonly string[] {
  if (type.toLowerCase() !== 'microsoft.resources/resourcegroups') return [resourceKey(id)];
  const subscription = id.split('/')[2] ?? '';
  return [resourceKey(id), resourceKey(`/subscriptions/${subscription}/providers/${type}/${name}`)];
}

function prerequisites(resource: TemplateResource, resources: readonly TemplateResource[], loops: ReadonlySet<string>): readonly string[] {
  const declared = resource.dependsOn.flatMap((target) => {
    const found = resourcesCalled(target, resources);
    if (found.length > 0 || loops.has(target.toLowerCase())) return found;
    throw validationFailed(
      `The resource '${target}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
      `${resource.path}.dependsOn`,
    );
  });
  const implied = referencesIn(resource.body, resource.scope).flatMap((target) => resourcesCalled(target, resources));
  const ids = [...declared, ...implied].map(({ id }) => id).filter((id) => id !== resource.id);
  return [...new Set([...ids, ...resource.after])];
}

/** First arguments of every `reference(…)` and `list…(…)` in a value, as far as they can be known before deployment. */
export function referencesIn(value: JsonValue, scope: Scope): readonly string[] {
  if (isArray(value)) return value.flatMap((item) => referencesIn(item, scope));
  if (isObject(value)) return Object.values(value).flatMap((item) => referencesIn(item ?? null, scope));
  if (typeof value !== 'string') return [];
  const expression = parseTemplateString(value);
  return typeof expression === 'string' ? [] : referencesOf(expression, scope);
}

function referencesOf(expression: Expression, scope: Scope): readonly string[] {
  if (expression.kind === 'literal') return [];
  if (expression.kind === 'member') return [...referencesOf(expression.of, scope), ...referencesOf(expression.name, scope)];
  const inner = expression.args.flatMap((arg) => referencesOf(arg, scope));
  const [first] = expression.args;
  if (first === undefined || expression.namespace !== undefined || !/^(references?|list[a-z]+)$/i.test(expression.name)) return inner;
  const target = knownText(first, scope);
  return target === undefined ? inner : [target, ...inner];
}

function knownText(expression: Expression, scope: Scope): string | undefined {
  try {
    const value = evaluateExpression(expression, scope);
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    // Inside a property copy loop or a lambda the index is not known here; the evaluation proper reports real faults.
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}

function refuseCircles(order: ReadonlyMap<string, readonly string[]>): void {
  const done = new Set<string>();
  const visit = (id: string, trail: readonly string[]): void => {
    if (done.has(id)) return;
    if (trail.includes(id))
      throw validationFailed(
        `Circular dependency detected on resource: '${id}'. Please see https://aka.ms/arm-syntax-resources for usage details.`,
      );
    for (const next of order.get(id) ?? []) visit(next, [...trail, id]);
    done.add(id);
  };
  for (const id of order.keys()) visit(id, []);
}
