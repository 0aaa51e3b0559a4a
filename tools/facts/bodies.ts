/** Bodies made from the facts of Microsoft's specification (test/facts/network.json, drawn by tools/facts/extract.ts). */
import { readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { Facts, Member } from './facts.ts';

export const facts = JSON.parse(readFileSync(new URL('../../test/facts/network.json', import.meta.url), 'utf8')) as Facts;

/** A place in a body: `properties.subnets[0].properties.addressPrefix`. */
export type Place = { readonly path: readonly (string | number)[]; readonly member: Member; readonly owner: string };

/** Every place a body of this definition can have, containers included, read-only ones without what is below them. */
export function placesOf(definition: string, path: readonly (string | number)[] = [], seen: readonly string[] = []): readonly Place[] {
  if (seen.includes(definition)) return [];
  return Object.entries(facts.definitions[definition] ?? {}).flatMap(([name, member]) => {
    const place: Place = { path: [...path, name], member, owner: definition };
    if (member.readOnly === true) return [place];
    const inner = member.type === 'array' ? member.items : member;
    const innerPath = member.type === 'array' ? [...place.path, 0] : place.path;
    const below = inner?.definition === undefined ? [] : placesOf(inner.definition, innerPath, [...seen, definition]);
    return [place, ...below];
  });
}

/** A body with a value at every place that is not read-only, `override` deciding where it answers. */
export function fullBody(
  definition: string,
  override: (place: Place) => JsonValue | undefined,
  isLeftOut: (place: Place) => boolean,
): JsonObject {
  const build = (name: string, path: readonly (string | number)[], seen: readonly string[]): JsonObject =>
    Object.fromEntries(
      Object.entries(facts.definitions[name] ?? {}).flatMap(([key, member]): [string, JsonValue][] => {
        const place: Place = { path: [...path, key], member, owner: name };
        if (member.readOnly === true || isLeftOut(place)) return [];
        return [[key, override(place) ?? sample(place, member, [...seen, name])]];
      }),
    );
  const sample = (place: Place, member: Member, seen: readonly string[]): JsonValue => {
    if (member.definition !== undefined) return seen.includes(member.definition) ? {} : build(member.definition, place.path, seen);
    switch (member.type) {
      case 'array':
        return member.items === undefined ? [] : [sample({ ...place, path: [...place.path, 0] }, member.items, seen)];
      case 'reference':
        return { id: '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/things/thing' };
      case 'integer':
      case 'number':
        return 7;
      case 'boolean':
        return true;
      case 'map':
        return {};
      case 'string':
      case 'object':
        return member.enum?.[0] ?? 'text';
    }
  };
  return build(definition, [], []);
}

export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string | number, unknown>)[key] : undefined),
    value,
  );
}

/** A copy of a body with another value at a place whose containers are there. */
export function withValue(body: JsonObject, path: readonly (string | number)[], value: JsonValue): JsonObject {
  const copy = structuredClone(body) as Record<string | number, unknown>;
  const holder = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], copy);
  (holder as Record<string | number, unknown>)[path.at(-1) ?? ''] = value;
  return copy as JsonObject;
}

export function printPath(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}
