/**
 * Reads an ARM body with a schema and says what is wrong with it in Azure's words: one `InvalidRequestFormat` per
 * problem, details `InvalidJson`. Not a rule of any resource type.
 */
import type { z } from 'zod';
import type { Issue } from '../../issue.ts';
import { isObject } from '../../json.ts';
import { spelledAs } from './members.ts';
import { isWriteOnlyMember } from './write-only.ts';

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly Issue[] };

export function read<T extends z.ZodType>(schema: T, body: unknown): Read<z.output<T>> {
  const long = overlongList(body);
  if (long !== undefined) return { ok: false, issues: [formatIssue(long.message, long.path)] };
  const result = schema.safeParse(withoutNulls(body), { error: (issue) => messageOf(issue) });
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, issues: result.error.issues.map((issue) => formatIssue(issue.message, issue.path)) };
}

/** The body with its members spelled as in the schemas, or a refusal of what is no object and of members that Azure does not know. */
export function readMembers(schemas: readonly z.ZodType[], body: unknown): Read<unknown> {
  if (!isObject(body)) return { ok: false, issues: [formatIssue('The resource must be a JSON object.', [])] };
  const spelled = spelledAs(schemas, body);
  if (spelled.unknown.length === 0) return { ok: true, value: spelled.body };
  const named = spelled.unknown.slice(0, maximumNamedMembers);
  return { ok: false, issues: named.map((path) => formatIssue(`Could not find member '${quoted(path.at(-1))}' on the object.`, path)) };
}

/** A body can have hundreds of thousands; nobody reads more of them in an answer. */
const maximumNamedMembers = 20;

function quoted(name: PropertyKey | undefined): string {
  const words = String(name ?? '');
  return words.length <= maximumQuote ? words : `${words.slice(0, maximumQuote)}…`;
}

/**
 * Above every limit of Azure for a list in these types (3,000 subnets are the most). Rules compare items with each other, so
 * a list of a hundred thousand would keep the server from everything else.
 */
const maximumListLength = 4_000;

function overlongList(
  value: unknown,
  path: readonly PropertyKey[] = [],
): { readonly message: string; readonly path: readonly PropertyKey[] } | undefined {
  if (!Array.isArray(value) && !isObject(value)) return undefined;
  if (Array.isArray(value) && value.length > maximumListLength)
    return { message: `The list has ${value.length} items, more than the maximum of ${maximumListLength}.`, path };
  for (const [name, member] of Object.entries(value)) {
    const found = overlongList(member, [...path, Array.isArray(value) ? Number(name) : name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `null` means "not set" everywhere in ARM: members are dropped, also inside lists. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([name, member]) => [name, withoutNulls(member)]),
  );
}

function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  const name = issue.path?.at(-1);
  if (issue.input === undefined) return `Required property '${String(name ?? '')}' not found in JSON.`;
  const expected = 'expected' in issue ? String(issue.expected) : undefined;
  if (expected === undefined) return undefined;
  return isQuotable(name, issue.input)
    ? `Error converting value ${JSON.stringify(issue.input)} to type '${expected}'.`
    : `Error converting value to type '${expected}'.`;
}

/** Answers are kept and shown to others; a whole object in the wrong place may hold a key, and a secret is one. */
function isQuotable(name: PropertyKey | undefined, value: unknown): boolean {
  const isShort = typeof value !== 'string' || value.length <= maximumQuote;
  return !isWriteOnlyMember(name) && isShort && (typeof value !== 'object' || value === null);
}

const maximumQuote = 100;

function formatIssue(message: string, path: readonly PropertyKey[]): Issue {
  const target = pathText(path);
  return {
    severity: 'error',
    code: 'InvalidRequestFormat',
    message: 'Cannot parse the request.',
    rule: 'ARM-JSON-001',
    ...(target === '' ? {} : { target }),
    details: [{ code: 'InvalidJson', message: `${message} Path '${target}'.` }],
  };
}

/** `properties.ipConfigurations[0].properties.subnet` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}
