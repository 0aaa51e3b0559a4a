/**
 * Draws facts out of the examples of Microsoft's published OpenAPI files: for each operation the status codes, and the members
 * of a successful answer with their JSON types. Names and types only, no values and no sentences.
 *
 *   node -C source tools/facts/examples.ts SPEC_FOLDER OUT.json
 *
 * SPEC_FOLDER as for extract.ts. The result is committed as test/facts/answers.json; test/conformance/raw-answers.test.ts holds
 * a running server against it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

type Json = Record<string, unknown>;
type Operation = { readonly statuses: Set<string>; readonly members: Map<string, string> };

const files = ['virtualNetwork', 'publicIpAddress', 'networkInterface', 'routeTable', 'virtualNetworkGateway', 'usage'];
const inGroup = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.Network/';
/** Types we have, and usages of a location. */
const wanted =
  /^(virtualNetworks|publicIPAddresses|networkInterfaces|routeTables|virtualNetworkGateways|connections|localNetworkGateways|locations)\b/;
const unwanted = /tapConfigurations|loadBalancers|ResourceNavigationLinks|ServiceAssociationLinks|NetworkPolicies$/;

const [folder, out] = process.argv.slice(2);
if (folder === undefined || out === undefined) throw new Error('usage: examples.ts SPEC_FOLDER OUT.json');

const operations = new Map<string, Operation>();
for (const file of files) {
  const paths = read(join(folder, `${file}.json`))['paths'] as Record<string, Record<string, Json>>;
  for (const [path, verbs] of Object.entries(paths)) for (const [verb, operation] of Object.entries(verbs)) add(path, verb, operation);
}
writeFileSync(out, `${print()}\n`);

function add(path: string, verb: string, operation: Json): void {
  const place = path.replace(inGroup, '').replace('/subscriptions/{subscriptionId}/providers/Microsoft.Network/', '');
  if (!wanted.test(place) || unwanted.test(place)) return;
  const key = `${verb.toUpperCase()} ${place.replaceAll(/\{\w+\}/g, '{}')}${path.startsWith(inGroup) ? '' : ' (subscription)'}`;
  const examples = Object.values((operation['x-ms-examples'] as Record<string, Json> | undefined) ?? {})
    .map((reference) => join(folder ?? '', String(reference['$ref'])))
    .filter(existsSync);
  for (const example of examples) {
    const known = operations.get(key) ?? { statuses: new Set(), members: new Map() };
    operations.set(key, known);
    for (const [status, answer] of Object.entries(read(example)['responses'] as Record<string, Json | undefined>)) {
      known.statuses.add(status);
      if (answer?.['body'] !== undefined) collect(known.members, '', answer['body']);
    }
  }
}

/** `properties.subnets[].name` → `string`. What users name (tags, identities) is no fact. */
function collect(members: Map<string, string>, path: string, value: unknown): void {
  if (path !== '') members.set(path, Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value);
  if (Array.isArray(value)) for (const item of value) collect(members, `${path}[]`, item);
  else if (typeof value === 'object' && value !== null && !/(^|\.)(tags|userAssignedIdentities)$/.test(path))
    for (const [name, member] of Object.entries(value)) collect(members, path === '' ? name : `${path}.${name}`, member);
}

function read(file: string): Json {
  return JSON.parse(readFileSync(file, 'utf8')) as Json;
}

/** One line per operation, so that a new API version shows as a readable diff. */
function print(): string {
  const lines = [...operations]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { statuses, members }]) => {
      const facts = {
        statuses: [...statuses].map(Number),
        members: Object.fromEntries([...members].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      };
      return `    ${JSON.stringify(key)}: ${JSON.stringify(facts)}`;
    });
  return `{\n  "apiVersion": ${JSON.stringify(basename(resolve(folder ?? '')))},\n  "operations": {\n${lines.join(',\n')}\n  }\n}`;
}
