/** Arrays and objects. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array and …-object */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { isArray, isEqual, isObject, memberOf, type Arguments, type FunctionTable } from './function.ts';

type Sequence = string | readonly JsonValue[];

function sequence(args: Arguments): Sequence {
  const value = args.any(0);
  return typeof value === 'string' || isArray(value) ? value : args.fail("its first argument must be of type 'String' or 'Array'.");
}

/** Both of a sequence's ends: a negative count takes nothing, as in Azure. */
function slice(args: Arguments, from: 'take' | 'skip'): JsonValue {
  const count = Math.max(0, args.integer(1));
  const value = sequence(args);
  return from === 'take' ? value.slice(0, count) : value.slice(count);
}

function contains(args: Arguments): boolean {
  const [container, wanted] = [args.any(0), args.any(1)];
  if (typeof container === 'string') return container.includes(args.text(1));
  if (isArray(container)) return container.some((item) => isEqual(item, wanted));
  if (isObject(container)) return memberOf(container, args.text(1)) !== undefined;
  return args.fail('its first argument must be a string, an array or an object.');
}

function length(args: Arguments): number {
  const value = args.any(0);
  return isObject(value) ? Object.keys(value).length : sequence(args).length;
}

function empty(args: Arguments): boolean {
  const value = args.any(0);
  return value === null || length(args) === 0;
}

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const existing = merged[key];
    merged[key] = isObject(existing) && isObject(value) ? merge(existing, value) : value;
  }
  return merged;
}

function union(args: Arguments): JsonValue {
  if (isObject(args.any(0))) return args.all.map((_, index) => args.object(index)).reduce(merge);
  const items = args.all.flatMap((_, index) => args.array(index));
  return items.filter((item, index) => items.findIndex((other) => isEqual(other, item)) === index);
}

function intersection(args: Arguments): JsonValue {
  const rest = args.all.slice(1);
  if (isObject(args.any(0))) {
    const others = rest.map((_, index) => args.object(index + 1));
    return Object.fromEntries(Object.entries(args.object(0)).filter(([key, value]) => others.every((other) => isEqual(other[key], value))));
  }
  const others = rest.map((_, index) => args.array(index + 1));
  return args.array(0).filter((item) => others.every((other) => other.some((candidate) => isEqual(candidate, item))));
}

function createObject(args: Arguments): JsonObject {
  if (args.all.length % 2 !== 0) args.fail('it takes pairs of a name and a value.');
  return Object.fromEntries(args.all.flatMap((value, index) => (index % 2 === 0 ? [] : [[args.text(index - 1), value]])));
}

function indexIn(args: Arguments, last: boolean): number {
  const value = sequence(args);
  if (typeof value === 'string') {
    const [text, wanted] = [value.toLowerCase(), args.text(1).toLowerCase()];
    return last ? text.lastIndexOf(wanted) : text.indexOf(wanted);
  }
  const isWanted = (item: JsonValue): boolean => isEqual(item, args.any(1));
  return last ? value.findLastIndex(isWanted) : value.findIndex(isWanted);
}

/** `tryGet(object, 'a', 0, 'b')`: null where a step is missing. */
function tryGet(args: Arguments): JsonValue {
  return args.all.slice(1).reduce<JsonValue>((value, step) => {
    if (isArray(value) && typeof step === 'number') return value[step] ?? null;
    return isObject(value) && typeof step === 'string' ? (memberOf(value, step) ?? null) : null;
  }, args.any(0));
}

export const collectionFunctions: FunctionTable = {
  array: { arity: [1, 1], call: (args) => (isArray(args.any(0)) ? args.any(0) : [args.any(0)]) },
  createArray: { arity: [0, Infinity], call: (args) => args.all },
  createObject: { arity: [0, Infinity], call: createObject },
  length: { arity: [1, 1], call: length },
  empty: { arity: [1, 1], call: empty },
  contains: { arity: [2, 2], call: contains },
  first: { arity: [1, 1], call: (args) => sequence(args)[0] ?? (typeof args.any(0) === 'string' ? '' : null) },
  last: { arity: [1, 1], call: (args) => sequence(args).at(-1) ?? (typeof args.any(0) === 'string' ? '' : null) },
  take: { arity: [2, 2], call: (args) => slice(args, 'take') },
  skip: { arity: [2, 2], call: (args) => slice(args, 'skip') },
  indexOf: { arity: [2, 2], call: (args) => indexIn(args, false) },
  lastIndexOf: { arity: [2, 2], call: (args) => indexIn(args, true) },
  join: {
    arity: [2, 2],
    call: (args) =>
      args
        .array(0)
        .map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
        .join(args.text(1)),
  },
  union: { arity: [1, Infinity], call: union },
  intersection: { arity: [2, Infinity], call: intersection },
  flatten: { arity: [1, 1], call: (args) => args.array(0).flatMap((item) => (isArray(item) ? item : [item])) },
  shallowMerge: {
    arity: [1, 1],
    call: (args) => Object.assign({}, ...args.array(0).filter((item) => isObject(item))) as JsonObject, // merging objects gives an object
  },
  items: {
    arity: [1, 1],
    call: (args) =>
      Object.entries(args.object(0))
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => ({ key, value })),
  },
  objectKeys: { arity: [1, 1], call: (args) => Object.keys(args.object(0)).toSorted() },
  tryGet: { arity: [2, Infinity], call: tryGet },
};
