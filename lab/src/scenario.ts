/** A scenario folder read into memory: what is PUT, what is outside Azure, what must hold. Format: lab/scenarios/README.md. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@sallyport/model';
import { LabError } from './fabric.ts';

export type ScenarioDevice =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'strongswan';
      readonly connection: string;
      readonly ikeVersion: 1 | 2;
      readonly ikeProposals: readonly string[];
      readonly espProposals: readonly string[];
      readonly sharedKey: { readonly from: 'connection' } | { readonly value: string };
      readonly selectors: readonly { readonly local: readonly string[]; readonly remote: readonly string[] }[];
      readonly initiates: boolean;
    };

export type ScenarioSite = {
  readonly name: string;
  readonly publicAddress: string;
  readonly prefixes: readonly string[];
  /** Also reached through a VM, which stands for the edge of an ExpressRoute circuit; the tunnel takes this path. */
  readonly privatePath?: PrivatePath;
  readonly device: ScenarioDevice;
};

export type PrivatePath = {
  /** Resource id of the VM's interface; it forwards. */
  readonly networkInterface: string;
  /** The device's address on this path; the VM's is the next one. */
  readonly address: string;
};

export type Expectation = {
  readonly connection: string;
  readonly connectionStatus: 'Connected' | 'NotConnected' | 'Connecting' | 'Unknown';
  readonly reason?: string;
  readonly traffic: readonly { readonly networkInterface: string; readonly site: string }[];
};

export type ScenarioResource = { readonly put: string; readonly body: JsonObject };

export type Scenario = {
  readonly name: string;
  readonly resources: readonly ScenarioResource[];
  readonly sites: readonly ScenarioSite[];
  readonly names: Readonly<Record<string, string>>;
  readonly expect: readonly Expectation[];
};

const catalogue = join(import.meta.dirname, '..', 'scenarios');

export function scenarioNames(): readonly string[] {
  return readdirSync(catalogue, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

/** `{subscriptionId}` is replaced everywhere. @throws LabError when there is no such scenario. */
export function loadScenario(name: string, subscriptionId: string): Scenario {
  const folder = join(catalogue, name);
  if (!existsSync(join(folder, 'resources.json')))
    throw new LabError(`there is no scenario '${name}'; there are ${scenarioNames().join(', ')}`);
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(join(folder, file), 'utf8').replaceAll('{subscriptionId}', subscriptionId));
  const resources = read('resources.json') as readonly ScenarioResource[]; // our own files, checked by their golden tests
  const topology = read('topology.json') as Pick<Scenario, 'sites' | 'expect'> & { readonly names?: Scenario['names'] };
  return { name, resources, sites: topology.sites, names: topology.names ?? {}, expect: topology.expect };
}
