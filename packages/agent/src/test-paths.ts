/** Where an agent of a test or a benchmark has its things: a folder of its own, the clone's data plane, a prefix that no other fabric has. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { HostPaths } from './engines/engine.ts';

const build = join(import.meta.dirname, '..', '..', 'dataplane', 'build');

/** @param prefix of namespaces, when others must know it. */
export function testPaths(directory: string, prefix = `sp-${randomBytes(3).toString('hex')}-`): HostPaths {
  return {
    namespacePrefix: prefix,
    runDirectory: join(directory, 'run'),
    stateDirectory: join(directory, 'state'),
    xfrmdProgram: join(build, 'xfrmd'),
    shimLibrary: join(build, 'libxfrmshim.so'),
  };
}
