/** Every scenario of the catalogue through the API's own rules: its plan, report and check as a golden text. */
import { expect, test } from 'vitest';
import { offlineInventory, offlinePublicAddressPools } from './load/offline-inventory.ts';
import { resourcesFromArm, type ArmPut, type LoadedResources } from './load/resources-from-arm.ts';
import { plan } from './plan.ts';
import { printResult } from './print/print.ts';

declare global {
  interface ImportMeta {
    /** Vite's, read at compile time; pure packages have no file system, not even in tests. */
    readonly glob: <T>(pattern: string, options: { readonly eager: true; readonly import: 'default' }) => Readonly<Record<string, T>>;
  }
}

type Topology = {
  readonly sites: readonly {
    readonly name: string;
    readonly publicAddress: string;
    readonly prefixes: readonly string[];
    readonly device: Device;
  }[];
  readonly names?: Readonly<Record<string, string>>;
  readonly expect: readonly {
    readonly connection: string;
    readonly traffic: readonly { readonly networkInterface: string; readonly site: string }[];
  }[];
};
type Device = { readonly kind: 'none' } | { readonly kind: 'strongswan'; readonly connection: string };

const scenarios = import.meta.glob<readonly ArmPut[]>('../../../lab/scenarios/*/resources.json', { eager: true, import: 'default' });
const topologies = import.meta.glob<Topology>('../../../lab/scenarios/*/topology.json', { eager: true, import: 'default' });
const subscriptionId = '11111111-1111-1111-1111-111111111111';

const load = (puts: readonly ArmPut[]): LoadedResources =>
  resourcesFromArm(puts, { publicAddressPools: offlinePublicAddressPools, subscriptionId });
const nameOf = (path: string): string => path.split('/').at(-2) ?? '';
const cases = Object.entries(scenarios).map(
  ([path, puts]) => [nameOf(path), puts, path.replace('resources.json', 'plan.golden.txt')] as const,
);

test.each(cases)('%s', async (_, puts, golden) => {
  const { resources, secretVersions, issues } = load(puts);
  expect(issues).toEqual([]);
  const result = plan({ resources, secretVersions, previous: undefined, inventory: offlineInventory(resources) });
  expect(result.issues).toEqual([]);
  await expect(printResult(result)).toMatchFileSnapshot(golden);
});

test.each(Object.entries(topologies).map(([path, topology]) => [nameOf(path), path, topology] as const))(
  'the topology of %s refers to what its resources make',
  (_, path, { sites, names = {}, expect: expectations }) => {
    const ids = new Set(load(scenarios[path.replace('topology', 'resources')] ?? []).resources.map(({ id }) => id as string));
    const siteNames = new Set(sites.map(({ name }) => name));
    const complete = (id: string): string => id.replaceAll('{subscriptionId}', subscriptionId);
    const referred = [
      ...sites.flatMap(({ device }) => (device.kind === 'strongswan' ? [device.connection] : [])),
      ...expectations.flatMap(({ connection, traffic }) => [connection, ...traffic.map(({ networkInterface }) => networkInterface)]),
    ].map(complete);
    expect(referred.filter((id) => !ids.has(id))).toEqual([]);
    expect(expectations.flatMap(({ traffic }) => traffic.filter(({ site }) => !siteNames.has(site)))).toEqual([]);
    const addresses = sites.map(({ publicAddress }) => publicAddress);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(Object.values(names).filter((address) => !addresses.includes(address))).toEqual([]);
  },
);

test('the catalogue has what the README promises', () => {
  expect(Object.keys(topologies)).toHaveLength(cases.length);
  expect(cases.map(([name]) => name)).toEqual(expect.arrayContaining(['s2s-ikev2-psk', 's2s-twenty-sites', 'two-gateways', 'fqdn-peer']));
});
