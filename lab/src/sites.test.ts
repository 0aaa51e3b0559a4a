/** Removing the lab's machines when some of them resist. With real packets: test/lab/lab-by-hand.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@sallyport/runtime';
import type { Daemons } from '@sallyport/runtime';
import { expect, test } from 'vitest';
import { createFabric } from './fabric.ts';
import { unmakeMachines } from './sites.ts';

test('a machine that can not be removed does not keep the others', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-lab-'));
  try {
    const fabric = createFabric(directory);
    const sites = ['a', 'b', 'c'].map((name, index) => ({
      kind: 'site',
      name,
      link: index + 1,
      publicAddress: `203.0.113.${11 + index}`,
      prefixes: [`192.168.${index}.0/24`],
      device: 'strongswan',
    }));
    writeFileSync(join(directory, 'lab.json'), JSON.stringify({ machines: sites }));
    const stopped: string[] = [];
    const daemons: Daemons = {
      start: () => ({ pid: 2, startTicks: '1' }),
      find: () => undefined,
      residentBytes: () => undefined,
      killWithin: () => Promise.resolve(),
      stop: async (pidFile) => {
        if (pidFile.includes('/b/')) throw new Error('charon of b does not end');
        stopped.push(pidFile);
      },
    };
    const run = (): never => {
      throw new Error('there is no namespace of this fabric to change');
    };
    await expect(unmakeMachines({ run, daemons, clock: new ManualClock() }, fabric)).rejects.toThrow(
      "could not remove 1 of the lab's machines",
    );
    expect(stopped.map((file) => file.split('/').at(-2))).toEqual(['a', 'c']);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
