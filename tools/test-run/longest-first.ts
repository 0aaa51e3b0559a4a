/**
 * The order of test files: those that take a minute and more begin first, so that a run does not end with one of them alone. Files keep
 * vitest's order otherwise. Not a record of how long each takes: a file that is missing here only ends late.
 */
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/** Longest first. */
const long = [
  'lab/killed-program',
  'conformance/az',
  'lab/nat',
  'lab/device-scripts',
  'lab/peer-selectors',
  'lab/hundred-connections',
  'lab/key-rotation',
  'lab/fqdn-peer',
  'lab/under-attack',
  'lab/dead-peer',
  'engines/ike/two-sas.real.ts',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId));
  }
}

function rank(file: string): number {
  const index = long.findIndex((part) => file.includes(part));
  return index === -1 ? long.length : index;
}
