/**
 * Gives template expressions their value. Synchronous and pure: reading a deployed resource is asked for by throwing
 * `UnreadResource` (scope.ts). Enter at `evaluateValue` for any JSON of a template, `evaluateText` for one string.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { findFunction } from '../functions/table.ts';
import { Arguments, functionFailed, isArray, isObject, memberOf, printValue } from '../functions/function.ts';
import { TemplateError } from '../template-error.ts';
import { copyLoops, copyCount } from './property-copy.ts';
import { parseTemplateString, type Expression } from './parser.ts';
import type { Scope } from './scope.ts';

/** Every string of the value that is an expression replaced, in keys too; property copy loops expanded. */
export function evaluateValue(value: JsonValue, scope: Scope): JsonValue {
  if (typeof value === 'string') return evaluateText(value, scope);
  if (isArray(value)) return scope.budget.checked(value.map((item) => evaluateValue(item, scope)));
  return isObject(value) ? evaluateObject(value, scope) : value;
}

export function evaluateText(text: string, scope: Scope): JsonValue {
  const expression = parseTemplateString(text);
  if (typeof expression === 'string') return expression;
  try {
    return evaluateExpression(expression, scope);
  } catch (error) {
    // Text longer than the engine can hold, a number format beyond its digits, user functions that call each other for ever.
    if (error instanceof RangeError) throw new TemplateError('InvalidTemplate', `The template is not valid: ${error.message}.`);
    throw error;
  }
}

function evaluateObject(object: JsonObject, scope: Scope): JsonObject {
  const members: [string, JsonValue][] = [];
  const loops = copyLoops(object);
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || (loops.length > 0 && key.toLowerCase() === 'copy')) continue;
    const name = evaluateText(key, scope);
    members.push([typeof name === 'string' ? name : key, evaluateValue(value, scope)]);
  }
  for (const { name, count, input } of loops) {
    const times = copyCount(name, evaluateValue(count, scope));
    const items = Array.from({ length: times }, (_, index) =>
      evaluateValue(input, { ...scope, loops: new Map(scope.loops).set(name.toLowerCase(), index) }),
    );
    members.push([name, items]);
  }
  return scope.budget.checked(Object.fromEntries(members));
}

export function evaluateExpression(expression: Expression, scope: Scope): JsonValue {
  scope.budget.step();
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'member':
      return evaluateMember(expression, scope);
    case 'call':
      return expression.namespace === undefined ? callBuiltIn(expression, scope) : callUserFunction(expression, scope);
  }
}

function callBuiltIn({ name, args }: Extract<Expression, { kind: 'call' }>, scope: Scope): JsonValue {
  const found = findFunction(name);
  if (found === undefined)
    throw new TemplateError(
      'InvalidTemplate',
      `The template function '${name}' is not valid. Please see https://aka.ms/arm-functions for usage details.`,
    );
  const [least, most] = found.arity;
  if (args.length < least || args.length > most)
    throw functionFailed(
      name,
      `the number of arguments is ${args.length}, and ${least === most ? `${least}` : `${least} to ${most === Infinity ? 'any number' : most}`} expected. Please see https://aka.ms/arm-functions for usage details.`,
    );
  return scope.budget.checked(
    'lazy' in found
      ? found.lazy(args, (part, lambdas) => evaluateExpression(part, lambdas === undefined ? scope : withLambdas(scope, lambdas)), scope)
      : found.call(
          new Arguments(
            name,
            args.map((arg) => evaluateExpression(arg, scope)),
          ),
          scope,
        ),
  );
}

function withLambdas(scope: Scope, lambdas: ReadonlyMap<string, JsonValue>): Scope {
  return { ...scope, lambdas: new Map([...scope.lambdas, ...lambdas]) };
}

function callUserFunction({ namespace, name, args }: Extract<Expression, { kind: 'call' }>, scope: Scope): JsonValue {
  const full = `${namespace ?? ''}.${name}`;
  const found = scope.functions.get(full.toLowerCase());
  if (found === undefined)
    throw new TemplateError('InvalidTemplate', `The template function '${full}' is not valid. The user-defined function is not defined.`);
  if (args.length !== found.parameters.length)
    throw functionFailed(full, `the number of arguments is ${args.length}, and ${found.parameters.length} expected.`);
  const values = new Map(
    found.parameters.map((parameter, index) => {
      const arg = args[index];
      return [parameter.toLowerCase(), arg === undefined ? null : evaluateExpression(arg, scope)];
    }),
  );
  // Azure: a user-defined function sees its parameters, and neither variables nor resources.
  return evaluateValue(found.output, {
    ...scope,
    parameter: (parameter) => values.get(parameter.toLowerCase()),
    variable: () => undefined,
    loops: new Map(),
    lambdas: new Map(),
    read: undefined,
  });
}

function evaluateMember({ of, name, isSafe }: Extract<Expression, { kind: 'member' }>, scope: Scope): JsonValue {
  const base = evaluateExpression(of, scope);
  const key = evaluateExpression(name, scope);
  if (isArray(base) && typeof key === 'number') {
    const item = base[key];
    if (item !== undefined) return item;
    if (isSafe) return null;
    throw new TemplateError(
      'InvalidTemplate',
      `The language expression property array index '${key}' is out of bounds. Please see https://aka.ms/arm-template-expressions for usage details.`,
    );
  }
  if (isObject(base) && typeof key === 'string') {
    const value = memberOf(base, key);
    if (value !== undefined) return value;
    if (isSafe) return null;
    throw new TemplateError(
      'InvalidTemplate',
      `The language expression property '${key}' doesn't exist, available properties are '${Object.keys(base).join(', ')}'. Please see https://aka.ms/arm-template-expressions for usage details.`,
    );
  }
  if (isSafe && base === null) return null;
  throw new TemplateError(
    'InvalidTemplate',
    `The language expression property '${printValue(key)}' can't be evaluated, property name must be a string for an object and an integer for an array. Please see https://aka.ms/arm-template-expressions for usage details.`,
  );
}
