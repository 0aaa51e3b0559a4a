/**
 * The commands this agent issues on namespaces, all of them: reading, batches, sysctls, lists. What is not here (or in the
 * filter and xfrm engines) is never run, and the fake host understands exactly these. Not a policy.
 */
import { parseBatchFailures, parseNamespaceNames, parseReading, readingBatch } from '@sallyport/protocols';
import type { NamespaceReading } from '@sallyport/protocols';
import type { CommandRunner } from '@sallyport/runtime';
import { inNamespace, namespaceName } from '../engines/engine.ts';
import type { HostPaths } from '../engines/engine.ts';

export type CommandContext = { readonly run: CommandRunner['run']; readonly paths: Pick<HostPaths, 'namespacePrefix'> };

/** Namespaces of this fabric, without the prefix. */
export async function listNamespaces({ run, paths }: CommandContext): Promise<readonly string[]> {
  const { stdout } = await run(['ip', '-j', 'netns', 'list']);
  return parseNamespaceNames(stdout)
    .filter((name) => name.startsWith(paths.namespacePrefix))
    .map((name) => name.slice(paths.namespacePrefix.length));
}

export async function readNamespace({ run, paths }: CommandContext, namespace: string): Promise<NamespaceReading> {
  const { stdout } = await run(inNamespace(paths, namespace, ['ip', '-j', '-d', '-N', '-batch', '-']), { input: readingBatch });
  return parseReading(stdout);
}

export type FailedLine = { readonly index: number; readonly line: string; readonly message: string };

/** Runs every line, also past a refused one. `namespace` undefined is the host's own. @returns the refused lines. */
export async function runBatch(
  { run, paths }: CommandContext,
  namespace: string | undefined,
  lines: readonly string[],
): Promise<readonly FailedLine[]> {
  if (lines.length === 0) return [];
  const argv = ['ip', '-force', '-batch', '-'];
  const { code, stderr } = await run(namespace === undefined ? argv : inNamespace(paths, namespace, argv), {
    input: `${lines.join('\n')}\n`,
    okCodes: [0, 1, 2, 255],
  });
  if (code === 0) return [];
  const failures = parseBatchFailures(lines, stderr);
  if (failures.length === 0) throw new Error(`ip batch in ${namespace ?? 'the host'} ended with ${code} and no reason`);
  return failures.map((failure) => ({ ...failure, index: lines.indexOf(failure.line) }));
}

/** Values by key; keys this kernel does not have are left out. */
export async function readSysctls(
  { run, paths }: CommandContext,
  namespace: string,
  keys: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await run(inNamespace(paths, namespace, ['sysctl', '-e', ...keys]));
  const pairs = stdout.split('\n').flatMap((line) => {
    const [key, value] = line.split(' = ');
    return key === undefined || value === undefined ? [] : [[key, value.trim()] as const];
  });
  return Object.fromEntries(pairs);
}

export async function writeSysctls(
  { run, paths }: CommandContext,
  namespace: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  if (words.length > 0) await run(inNamespace(paths, namespace, ['sysctl', '-e', '-q', '-w', ...words]));
}

/** Kills what runs in a namespace, or only programs of one name. A process would keep the namespace alive after its name is gone. */
export async function endProcesses({ run, paths }: CommandContext, namespace: string, program?: string): Promise<void> {
  const { stdout } = await run(['ip', 'netns', 'pids', namespaceName(paths, namespace)]);
  for (const pid of stdout.split('\n').filter((line) => /^\d+$/.test(line))) {
    // 1 in both: it has ended meanwhile, which is what we want.
    const { stdout: name } = program === undefined ? { stdout: '' } : await run(['ps', '-o', 'comm=', '-p', pid], { okCodes: [0, 1] });
    if (program === undefined || name.trim() === program) await run(['kill', '-KILL', pid], { okCodes: [0, 1] });
  }
}
