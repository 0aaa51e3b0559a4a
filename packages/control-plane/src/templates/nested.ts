/**
 * The body of a nested deployment (`Microsoft.Resources/deployments` in a template; Bicep's modules). With inner scope its
 * template is passed on as it is written, and evaluated by the deployment it becomes; with outer scope, Azure's default, the
 * expressions belong to the parent and are evaluated first.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/linked-templates#expression-evaluation-scope-in-nested-templates
 */
import type { JsonValue } from '@sallyport/model';
import type { TemplateResource } from './expand.ts';
import { isObject, memberOf } from './functions/function.ts';

/** Undefined for any other type of resource. */
export function nestedDeploymentBody(
  resource: TemplateResource,
  evaluate: (value: JsonValue) => Promise<JsonValue>,
): Promise<JsonValue> | undefined {
  if (resource.type.toLowerCase() !== 'microsoft.resources/deployments') return undefined;
  const properties = memberOf(resource.body, 'properties');
  const options = isObject(properties) ? memberOf(properties, 'expressionEvaluationOptions') : undefined;
  const scope = isObject(options) ? memberOf(options, 'scope') : undefined;
  if (!isObject(properties) || typeof scope !== 'string' || scope.toLowerCase() !== 'inner') return undefined;
  const template = memberOf(properties, 'template') ?? null;
  const rest = Object.fromEntries(Object.entries(properties).filter(([name]) => name.toLowerCase() !== 'template'));
  return evaluate({ ...resource.body, properties: rest }).then((body) => {
    const evaluated = isObject(body) ? body : {};
    return { ...evaluated, properties: { ...(isObject(evaluated['properties']) ? evaluated['properties'] : {}), template } };
  });
}
