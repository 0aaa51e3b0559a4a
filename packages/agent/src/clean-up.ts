/**
 * Removes everything of one fabric from the host: daemons, whatever still runs in its namespaces, the namespaces (a lab's
 * sites and clients too: they have the prefix), the run directory. Not the state directory: that is the operator's data.
 * Any number of times, from any state, with no agent running.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { batchLine } from '@sallyport/protocols';
import type { AgentPorts } from './agent.ts';
import { namespaceFile, namespaceName } from './engines/engine.ts';
import type { HostPaths } from './engines/engine.ts';
import { inParallel } from './reconcile/in-parallel.ts';
import { listNamespaces, runBatch } from './reconcile/namespace-commands.ts';

/** @throws Error naming what could not be removed, after everything else was. */
export async function cleanUp(paths: HostPaths, ports: AgentPorts): Promise<void> {
  const context = { run: ports.run, paths };
  const problems: string[] = [];
  const pidFiles = existsSync(paths.runDirectory)
    ? readdirSync(paths.runDirectory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.pid'))
    : [];
  await inParallel(pidFiles, 8, async (name) => {
    try {
      await ports.daemons.stop(join(paths.runDirectory, name));
    } catch (error) {
      problems.push(`daemon of ${name}: ${reason(error)}`);
    }
  });
  const namespaces = await listNamespaces(context);
  await inParallel(namespaces, 8, async (namespace) => {
    try {
      // A process would keep the namespace alive after its name is gone.
      await ports.daemons.killWithin(namespaceFile(paths, namespace));
    } catch (error) {
      problems.push(`processes in ${namespace}: ${reason(error)}`);
    }
  });
  const names = namespaces.map((namespace) => namespaceName(paths, namespace));
  const refused = await runBatch(
    context,
    undefined,
    names.map((name) => batchLine('netns', 'delete', name)),
  );
  problems.push(...refused.map(({ line, message }) => `"ip ${line}": ${message}`));
  rmSync(paths.runDirectory, { recursive: true, force: true });
  if (problems.length > 0) throw new Error(`could not remove everything: ${problems.join('; ')}`);
  ports.log.info({ namespaces: namespaces.length, daemons: pidFiles.length }, 'host cleaned up');
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
