/** The shape of a template function and checked access to its arguments. The functions themselves are in the files beside this. */
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { Expression } from '../expression/parser.ts';
import type { Evaluate, Scope } from '../expression/scope.ts';
import { TemplateError } from '../template-error.ts';

export type TemplateFunction = {
  /** Number of arguments, least and most. */
  readonly arity: readonly [number, number];
} & (
  | { readonly call: (args: Arguments, scope: Scope) => JsonValue }
  /** Gets its arguments unevaluated: `if`, `and`, lambdas. */
  | { readonly lazy: (args: readonly Expression[], evaluate: Evaluate, scope: Scope) => JsonValue }
);

/** By name as documented; looked up without case. */
export type FunctionTable = Readonly<Record<string, TemplateFunction>>;

export function functionFailed(name: string, reason: string): TemplateError {
  return new TemplateError('InvalidTemplate', `Unable to evaluate template language function '${name}': ${reason}`);
}

export function typeName(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return 'Null';
  if (typeof value === 'string') return 'String';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Float';
  if (typeof value === 'boolean') return 'Boolean';
  return isArray(value) ? 'Array' : 'Object';
}

/** `Array.isArray` does not narrow readonly arrays. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export class Arguments {
  readonly #name: string;
  readonly all: readonly JsonValue[];

  constructor(name: string, all: readonly JsonValue[]) {
    this.#name = name;
    this.all = all;
  }

  fail(reason: string): never {
    throw functionFailed(this.#name, reason);
  }

  has(index: number): boolean {
    return this.all[index] !== undefined;
  }

  any(index: number): JsonValue {
    return this.all[index] ?? null;
  }

  text(index: number): string {
    const value = this.any(index);
    return typeof value === 'string' ? value : this.#wrong(index, 'String');
  }

  integer(index: number): number {
    const value = this.any(index);
    return typeof value === 'number' && Number.isInteger(value) ? value : this.#wrong(index, 'Integer');
  }

  boolean(index: number): boolean {
    const value = this.any(index);
    return typeof value === 'boolean' ? value : this.#wrong(index, 'Boolean');
  }

  array(index: number): readonly JsonValue[] {
    const value = this.any(index);
    return isArray(value) ? value : this.#wrong(index, 'Array');
  }

  object(index: number): JsonObject {
    const value = this.any(index);
    return isObject(value) ? value : this.#wrong(index, 'Object');
  }

  #wrong(index: number, expected: string): never {
    this.fail(
      `the type of argument ${index + 1} is not valid. Expected '${expected}', actual '${typeName(this.all[index])}'. Please see https://aka.ms/arm-functions for usage details.`,
    );
  }
}

/** Text of a value as .NET prints it: `True`, `12`, JSON without spaces. */
export function printValue(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? '' : JSON.stringify(value);
}

/** Equality as ARM's `equals`: by value, strings with case, objects without member order. */
export function isEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (isArray(a) && isArray(b)) return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && isEqual(a[key], b[key]));
  }
  return a === b;
}

/** Member of an object, found without case as ARM does. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : object[key];
}
