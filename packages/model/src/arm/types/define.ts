/**
 * Makes `ResourceRules` out of a type's own, typed parts: reads the common members of the ARM envelope, applies the
 * common rules, wraps the view. What is particular to a type lives in its folder.
 */
import { z } from 'zod';
import type { Issue } from '../../issue.ts';
import { isObject, type JsonObject } from '../../json.ts';
import { normalizeLocation } from '../location.ts';
import type { ChildCollection, ParsedBody, ParseFailure, Resource, ResourceRules, RuleContext, ViewContext } from '../resource.ts';
import { commonIssues } from '../rules/common.ts';
import { refuse } from '../rules/refuse.ts';
import { text } from '../schema/fields.ts';
import { read, readMembers } from '../schema/parse.ts';

/** A stored resource whose properties and allocations are those of its type. */
export type Typed<P, A, T = JsonObject> = Omit<Resource, 'properties' | 'allocated' | 'top'> & {
  readonly properties: P;
  readonly allocated: A;
  readonly top: T;
};

export type Completed<P, T> = {
  readonly properties: P;
  readonly top: T;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly issues?: readonly Issue[];
};

/** `I` what the schema reads, `P` what is stored, `A` what the service allocates, `T` top-level members. */
export type TypeDefinition<I, P, A, T> = {
  readonly type: string;
  readonly children: readonly ChildCollection[];
  readonly isPlanned: boolean;
  readonly top: z.ZodType<T>;
  readonly properties: z.ZodType<I>;
  /** Defaults that depend on other members or on what exists; takes secrets out of the properties. */
  readonly complete: (read: I, top: T, existing: Typed<P, A, T> | undefined) => Completed<P, T>;
  readonly validate: (candidate: Typed<P, A, T>, existing: Typed<P, A, T> | undefined, context: RuleContext) => readonly Issue[];
  readonly allocate: (candidate: Typed<P, A, T>, existing: Typed<P, A, T> | undefined, context: RuleContext) => A | Issue;
  readonly validateDelete: (existing: Typed<P, A, T>, context: RuleContext) => readonly Issue[];
  readonly references: (resource: Typed<P, A, T>) => readonly string[];
  /** `properties` of a GET but for `provisioningState` and `resourceGuid`. */
  readonly view: (resource: Typed<P, A, T>, context: ViewContext) => JsonObject;
};

const envelope = z.object({
  location: text.optional(),
  tags: z.record(z.string(), text).default(() => ({})),
});

export function defineType<I, P, A, T>(definition: TypeDefinition<I, P, A, T>): ResourceRules {
  // Stored resources were written by this type's own parse and allocate, so their shape is known here.
  const typed = (resource: Resource): Typed<P, A, T> => resource as unknown as Typed<P, A, T>;
  const maybe = (resource: Resource | undefined): Typed<P, A, T> | undefined => (resource === undefined ? undefined : typed(resource));
  return {
    type: definition.type,
    children: definition.children,
    isPlanned: definition.isPlanned,
    parse: (body, existing) => parse(definition, body, maybe(existing)),
    validate: (candidate, existing, context) => [
      ...commonIssues(candidate, existing),
      ...definition.validate(typed(candidate), maybe(existing), context),
    ],
    allocate: (candidate, existing, context) => definition.allocate(typed(candidate), maybe(existing), context) as JsonObject | Issue,
    validateDelete: (existing, context) => definition.validateDelete(typed(existing), context),
    references: (resource) => definition.references(typed(resource)),
    view: (resource, context) => view(resource, definition.view(typed(resource), context)),
  };
}

/** How a rules file asks whether `allocate` refused. */
export function isIssue(value: unknown): value is Issue {
  return typeof value === 'object' && value !== null && 'severity' in value && 'code' in value && 'message' in value;
}

function parse<I, P, A, T>(
  definition: TypeDefinition<I, P, A, T>,
  given: unknown,
  existing: Typed<P, A, T> | undefined,
): ParsedBody | ParseFailure {
  const whole = z.object({ properties: definition.properties });
  const spelled = readMembers([envelope, whole, definition.top], given);
  if (!spelled.ok) return spelled;
  const body = spelled.value;
  const common = read(envelope, body);
  const properties = read(whole, withProperties(body));
  const top = read(definition.top, body);
  const issues = [
    ...(common.ok ? missingLocation(common.value.location) : common.issues),
    ...(properties.ok ? [] : properties.issues),
    ...(top.ok ? [] : top.issues),
  ];
  if (!common.ok || !properties.ok || !top.ok || issues.length > 0) return { ok: false, issues };
  const completed = definition.complete(properties.value.properties, top.value, existing);
  if (completed.issues !== undefined && completed.issues.length > 0) return { ok: false, issues: completed.issues };
  return {
    ok: true,
    location: normalizeLocation(common.value.location ?? ''),
    tags: common.value.tags,
    // Schemas read JSON and produce JSON.
    top: completed.top as JsonObject,
    properties: completed.properties as JsonObject,
    secrets: completed.secrets ?? {},
  };
}

/** A body without properties is one with none set. */
function withProperties(body: unknown): unknown {
  return isObject(body) && (body['properties'] === undefined || body['properties'] === null) ? { ...body, properties: {} } : body;
}

function missingLocation(location: string | undefined): readonly Issue[] {
  if (location !== undefined && location.trim() !== '') return [];
  return [refuse('ARM-LOC-001', 'LocationRequired', 'The location property is required for this definition.', 'location')];
}

function view(resource: Resource, properties: JsonObject): JsonObject {
  const { resourceGuid } = resource.allocated;
  return {
    name: resource.name,
    id: resource.id,
    etag: resource.etag,
    type: resource.type,
    location: resource.location,
    tags: resource.tags,
    ...resource.top,
    properties: {
      provisioningState: resource.provisioningState,
      ...(resourceGuid === undefined ? {} : { resourceGuid }),
      ...properties,
    },
  };
}
