/** The host contract on Linux: needs root and network namespaces. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import { cleanUp } from '../clean-up.ts';
import type { HostPaths } from '../engines/engine.ts';
import { hostContract } from './host-contract.ts';

hostContract(() => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-contract-'));
  const paths: HostPaths = {
    namespacePrefix: `sp-c${randomBytes(2).toString('hex')}-`,
    runDirectory: join(directory, 'run'),
    stateDirectory: join(directory, 'state'),
    xfrmdProgram: 'xfrmd',
    shimLibrary: 'libxfrmshim.so',
  };
  const ports = { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log: silentLogger };
  return {
    context: { ...ports, paths },
    close: async () => {
      await cleanUp(paths, ports);
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
