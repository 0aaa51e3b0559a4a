/**
 * Field kinds of ARM bodies, as zod schemas that read as leniently as Azure does: enum values in any case, numbers and
 * booleans as text (templates send them so), references as whole objects, what we do not carry out passed over. What they store is
 * canonical. `null` and misspelt members never get here (parse.ts). Messages follow the JSON reader that Azure quotes in `InvalidJson`.
 */
import { z } from 'zod';

/** Text; a number or boolean is taken as its text. */
export const text = z.preprocess((value) => (typeof value === 'number' || typeof value === 'boolean' ? String(value) : value), z.string());

/** Text whose empty form means "not set", as portals send it. */
export const textOrNothing = z.preprocess((value) => (value === '' ? undefined : value), text.optional());

export const flag = z.preprocess((value) => {
  if (typeof value !== 'string') return value;
  const word = value.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : value;
}, z.boolean());

export const integer = z.preprocess((value) => (typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value), z.int());

/**
 * One of Azure's enum values in any case, stored in Azure's spelling. `typeName` is what the refusal calls it.
 * An empty text means "not set".
 */
export function oneOf<const T extends readonly [string, ...string[]]>(
  typeName: string,
  values: T,
): z.ZodPreprocess<z.ZodEnum<{ [K in T[number]]: K }>> {
  const canonical = new Map(values.map((value) => [value.toLowerCase(), value]));
  return z.preprocess(
    (value) => (typeof value === 'string' ? (canonical.get(value.toLowerCase()) ?? value) : value),
    z.enum(values, {
      error: (issue) =>
        issue.input === undefined ? undefined : `Error converting value ${JSON.stringify(issue.input)} to type '${typeName}'.`,
    }),
  );
}

/** A reference: clients may send the whole resource, only its id is kept. */
export const reference = z.object({ id: text });

/** Edge zones; stored and shown. */
export const extendedLocation = z.object({ name: text.optional(), type: oneOf('ExtendedLocationTypes', ['EdgeZone']).optional() });

/** A list that is `[]` when not given. */
export function listOf<T extends z.ZodType>(item: T): z.ZodDefault<z.ZodArray<T>> {
  return z.array(item).default(() => []);
}

export type Reference = { readonly id: string };

/** Types of stored properties are read-only all the way down. */
export type DeepReadonly<T> = T extends string | number | boolean | bigint | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly DeepReadonly<E>[]
    : { readonly [K in keyof T]: DeepReadonly<T[K]> };
