/** `sallyport clean-up`: removes what a fabric has on this host, also after a kill -9 or a lost data directory. Data directories stay. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { cleanUp } from '@sallyport/agent';
import { LabError, isLocked, openFabric } from '@sallyport/lab';
import type { Fabric } from '@sallyport/lab';
import { createLogger } from '@sallyport/runtime';
import { readStatus } from '../agent-status.ts';
import type { Command } from '../command.ts';
import { dataDirectory, dataDirectoryOption, parseOptions, print, refusePositionals } from '../command.ts';
import { agentPaths, agentSocket, clientFile } from '../installation.ts';
import { removeAll, removeRunDirectory } from '../running.ts';
import { requireRoot, systemPorts } from '../system-ports.ts';

export const cleanUpCommand: Command = {
  summary: 'remove every namespace, daemon and socket of a fabric, or of all',
  help: `
Usage: sallyport clean-up [--data-dir DIR] [--all]

Removes what a stopped or killed fabric left on this host. Resources stay in the data directory.

Options:
  --data-dir DIR   the fabric (default: /var/lib/sallyport)
  --all            every fabric of this host that does not run, known by namespaces sp-XXXX- and /run/sallyport/XXXX`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { ...dataDirectoryOption, all: { type: 'boolean' } });
    refusePositionals(positionals);
    requireRoot('clean-up');
    if (values.all === true) return cleanUpAll();
    const fabric = openFabric(dataDirectory(values['data-dir']));
    if (await isLocked(fabric.dataDirectory, 'up')) throw new LabError(`${fabric.dataDirectory} is running: stop \`sallyport up\` first`);
    await removeAll({ fabric, ports: systemPorts(), log: createLogger({ component: 'clean-up', level: 'warn' }) });
    rmSync(clientFile(fabric), { force: true });
    print(`removed ${fabric.namespacePrefix}*`);
    return 0;
  },
};

/** By names alone, for what no data directory knows any more. */
async function cleanUpAll(): Promise<number> {
  const ids = [...new Set([...idsIn('/run/netns', /^sp-([0-9a-f]{4})-/), ...idsIn('/run/sallyport', /^([0-9a-f]{4})$/)])];
  const running: string[] = [];
  for (const id of ids) {
    const fabric = { id, dataDirectory: '/nonexistent', runDirectory: `/run/sallyport/${id}`, namespacePrefix: `sp-${id}-` };
    if ((await readStatus(agentSocket(fabric))) === undefined) await removeTraces(fabric);
    else running.push(`sp-${id}`);
  }
  const removed = ids.filter((id) => !running.includes(`sp-${id}`)).map((id) => `sp-${id}`);
  print(removed.length === 0 ? 'nothing to remove' : `removed ${removed.join(', ')}`);
  if (running.length > 0) throw new LabError(`still running, stop it first: ${running.join(', ')}`);
  return 0;
}

async function removeTraces(fabric: Fabric): Promise<void> {
  await cleanUp(agentPaths(fabric), { ...systemPorts(), log: createLogger({ component: 'clean-up', level: 'warn' }) });
  removeRunDirectory(fabric);
}

function idsIn(directory: string, pattern: RegExp): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((entry) => pattern.exec(entry)?.[1] ?? []);
}
