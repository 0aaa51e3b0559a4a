/**
 * The parts of a template, found without case, with the place of each in the request. Shape only: values stay unevaluated.
 * Both forms of `resources` are read: the array, and the object of symbolic names (`languageVersion: "2.0"`).
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { UserFunction } from './expression/scope.ts';
import { isArray, isObject, memberOf, printValue, typeName } from './functions/function.ts';
import { validationFailed } from './template-error.ts';
import type { Position } from './tolerant-json.ts';

export type ResourceTemplate = {
  /** Symbolic name, of `languageVersion` 2.0. */
  readonly symbol: string | undefined;
  /** `properties.template.resources[0]`. */
  readonly path: string;
  readonly body: JsonObject;
};

export type Template = {
  readonly source: JsonObject;
  readonly contentVersion: string;
  readonly parameters: ReadonlyMap<string, JsonObject>;
  readonly variables: JsonObject;
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly resources: readonly ResourceTemplate[];
  readonly outputs: ReadonlyMap<string, JsonObject>;
  readonly positionOf: (path: string) => Position | undefined;
};

/** `value` is `properties.template` of the request. @throws TemplateError */
export function parseTemplate(value: JsonValue | undefined, positionOf: Template['positionOf']): Template {
  const path = 'properties.template';
  if (!isObject(value)) throw validationFailed(`The template is not valid: expected 'Object', actual '${typeName(value)}'`, path);
  if (typeof memberOf(value, '$schema') !== 'string')
    throw validationFailed(
      "Required property '$schema' not found in JSON. Please see https://aka.ms/arm-template for usage details.",
      path,
      positionOf(path),
    );
  const contentVersion = memberOf(value, 'contentVersion');
  if (typeof contentVersion !== 'string')
    throw validationFailed(
      "Required property 'contentVersion' not found in JSON. Please see https://aka.ms/arm-template for usage details.",
      path,
      positionOf(path),
    );
  return {
    source: value,
    contentVersion,
    parameters: section(value, 'parameters', positionOf),
    variables: objectAt(value, 'variables', positionOf),
    functions: userFunctions(value),
    resources: resourceTemplates(memberOf(value, 'resources'), `${path}.resources`, positionOf),
    outputs: section(value, 'outputs', positionOf),
    positionOf,
  };
}

/** Resources of a template or, nested, of a resource. */
export function resourceTemplates(
  value: JsonValue | undefined,
  path: string,
  positionOf: Template['positionOf'],
): readonly ResourceTemplate[] {
  if (value === undefined || value === null) return [];
  const entries: readonly (readonly [string | undefined, string, JsonValue | undefined])[] = isArray(value)
    ? value.map((body, index) => [undefined, `${path}[${index}]`, body] as const)
    : isObject(value)
      ? Object.entries(value).map(([symbol, body]) => [symbol, `${path}.${symbol}`, body] as const)
      : [[undefined, path, value]];
  return entries.map(([symbol, at, body]) => {
    if (!isObject(body)) throw validationFailed(`A resource must be an object, and is '${typeName(body)}'`, at, positionOf(at));
    return { symbol, path: at, body };
  });
}

function objectAt(template: JsonObject, name: string, positionOf: Template['positionOf']): JsonObject {
  const value = memberOf(template, name) ?? {};
  const path = `properties.template.${name}`;
  if (!isObject(value))
    throw validationFailed(`The template ${name} must be an object, and are '${typeName(value)}'`, path, positionOf(path));
  return value;
}

function section(template: JsonObject, name: string, positionOf: Template['positionOf']): ReadonlyMap<string, JsonObject> {
  return new Map(
    Object.entries(objectAt(template, name, positionOf)).map(([key, value]) => {
      const path = `properties.template.${name}.${key}`;
      if (!isObject(value)) throw validationFailed(`The template ${name} member '${key}' must be an object`, path, positionOf(path));
      return [key, value];
    }),
  );
}

function userFunctions(template: JsonObject): ReadonlyMap<string, UserFunction> {
  const spaces = memberOf(template, 'functions');
  const found = new Map<string, UserFunction>();
  for (const space of isArray(spaces) ? spaces : []) {
    const members = isObject(space) ? memberOf(space, 'members') : undefined;
    if (!isObject(space) || !isObject(members)) continue;
    for (const [name, definition] of Object.entries(members)) {
      if (!isObject(definition)) continue;
      const parameters = memberOf(definition, 'parameters');
      const output = memberOf(definition, 'output');
      const names = isArray(parameters)
        ? parameters.flatMap((item) => (isObject(item) ? printValue(memberOf(item, 'name') ?? '') : []))
        : [];
      const value = isObject(output) ? memberOf(output, 'value') : undefined;
      found.set(`${printValue(memberOf(space, 'namespace') ?? '')}.${name}`.toLowerCase(), { parameters: names, output: value ?? null });
    }
  }
  return found;
}

/** Names of the copy loops of resources, nested ones too, in lower case: `dependsOn` may name a loop that makes nothing. */
export function loopNames(resources: readonly ResourceTemplate[]): ReadonlySet<string> {
  return new Set(
    resources.flatMap(({ body, symbol }) => {
      const copy = memberOf(body, 'copy');
      const name = isObject(copy) ? memberOf(copy, 'name') : undefined;
      const children = resourceTemplates(memberOf(body, 'resources'), '', () => undefined);
      return [
        ...(typeof name === 'string' ? [name.toLowerCase()] : []),
        ...(isObject(copy) && symbol !== undefined ? [symbol.toLowerCase()] : []),
        ...loopNames(children),
      ];
    }),
  );
}
