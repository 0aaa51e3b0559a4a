/**
 * Binds parameters: values given, or defaults; types, allowed values and limits checked with Azure's messages. Secure ones
 * are marked, so that no answer ever shows them.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/parameters
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { isArray, isEqual, isObject, memberOf, printValue, typeName } from './functions/function.ts';
import { validationFailed, type TemplateError } from './template-error.ts';
import type { Template } from './template.ts';

export type ParameterType = 'String' | 'SecureString' | 'Int' | 'Bool' | 'Object' | 'SecureObject' | 'Array';
export type Parameter = { readonly name: string; readonly type: ParameterType; readonly value: JsonValue };

const types: readonly ParameterType[] = ['String', 'SecureString', 'Int', 'Bool', 'Object', 'SecureObject', 'Array'];
const accepted: Readonly<Record<ParameterType, { readonly is: (value: JsonValue) => boolean; readonly expected: string }>> = {
  String: { is: (value) => typeof value === 'string', expected: 'String, Uri' },
  SecureString: { is: (value) => typeof value === 'string', expected: 'String, Uri' },
  Int: { is: (value) => typeof value === 'number' && Number.isInteger(value), expected: 'Integer' },
  Bool: { is: (value) => typeof value === 'boolean', expected: 'Boolean' },
  Object: { is: isObject, expected: 'Object' },
  SecureObject: { is: isObject, expected: 'Object' },
  Array: { is: isArray, expected: 'Array' },
};

export function isSecure(type: ParameterType): boolean {
  return type === 'SecureString' || type === 'SecureObject';
}

/** Type as Azure prints it; undefined when there is no such type. */
export function parameterType(value: JsonValue | undefined): ParameterType | undefined {
  return typeof value === 'string' ? types.find((type) => type.toLowerCase() === value.toLowerCase()) : undefined;
}

/**
 * `given` is `properties.parameters` of the request: `{ name: { value } }`. `evaluateDefault` gives a default its value and
 * may ask back for other parameters, hence the laziness. @throws TemplateError
 */
export function bindParameters(
  template: Template,
  given: JsonValue | undefined,
  evaluateDefault: (value: JsonValue, parameter: (name: string) => JsonValue | undefined) => JsonValue,
): readonly Parameter[] {
  const supplied = suppliedValues(template, given);
  const bound = new Map<string, Parameter>();
  const running = new Set<string>();
  const bind = (wanted: string): JsonValue | undefined => {
    const key = wanted.toLowerCase();
    const done = bound.get(key);
    if (done !== undefined) return done.value;
    const entry = [...template.parameters].find(([name]) => name.toLowerCase() === key);
    if (entry === undefined) return undefined;
    const [name, definition] = entry;
    if (running.has(key)) throw fault(template, name, `The template parameter '${name}' refers to itself`);
    running.add(key);
    const value = supplied.get(key) ?? defaultValue(template, name, definition, (raw) => evaluateDefault(raw, bind));
    const type = typeOf(template, name, definition);
    check(template, name, type, definition, value);
    bound.set(key, { name, type, value });
    return value;
  };
  for (const name of template.parameters.keys()) bind(name);
  return [...bound.values()];
}

function fault(template: Template, name: string, reason: string): TemplateError {
  const path = `properties.template.parameters.${name}`;
  return validationFailed(reason, path, template.positionOf(path));
}

function place(template: Template, name: string): string {
  const at = template.positionOf(`properties.template.parameters.${name}`);
  return `at line '${at?.line ?? 1}' and column '${at?.column ?? 1}'`;
}

function suppliedValues(template: Template, given: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  const supplied = new Map<string, JsonValue>();
  if (given === undefined || given === null) return supplied;
  if (!isObject(given)) throw validationFailed(`The parameters must be an object, and are '${typeName(given)}'`, 'properties.parameters');
  const names = [...template.parameters.keys()];
  const known = new Set(names.map((name) => name.toLowerCase()));
  const unknown = Object.keys(given).filter((name) => !known.has(name.toLowerCase()));
  if (unknown.length > 0)
    throw validationFailed(
      `The template parameters '${unknown.join(', ')}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${names.join(', ')}'. Please see https://aka.ms/arm-pass-parameter-values for usage details.`,
      `properties.parameters.${unknown[0] ?? ''}`,
      template.positionOf(`properties.parameters.${unknown[0] ?? ''}`),
    );
  for (const [name, entry] of Object.entries(given)) {
    if (isObject(entry) && memberOf(entry, 'reference') !== undefined)
      throw fault(template, name, `The template parameter '${name}' refers to a key vault, and there are no key vaults here`);
    const value = isObject(entry) ? memberOf(entry, 'value') : undefined;
    if (value !== undefined && value !== null) supplied.set(name.toLowerCase(), value);
  }
  return supplied;
}

function defaultValue(template: Template, name: string, definition: JsonObject, evaluate: (raw: JsonValue) => JsonValue): JsonValue {
  const raw = memberOf(definition, 'defaultValue');
  if (raw !== undefined) return evaluate(raw);
  if (memberOf(definition, 'nullable') === true) return null;
  throw fault(
    template,
    name,
    `The value for the template parameter '${name}' ${place(template, name)} is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details.`,
  );
}

function typeOf(template: Template, name: string, definition: JsonObject): ParameterType {
  const raw = memberOf(definition, 'type');
  const type = parameterType(raw);
  if (type !== undefined) return type;
  throw fault(
    template,
    name,
    `The template parameter '${name}' ${place(template, name)} is not valid. The type '${printValue(raw ?? null)}' is not supported. Please see https://aka.ms/arm-template/#parameters for usage details.`,
  );
}

function check(template: Template, name: string, type: ParameterType, definition: JsonObject, value: JsonValue): void {
  if (value === null && memberOf(definition, 'nullable') === true) return;
  const { is, expected } = accepted[type];
  if (!is(value))
    throw fault(
      template,
      name,
      `Template parameter JToken type is not valid. Expected '${expected}'. Actual '${typeName(value)}'. Please see https://aka.ms/resource-manager-parameter-files for usage details.`,
    );
  checkAllowed(template, name, definition, value, isSecure(type));
  checkLimits(template, name, definition, value);
}

function checkAllowed(template: Template, name: string, definition: JsonObject, value: JsonValue, isHidden: boolean): void {
  const allowed = memberOf(definition, 'allowedValues');
  if (!isArray(allowed)) return;
  const isAllowed = (item: JsonValue): boolean => allowed.some((candidate) => isEqual(fold(candidate), fold(item)));
  if (isAllowed(value) || (isArray(value) && value.every(isAllowed))) return;
  throw fault(
    template,
    name,
    `The provided value ${isHidden ? '' : `'${printValue(value)}' `}for the template parameter '${name}' ${place(template, name)} is not valid. The parameter value is not part of the allowed value(s): '${allowed.map(printValue).join(',')}'.`,
  );
}

function fold(value: JsonValue): JsonValue {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function checkLimits(template: Template, name: string, definition: JsonObject, value: JsonValue): void {
  const size = typeof value === 'string' || isArray(value) ? value.length : undefined;
  const measures = [
    ['minLength', size, 'Length of the value should be greater than or equal to'],
    ['maxLength', size, 'Length of the value should be less than or equal to'],
    ['minValue', value, 'The value should be greater than or equal to'],
    ['maxValue', value, 'The value should be less than or equal to'],
  ] as const;
  for (const [limitName, actual, sentence] of measures) {
    const limit = memberOf(definition, limitName);
    if (typeof limit !== 'number' || typeof actual !== 'number') continue;
    if (limitName.startsWith('min') ? actual >= limit : actual <= limit) continue;
    throw fault(
      template,
      name,
      `The provided value for the template parameter '${name}' ${place(template, name)} is not valid. ${sentence} '${limit}'. Please see https://aka.ms/resource-manager-parameter-files for usage details.`,
    );
  }
}
