/**
 * Writes this folder's resources.json and topology.json from the two of `s2s-ikev2-psk`: its VNet and gateway, and its site
 * twenty times over. Run after changing that scenario: `node lab/scenarios/s2s-twenty-sites/generate.ts`, then format.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const siteCount = 20;

const read = (file: string): string =>
  readFileSync(join(here, '..', 's2s-ikev2-psk', file), 'utf8').replaceAll(
    'resourceGroups/s2s-ikev2-psk',
    'resourceGroups/s2s-twenty-sites',
  );
const write = (file: string, value: unknown): void => writeFileSync(join(here, file), `${JSON.stringify(value, null, 2)}\n`);

/** Site 1 becomes site n: its name, prefix, address and key. */
const forSite = (value: unknown, n: number): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replaceAll('site1', `site${n}`)
      .replaceAll('192.168.0.0/24', `192.168.${n}.0/24`)
      .replaceAll('203.0.113.11', `203.0.113.${10 + n}`)
      .replaceAll('Example.Key.1', `Example.Key.${n}`),
  );

type Put = { readonly put: string; readonly body: unknown };
type Topology = { readonly sites: readonly unknown[]; readonly expect: readonly unknown[] };
// The scenario's own files, whose shape the planner's golden test checks.
const puts = JSON.parse(read('resources.json')) as readonly Put[];
const topology = JSON.parse(read('topology.json')) as Topology;

const isOfSite = (put: Put): boolean => put.put.endsWith('site1');
const numbers = Array.from({ length: siteCount }, (_, index) => index + 1);
const each = (values: readonly unknown[]): readonly unknown[] => numbers.flatMap((n) => values.map((value) => forSite(value, n)));

write('resources.json', [...puts.filter((put) => !isOfSite(put)), ...each(puts.filter(isOfSite))]);
write('topology.json', { ...topology, sites: each(topology.sites), expect: each(topology.expect) });
