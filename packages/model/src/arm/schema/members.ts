/**
 * Gives the members of a body the spelling of the schemas that will read it, as Azure reads members without case, and names those that
 * no version of Azure's specification has: a misspelt member would be lost in silence. Not a judgement of values.
 */
import { z } from 'zod';
import { isObject } from '../../json.ts';
import { isAzureMember } from './azure-members.ts';

type Path = readonly PropertyKey[];
export type SpelledBody = { readonly body: unknown; readonly unknown: readonly Path[] };

/** @param schemas all that read this value: each takes its own members of it. */
export function spelledAs(schemas: readonly z.ZodType[], value: unknown, path: Path = []): SpelledBody {
  const plain = schemas.map(innermost);
  if (Array.isArray(value)) {
    const items = plain.flatMap((schema) => (schema instanceof z.ZodArray ? [schema.element as z.ZodType] : []));
    return joined(
      value.map((item, index) => spelledAs(items, item, [...path, index])),
      (bodies) => bodies,
    );
  }
  const shapes = plain.flatMap((schema) => (schema instanceof z.ZodObject ? [schema.shape as Readonly<Record<string, z.ZodType>>] : []));
  if (!isObject(value) || shapes.length === 0) return { body: value, unknown: [] };
  const spellings = new Map(shapes.flatMap((shape) => Object.keys(shape)).map((name) => [name.toLowerCase(), name]));
  const members = Object.entries(value)
    .map(([given, member]) => ({ given, name: spellings.get(given.toLowerCase()) ?? given, member }))
    .filter(({ given, name }) => given === name || !Object.hasOwn(value, name)); // the right spelling counts where both are given
  return joined(
    members.map(({ name, member }) => {
      const inside = shapes.flatMap((shape) => (Object.hasOwn(shape, name) ? [shape[name] as z.ZodType] : []));
      const isUnknown = inside.length === 0 && member !== null && !isAzureMember(name);
      return isUnknown ? { body: member, unknown: [[...path, name]] } : spelledAs(inside, member, [...path, name]);
    }),
    (bodies) => Object.fromEntries(members.map(({ name }, index) => [name, bodies[index]])),
  );
}

function joined(parts: readonly SpelledBody[], make: (bodies: readonly unknown[]) => unknown): SpelledBody {
  return { body: make(parts.map(({ body }) => body)), unknown: parts.flatMap(({ unknown }) => unknown) };
}

/** Without defaults, options and conversions: what says which members there are. */
function innermost(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return innermost(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return innermost((schema.in instanceof z.ZodTransform ? schema.out : schema.in) as z.ZodType);
  return schema;
}
