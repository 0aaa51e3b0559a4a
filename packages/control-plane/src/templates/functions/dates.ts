/** Time. `utcNow` and `newGuid` exist only in default values of parameters, so that a repeated deployment is the same. */
import { printDate } from './date-format.ts';
import type { Arguments, FunctionTable } from './function.ts';
import type { Scope } from '../expression/scope.ts';

function fresh(args: Arguments, scope: Scope): NonNullable<Scope['fresh']> {
  return (
    scope.fresh ??
    args.fail(
      'The function is not expected at this location. It may be used only in the default value of a parameter. Please see https://aka.ms/arm-functions for usage details.',
    )
  );
}

/** Adds an ISO 8601 duration (`P1Y2M3DT4H5M6S`, with a sign). */
function addDuration(args: Arguments): Date {
  const date = new Date(args.text(0));
  if (Number.isNaN(date.getTime())) args.fail(`'${args.text(0)}' is no date.`);
  const pattern =
    /^(?<sign>-?)P(?:(?<y>\d+)Y)?(?:(?<mo>\d+)M)?(?:(?<w>\d+)W)?(?:(?<d>\d+)D)?(?:T(?:(?<h>\d+)H)?(?:(?<mi>\d+)M)?(?:(?<s>\d+)S)?)?$/;
  const parts = pattern.exec(args.text(1))?.groups;
  if (parts === undefined) return args.fail(`'${args.text(1)}' is no ISO 8601 duration.`);
  const sign = parts['sign'] === '-' ? -1 : 1;
  const part = (name: string): number => sign * Number(parts[name] ?? 0);
  date.setUTCFullYear(date.getUTCFullYear() + part('y'), date.getUTCMonth() + part('mo'), date.getUTCDate() + part('w') * 7 + part('d'));
  date.setUTCHours(date.getUTCHours() + part('h'), date.getUTCMinutes() + part('mi'), date.getUTCSeconds() + part('s'));
  return date;
}

export const dateFunctions: FunctionTable = {
  utcNow: {
    arity: [0, 1],
    call: (args, scope) => printDate(new Date(fresh(args, scope).nowMs()), args.has(0) ? args.text(0) : "yyyyMMdd'T'HHmmss'Z'"),
  },
  newGuid: { arity: [0, 0], call: (args, scope) => fresh(args, scope).guid() },
  dateTimeAdd: {
    arity: [2, 3],
    call: (args) => printDate(addDuration(args), args.has(2) ? args.text(2) : "yyyy-MM-dd'T'HH:mm:ss'Z'"),
  },
  dateTimeToEpoch: {
    arity: [1, 1],
    call: (args) => {
      const seconds = Math.floor(Date.parse(args.text(0)) / 1000);
      return Number.isNaN(seconds) ? args.fail(`'${args.text(0)}' is no date.`) : seconds;
    },
  },
  dateTimeFromEpoch: { arity: [1, 1], call: (args) => printDate(new Date(args.integer(0) * 1000), "yyyy-MM-dd'T'HH:mm:ss'Z'") },
};
