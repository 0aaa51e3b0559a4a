/**
 * Hides secrets in what a deployment tells about itself: values of secure parameters wherever they turn up, and members that
 * no GET of a resource shows. Not for what is sent to resources.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { writeOnlyMembers } from '@sallyport/model';
import { isArray, isObject } from './functions/function.ts';
import { isSecure, type Parameter } from './parameters.ts';

/** What Azure shows in the place of a secure value. */
const mask = '*******';
/** A value this short is part of so many words that hiding it would hide everything; Azure's own keys are longer. */
const shortestHidden = 4;

const hiddenMembers: ReadonlySet<string> = new Set(writeOnlyMembers.map((name) => name.toLowerCase()));

export function isWriteOnly(name: string): boolean {
  return hiddenMembers.has(name.toLowerCase());
}

/** Every text in the values of secure parameters. */
export function secureValues(parameters: readonly Parameter[]): readonly string[] {
  const texts = parameters.filter(({ type }) => isSecure(type)).flatMap(({ value }) => textsOf(value));
  // Long ones first: one secret may hold another.
  return [...new Set(texts)].filter((text) => text.length >= shortestHidden).toSorted((a, b) => b.length - a.length);
}

export function masked(value: JsonValue, secrets: readonly string[]): JsonValue {
  if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, mask), value);
  if (isArray(value)) return value.map((item) => masked(item, secrets));
  return isObject(value) ? maskedObject(value, secrets) : value;
}

export function maskedObject(object: JsonObject, secrets: readonly string[]): JsonObject {
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, member]): readonly (readonly [string, JsonValue])[] => {
      if (member === undefined) return [];
      return [[name, isWriteOnly(name) && typeof member === 'string' ? mask : masked(member, secrets)]];
    }),
  );
}

function textsOf(value: JsonValue): readonly string[] {
  if (typeof value === 'string') return [value];
  if (isArray(value)) return value.flatMap(textsOf);
  return isObject(value) ? Object.values(value).flatMap((member) => (member === undefined ? [] : textsOf(member))) : [];
}
