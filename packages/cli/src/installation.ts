/** Where things are: this clone's programs, and the folders inside a data directory and a run directory. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Fabric } from '@sallyport/lab';
import { agentStateDirectory } from '@sallyport/lab';
import type { HostPaths } from '@sallyport/agent';
import { createLogger } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';

const packages = join(import.meta.dirname, '..', '..');

export const xfrmdProgram = join(packages, 'dataplane', 'build', 'xfrmd');
export const shimLibrary = join(packages, 'dataplane', 'build', 'libxfrmshim.so');
export const clone = join(packages, '..');

/** argv of this same program with other arguments. */
export function ownProgram(...args: readonly string[]): readonly string[] {
  return [process.execPath, '-C', 'source', join(import.meta.dirname, 'main.ts'), ...args];
}

/** The agent sweeps its run directory, so nothing but its own is in there. */
export function agentPaths(fabric: Fabric): HostPaths {
  return {
    namespacePrefix: fabric.namespacePrefix,
    runDirectory: join(fabric.runDirectory, 'agent'),
    stateDirectory: agentStateDirectory(fabric),
    xfrmdProgram,
    shimLibrary,
  };
}

/** Answers each connection with the agent's status as JSON. */
export function agentSocket(fabric: Pick<Fabric, 'runDirectory'>): string {
  return join(fabric.runDirectory, 'agent.sock');
}

export function logDirectory(fabric: Pick<Fabric, 'dataDirectory'>): string {
  return join(fabric.dataDirectory, 'log');
}

/** JSON lines in `DIR/log/COMPONENT.log` (0600 in 0700). */
export function fileLogger(fabric: Pick<Fabric, 'dataDirectory'>, component: string): Logger {
  mkdirSync(logDirectory(fabric), { recursive: true, mode: 0o700 });
  return createLogger({ component, file: join(logDirectory(fabric), `${component}.log`) });
}

export function clientFile(fabric: Pick<Fabric, 'dataDirectory'>): string {
  return join(fabric.dataDirectory, 'client.json');
}
