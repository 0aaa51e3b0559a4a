/** The cells of the matrix: a policy, an IKE version, who begins. Each is one connection of one gateway, and one site. Pure. */
import { policyClasses } from './policies.ts';
import type { PolicyClass } from './policies.ts';

export const beginners = ['gateway', 'peer', 'both'] as const;
export type Beginner = (typeof beginners)[number];

export type Cell = {
  readonly policyClass: PolicyClass;
  readonly version: 1 | 2;
  readonly begins: Beginner;
  /** Name of the connection and of the site. */
  readonly name: string;
  readonly publicAddress: string;
  readonly prefix: string;
};

/** Of names, addresses and prefixes; below are routers. */
const firstNumber = 11;

export type PeerKind = 'strongswan' | 'libreswan';

/** The whole product, for a peer that has the algorithms. */
export function cellsOf(peer: PeerKind): readonly Cell[] {
  const combinations = policyClasses
    .filter((policyClass) => policyClass[peer] !== undefined)
    .flatMap((policyClass) => policyClass.versions.flatMap((version) => beginners.map((begins) => ({ policyClass, version, begins }))));
  return combinations.map((combination, index) => {
    const number = firstNumber + index;
    return { ...combination, name: `c${number}`, publicAddress: `203.0.113.${number}`, prefix: `192.168.${number}.0/24` };
  });
}

/** Every class once and every pair of version and beginner: each class goes one step on through the six pairs. */
export function sampleOf(cells: readonly Cell[]): readonly Cell[] {
  const names = [...new Set(cells.map(({ policyClass }) => policyClass.name))];
  return names.flatMap((name, index) => {
    const own = cells.filter(({ policyClass }) => policyClass.name === name);
    // 5 has no divisor in common with 6 and 3, so that no pair is left out.
    const chosen = own[(index * 5) % own.length];
    return chosen === undefined ? [] : [chosen];
  });
}

export const title = ({ policyClass, version, begins }: Cell): string =>
  `IKEv${version}, ${policyClass.name}, ${begins === 'both' ? 'both begin' : `the ${begins} begins`}`;

/** Those whose title a regular expression finds, to run again what failed: a virtual machine takes minutes for each. All without one. */
export function chosenOf(cells: readonly Cell[], pattern: string | undefined): readonly Cell[] {
  const chosen = pattern === undefined ? cells : cells.filter((cell) => new RegExp(pattern).test(title(cell)));
  if (chosen.length === 0) throw new Error(`no cell of ${cells.length} has a title like ${pattern}`);
  return chosen;
}
