/** Truth and choice: `if`, `equals`, `and`, `coalesce`… https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-logical */
import type { JsonValue } from '@sallyport/model';
import type { Expression } from '../expression/parser.ts';
import type { Evaluate } from '../expression/scope.ts';
import { functionFailed, isEqual, typeName, type Arguments, type FunctionTable } from './function.ts';

function truth(name: string, value: JsonValue): boolean {
  if (typeof value === 'boolean') return value;
  throw functionFailed(
    name,
    `its arguments must be boolean, not '${typeName(value)}'. Please see https://aka.ms/arm-functions for usage details.`,
  );
}

function order(args: Arguments): number {
  const [a, b] = [args.any(0), args.any(1)];
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  return args.fail("both arguments must be of type 'Integer', or both of type 'String'.");
}

function choose(args: readonly Expression[], evaluate: Evaluate): JsonValue {
  const [condition, yes, no] = args;
  if (condition === undefined || yes === undefined || no === undefined) return null;
  return evaluate(truth('if', evaluate(condition)) ? yes : no);
}

export const logicFunctions: FunctionTable = {
  true: { arity: [0, 0], call: () => true },
  false: { arity: [0, 0], call: () => false },
  null: { arity: [0, 0], call: () => null },
  if: { arity: [3, 3], lazy: choose },
  and: { arity: [2, Infinity], lazy: (args, evaluate) => args.every((arg) => truth('and', evaluate(arg))) },
  or: { arity: [2, Infinity], lazy: (args, evaluate) => args.some((arg) => truth('or', evaluate(arg))) },
  not: { arity: [1, 1], call: (args) => !args.boolean(0) },
  bool: {
    arity: [1, 1],
    call: (args) => {
      const value = args.any(0);
      if (typeof value === 'boolean') return value;
      if (typeof value === 'number') return value !== 0;
      const text = args.text(0).toLowerCase();
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : args.fail(`'${text}' is no boolean.`);
    },
  },
  equals: { arity: [2, 2], call: (args) => isEqual(args.any(0), args.any(1)) },
  less: { arity: [2, 2], call: (args) => order(args) < 0 },
  lessOrEquals: { arity: [2, 2], call: (args) => order(args) <= 0 },
  greater: { arity: [2, 2], call: (args) => order(args) > 0 },
  greaterOrEquals: { arity: [2, 2], call: (args) => order(args) >= 0 },
  coalesce: { arity: [1, Infinity], call: (args) => args.all.find((value) => value !== null) ?? null },
};
