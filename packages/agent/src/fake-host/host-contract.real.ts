/** The host contract on Linux: needs root and network namespaces. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import { cleanUp } from '../clean-up.ts';
import { hostContract } from './host-contract.ts';
import { testPaths } from '../test-paths.ts';

hostContract(() => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-contract-'));
  const paths = testPaths(directory);
  const ports = { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log: silentLogger };
  return {
    context: { ...ports, paths },
    close: async () => {
      await cleanUp(paths, ports);
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
