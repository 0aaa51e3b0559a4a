/**
 * Draws facts out of Microsoft's published OpenAPI files of Microsoft.Network: for each definition we model, its members with
 * JSON type, enum values, required and readOnly. Names and values only, no sentences.
 *
 *   node -C source tools/facts/extract.ts SPEC_FOLDER OUT.json
 *
 * SPEC_FOLDER is `…/Microsoft.Network/stable/<api-version>` of the repository Azure/azure-rest-api-specs. The result is
 * committed as test/facts/network.json; packages' schemas are held against it in facts.test.ts beside this file.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Definition, Facts, Member } from './facts.ts';

/** Definitions to begin with; what they contain follows, references to other resources don't. */
const roots: readonly (readonly [file: string, definition: string])[] = [
  ['virtualNetwork.json', 'VirtualNetwork'],
  ['publicIpAddress.json', 'PublicIPAddress'],
  ['networkInterface.json', 'NetworkInterface'],
  ['virtualNetworkGateway.json', 'LocalNetworkGateway'],
  ['virtualNetworkGateway.json', 'VirtualNetworkGateway'],
  ['virtualNetworkGateway.json', 'VirtualNetworkGatewayConnection'],
  ['routeTable.json', 'RouteTable'],
];

type Json = Record<string, unknown>;
type Located = { readonly name: string; readonly file: string; readonly schema: Json };

const [folder, out] = process.argv.slice(2);
if (folder === undefined || out === undefined) throw new Error('usage: extract.ts SPEC_FOLDER OUT.json');

const files = new Map<string, Json | undefined>();
const definitions: Record<string, Definition> = {};
const queue: Located[] = [];
for (const [file, name] of roots) {
  const located = locate(`${join(folder, file)}#/definitions/${name}`);
  if (located === undefined) throw new Error(`${file} has no definition ${name}`);
  queue.push(located);
}
for (let located = queue.shift(); located !== undefined; located = queue.shift()) {
  if (definitions[located.name] === undefined) definitions[located.name] = definitionOf(located);
}
const facts: Facts = {
  apiVersion: basename(resolve(folder)),
  roots: roots.map(([, name]) => name),
  definitions: Object.fromEntries(Object.entries(definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))),
};
writeFileSync(out, `${printFacts(facts)}\n`);

function definitionOf(located: Located): Definition {
  const required = new Set((located.schema['required'] as string[] | undefined) ?? []);
  const inherited = ((located.schema['allOf'] as Json[] | undefined) ?? []).flatMap((base) => {
    const found = locate(String(base['$ref']), located.file);
    return found === undefined ? [] : Object.entries(definitionOf(found));
  });
  const own = Object.entries((located.schema['properties'] as Record<string, Json> | undefined) ?? {}).map(
    ([name, schema]) => [name, memberOf(schema, located.file, required.has(name))] as const,
  );
  return Object.fromEntries([...inherited, ...own]);
}

function memberOf(schema: Json, file: string, isRequired: boolean, isItem = false): Member {
  const isReadOnly = schema['readOnly'] === true;
  const flags = { ...(isRequired ? { required: true as const } : {}), ...(isReadOnly ? { readOnly: true as const } : {}) };
  const items = schema['items'] as Json | undefined;
  if (schema['type'] === 'array' && isReadOnly) return { type: 'array', ...flags };
  if (schema['type'] === 'array' && items !== undefined) return { type: 'array', items: memberOf(items, file, false, true), ...flags };
  const target = typeof schema['$ref'] === 'string' ? locate(schema['$ref'], file) : undefined;
  if (typeof schema['$ref'] === 'string') {
    if (target === undefined || isResource(target) || (!isItem && isChild(target))) return { type: 'reference', ...flags };
    const simple = simpleType(target.schema);
    const isHidden = isReadOnly || target.schema['readOnly'] === true;
    if (simple !== undefined) return { ...simple, ...flags, ...(isHidden ? { readOnly: true } : {}) };
    if (!isReadOnly) queue.push(target);
    return { type: 'object', definition: target.name, ...flags };
  }
  return { ...(simpleType(schema) ?? { type: 'map' }), ...flags };
}

/** A child resource that stands alone in a member, not in its parent's list, is only referred to. */
function isChild({ schema }: Located): boolean {
  const bases = ((schema['allOf'] as Json[] | undefined) ?? []).map((base) => String(base['$ref']));
  const properties = schema['properties'] as Json | undefined;
  return properties?.['properties'] !== undefined && bases.some((base) => base.endsWith('/SubResource'));
}

function simpleType(schema: Json): Member | undefined {
  const type = schema['type'];
  if (type !== 'string' && type !== 'integer' && type !== 'boolean' && type !== 'number') return undefined;
  return { type, ...(Array.isArray(schema['enum']) ? { enum: schema['enum'] as string[] } : {}) };
}

/** Things with a location are resources of their own: others only refer to them. */
function isResource({ schema, file, name }: Located): boolean {
  if (roots.some(([, root]) => root === name)) return true;
  return ((schema['allOf'] as Json[] | undefined) ?? []).some((base) => {
    const found = locate(String(base['$ref']), file);
    return found?.name === 'Resource' || (found !== undefined && isResource(found));
  });
}

function locate(reference: string, from = ''): Located | undefined {
  const [path = '', pointer = ''] = reference.split('#');
  const file = path === '' ? from : resolve(dirname(from), path);
  const name = pointer.split('/').at(-1) ?? '';
  if (!files.has(file)) files.set(file, existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Json) : undefined);
  const schema = (files.get(file)?.['definitions'] as Record<string, Json> | undefined)?.[name];
  return schema === undefined ? undefined : { name, file, schema };
}

/** One line per member, so that a new API version shows as a readable diff. */
function printFacts({ apiVersion, roots: names, definitions: all }: Facts): string {
  const blocks = Object.entries(all).map(([name, definition]) => {
    const members = Object.entries(definition).map(([member, fact]) => `      ${JSON.stringify(member)}: ${JSON.stringify(fact)}`);
    return `    ${JSON.stringify(name)}: {\n${members.join(',\n')}\n    }`;
  });
  return `{\n  "apiVersion": ${JSON.stringify(apiVersion)},\n  "roots": ${JSON.stringify(names)},\n  "definitions": {\n${blocks.join(',\n')}\n  }\n}`;
}
