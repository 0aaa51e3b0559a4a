/** Integer arithmetic. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-numeric */
import type { JsonValue } from '@sallyport/model';
import { isArray, printValue, type Arguments, type FunctionTable, type TemplateFunction } from './function.ts';

function binary(compute: (a: number, b: number, args: Arguments) => number): TemplateFunction {
  return { arity: [2, 2], call: (args) => compute(args.integer(0), args.integer(1), args) };
}

/** Arguments one by one, or one array of them. */
function extreme(pick: (...numbers: readonly number[]) => number): TemplateFunction {
  return {
    arity: [1, Infinity],
    call: (args) => {
      const items: readonly JsonValue[] = args.all.length === 1 && isArray(args.any(0)) ? args.array(0) : args.all;
      const numbers = items.filter((item) => typeof item === 'number');
      return numbers.length === items.length && numbers.length > 0 ? pick(...numbers) : args.fail('all arguments must be integers.');
    },
  };
}

export const numberFunctions: FunctionTable = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b, args) => (b === 0 ? args.fail('division by zero.') : Math.trunc(a / b))),
  mod: binary((a, b, args) => (b === 0 ? args.fail('division by zero.') : a % b)),
  min: extreme(Math.min),
  max: extreme(Math.max),
  int: {
    arity: [1, 1],
    call: (args) => {
      if (typeof args.any(0) === 'number') return Math.trunc(Number(args.any(0)));
      const text = args.text(0).trim();
      return /^[+-]?\d+$/.test(text) ? Number(text) : args.fail(`'${text}' is no integer.`);
    },
  },
  float: {
    arity: [1, 1],
    call: (args) => {
      const value = Number(args.any(0));
      return Number.isFinite(value) ? value : args.fail(`'${printValue(args.any(0))}' is no number.`);
    },
  },
  range: {
    arity: [2, 2],
    call: (args) => {
      const [start, count] = [args.integer(0), args.integer(1)];
      // Azure's limit of range().
      if (count < 0 || count > 10_000) args.fail('the count must be from 0 to 10000.');
      return Array.from({ length: count }, (_, index) => start + index);
    },
  },
};
