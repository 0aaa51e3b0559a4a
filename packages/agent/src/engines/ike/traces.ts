/** The files that an instance's charon and its tunnels leave on the host, and their end. Not what is in them: charon.ts, counters.ts, history.ts. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineContext } from '../engine.ts';
import { charonFiles, stopCharon } from './charon.ts';
import { historyDirectory, removeHistory } from './history.ts';

export function counterFile(context: Pick<EngineContext, 'paths'>, namespace: string): string {
  return join(context.paths.stateDirectory, 'ike-counters', `${namespace}.json`);
}

/** Ends charon too. Needs no instance: also for one that an earlier agent had. */
export async function removeTraces(context: EngineContext, namespace: string): Promise<void> {
  await stopCharon(context, namespace);
  const files = charonFiles(context.paths, namespace);
  const traces = [
    files.settings,
    files.markKey,
    files.logFile,
    `${files.logFile}.old`,
    files.logRead,
    files.outputFile,
    counterFile(context, namespace),
  ];
  for (const file of traces) rmSync(file, { force: true });
  removeHistory(historyDirectory(context.paths, namespace));
}
