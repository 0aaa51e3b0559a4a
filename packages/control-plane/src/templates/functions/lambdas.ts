/**
 * Functions that take a lambda: `map(array, lambda('x', lambdaVariables('x').id))`, which Bicep's loops compile to.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-lambda
 */
import type { JsonValue } from '@sallyport/model';
import type { Expression } from '../expression/parser.ts';
import type { Evaluate } from '../expression/scope.ts';
import { functionFailed, isArray, isObject, printValue, type FunctionTable, type TemplateFunction } from './function.ts';

type Lambda = (...values: readonly JsonValue[]) => JsonValue;
type Body = (items: readonly JsonValue[], lambda: Lambda, args: readonly Expression[], evaluate: Evaluate) => JsonValue;

function lambdaOf(name: string, expression: Expression | undefined, evaluate: Evaluate): Lambda {
  if (expression?.kind !== 'call' || expression.name.toLowerCase() !== 'lambda' || expression.args.length < 1)
    throw functionFailed(name, 'a lambda expression is expected. Please see https://aka.ms/arm-functions for usage details.');
  const names = expression.args.slice(0, -1).map((arg) => printValue(evaluate(arg)).toLowerCase());
  const body = expression.args.at(-1);
  if (body === undefined) throw functionFailed(name, 'the lambda expression is empty.');
  return (...values) => evaluate(body, new Map(names.map((variable, index) => [variable, values[index] ?? null])));
}

/** A function of an array (or an object's values) and a lambda at `position`. */
function overItems(name: string, arity: readonly [number, number], position: number, body: Body): TemplateFunction {
  return {
    arity,
    lazy: (args, evaluate) => {
      const subject = args[0] === undefined ? null : evaluate(args[0]);
      const items = isArray(subject) ? subject : undefined;
      if (items === undefined) throw functionFailed(name, 'its first argument must be an array.');
      return body(items, lambdaOf(name, args[position], evaluate), args, evaluate);
    },
  };
}

/** Two lambda arguments (item, index) as documented for map, filter and reduce. */
export const lambdaFunctions: FunctionTable = {
  map: overItems('map', [2, 2], 1, (items, lambda) => items.map((item, index) => lambda(item, index))),
  filter: overItems('filter', [2, 2], 1, (items, lambda) => items.filter((item, index) => lambda(item, index) === true)),
  reduce: overItems('reduce', [3, 3], 2, (items, lambda, args, evaluate) => {
    const start = args[1] === undefined ? null : evaluate(args[1]);
    return items.reduce<JsonValue>((sum, item, index) => lambda(sum, item, index), start);
  }),
  sort: overItems('sort', [2, 2], 1, (items, lambda) =>
    items.toSorted((a, b) => (lambda(a, b) === true ? -1 : lambda(b, a) === true ? 1 : 0)),
  ),
  toObject: overItems('toObject', [2, 3], 1, (items, lambda, args, evaluate) => {
    const value = args[2] === undefined ? undefined : lambdaOf('toObject', args[2], evaluate);
    return Object.fromEntries(items.map((item) => [printValue(lambda(item)), value === undefined ? item : value(item)]));
  }),
  groupBy: overItems('groupBy', [2, 2], 1, (items, lambda) => Object.fromEntries(Map.groupBy(items, (item) => printValue(lambda(item))))),
  mapValues: {
    arity: [2, 2],
    lazy: (args, evaluate) => {
      const subject = args[0] === undefined ? null : evaluate(args[0]);
      if (!isObject(subject)) throw functionFailed('mapValues', 'its first argument must be an object.');
      const lambda = lambdaOf('mapValues', args[1], evaluate);
      return Object.fromEntries(Object.entries(subject).map(([key, value]) => [key, lambda(value ?? null)]));
    },
  },
  lambdaVariables: {
    arity: [1, 1],
    call: (args, scope) => scope.lambdas.get(args.text(0).toLowerCase()) ?? args.fail(`there is no lambda variable '${args.text(0)}'.`),
  },
};
