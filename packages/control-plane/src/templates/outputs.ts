/** Outputs of a template, evaluated when everything is deployed. Secure ones are named without value. */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { evaluateValue } from './expression/evaluate.ts';
import { copyCount } from './expression/property-copy.ts';
import type { Scope } from './expression/scope.ts';
import { isObject, memberOf } from './functions/function.ts';
import { isSecure, parameterType, type ParameterType } from './parameters.ts';
import { checkReadings, evaluateReading } from './readings.ts';
import type { ResourceOperations } from './resource-operations.ts';
import { validationFailed } from './template-error.ts';
import type { Template } from './template.ts';
import type { TemplateResource } from './expand.ts';

/** @throws TemplateError, ReadingFailed */
export async function evaluateOutputs(
  template: Template,
  scope: Scope,
  resources: readonly TemplateResource[],
  operations: Pick<ResourceOperations, 'get' | 'post'>,
): Promise<JsonObject> {
  const outputs: [string, JsonObject][] = [];
  for (const [name, definition] of template.outputs) {
    if (evaluateValue(memberOf(definition, 'condition') ?? true, scope) === false) continue;
    const type = typeOf(template, name, definition);
    const parts: JsonValue[] = [];
    if (!isSecure(type))
      for (const part of partsOf(name, definition, scope)) parts.push(await evaluateReading(part.value, part.scope, resources, operations));
    const value = memberOf(definition, 'copy') === undefined ? (parts[0] ?? null) : parts;
    outputs.push([name, isSecure(type) ? { type } : { type, value }]);
  }
  return Object.fromEntries(outputs);
}

/** What is wrong with outputs before anything is deployed. @throws TemplateError */
export function checkOutputs(template: Template, scope: Scope, resources: readonly TemplateResource[]): void {
  for (const [name, definition] of template.outputs) {
    typeOf(template, name, definition);
    for (const part of partsOf(name, definition, scope)) checkReadings(part.value, part.scope, resources);
  }
}

function typeOf(template: Template, name: string, definition: JsonObject): ParameterType {
  const type = parameterType(memberOf(definition, 'type'));
  if (type !== undefined) return type;
  const path = `properties.template.outputs.${name}`;
  throw validationFailed(
    `The template output '${name}' is not valid: the type is missing or not supported. Please see https://aka.ms/arm-template/#outputs for usage details.`,
    path,
    template.positionOf(path),
  );
}

/** One value, or one per turn of the output's copy loop, where `copyIndex()` needs no name. */
function partsOf(name: string, definition: JsonObject, scope: Scope): readonly { readonly value: JsonValue; readonly scope: Scope }[] {
  const copy = memberOf(definition, 'copy');
  if (!isObject(copy)) return [{ value: memberOf(definition, 'value') ?? null, scope }];
  const count = copyCount(name, evaluateValue(memberOf(copy, 'count') ?? null, scope));
  const value = memberOf(copy, 'input') ?? null;
  return Array.from({ length: count }, (_, index) => ({ value, scope: { ...scope, loops: new Map(scope.loops).set('', index) } }));
}
