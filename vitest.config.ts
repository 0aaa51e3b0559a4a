/** Test projects. `unit` needs nothing; the others need root, the built data plane and Debian's daemons (tools/set-up.sh). */
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tools/test-run/longest-first.ts';

const patient = { testTimeout: 240_000, hookTimeout: 240_000, fileParallelism: false } as const;
/** Every file has namespaces, ports and folders of its own, and mostly waits for daemons. */
const together = { ...patient, fileParallelism: true, maxWorkers: 3 } as const;

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    // Limits are met only on failure: a busy machine is no reason to fail.
    expect: { poll: { timeout: 30_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // All cores: the default leaves one for the watcher that is not there.
          maxWorkers: '100%',
          include: ['packages/*/src/**/*.test.ts', 'lab/src/**/*.test.ts', 'test/{architecture,parity}/**/*.test.ts', 'tools/**/*.test.ts'],
        },
      },
      // The same contract suites as `unit` runs on fakes, here on the real daemon or kernel table.
      { extends: true, test: { name: 'contract', include: ['packages/*/src/**/*.real.ts', 'lab/src/**/*.real.ts'], ...together } },
      // The official SDK and the real az against a control plane with a simulated host.
      { extends: true, test: { name: 'conformance', include: ['test/conformance/**/*.test.ts'], ...together } },
      // Real packets in network namespaces.
      {
        extends: true,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.test.ts', 'test/matrix/**/*.test.ts'],
          ...together,
          testTimeout: 900_000,
          hookTimeout: 300_000,
        },
      },
      // The whole product of policies, IKE versions and beginners, with stock devices; and what only many rounds of chance show.
      {
        extends: true,
        test: {
          name: 'matrix',
          include: ['test/matrix/**/*.every.ts', 'packages/*/src/**/*.every.ts'],
          ...patient,
          hookTimeout: 2_400_000,
        },
      },
      // The kernel's own ESP, in a virtual machine with Debian's stock kernel.
      { extends: true, test: { name: 'vm', include: ['test/vm/**/*.test.ts'], ...patient, testTimeout: 300_000, hookTimeout: 2_700_000 } },
    ],
  },
});
