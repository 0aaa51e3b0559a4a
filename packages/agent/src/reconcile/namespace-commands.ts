/**
 * The commands this agent issues on namespaces, all of them: reading, batches, sysctls, lists. What is not here (or in the
 * filter and xfrm engines) is never run, and the fake host understands exactly these. Not a policy.
 */
import { parseBatchFailures, parseNamespaceNames, parseReading, readingBatch } from '@sallyport/protocols';
import type { NamespaceReading } from '@sallyport/protocols';
import { CommandError } from '@sallyport/runtime';
import type { CommandOptions, CommandResult, CommandRunner } from '@sallyport/runtime';
import { inNamespace } from '../engines/engine.ts';
import type { HostPaths } from '../engines/engine.ts';

export type CommandContext = { readonly run: CommandRunner['run']; readonly paths: Pick<HostPaths, 'namespacePrefix'> };

/** Namespaces of this fabric, without the prefix. */
export async function listNamespaces({ run, paths }: CommandContext): Promise<readonly string[]> {
  const { stdout } = await run(['ip', '-j', 'netns', 'list']);
  return parseNamespaceNames(stdout)
    .filter((name) => name.startsWith(paths.namespacePrefix))
    .map((name) => name.slice(paths.namespacePrefix.length));
}

export async function readNamespace(
  context: CommandContext,
  namespace: string,
  keys: readonly string[] = [],
): Promise<{ readonly reading: NamespaceReading; readonly sysctls: Sysctls }> {
  const { sysctls, result } = await runAfterSysctls(context, namespace, keys, ['ip', '-j', '-d', '-N', '-batch', '-'], {
    input: readingBatch,
  });
  return { reading: parseReading(result.stdout), sysctls };
}

/** There is no such namespace: nsenter(1) could not enter it. */
export function isAbsent(error: unknown): boolean {
  return error instanceof CommandError && /^nsenter: .*\/run\/netns\/.*No such file or directory/.test(error.result?.stderr ?? '');
}

/** Values by key, as in sysctl(8); keys this kernel does not have are left out. */
export type Sysctls = Readonly<Record<string, string>>;

/** A line for each of the files, empty where there is none, before becoming the program: starting a process costs the agent more than all else in a pass. */
const printThenBecome = 'while [ "$1" != -- ]; do v=; [ -r "$1" ] && read -r v <"$1"; echo "$v"; shift; done; shift; exec "$@"';

/** Runs a program in a namespace, and reads kernel parameters right before. @throws CommandError */
export async function runAfterSysctls(
  { run, paths }: CommandContext,
  namespace: string,
  keys: readonly string[],
  program: readonly string[],
  options: CommandOptions,
): Promise<{ readonly sysctls: Sysctls; readonly result: CommandResult }> {
  const argv = keys.length === 0 ? program : ['sh', '-c', printThenBecome, 'sh', ...keys.map(sysctlFile), '--', ...program];
  const result = await run(inNamespace(paths, namespace, argv), options);
  const lines = result.stdout.split('\n', keys.length);
  const sysctls = Object.fromEntries(keys.flatMap((key, index) => (lines[index] === '' ? [] : [[key, lines[index] ?? '']])));
  const printed = lines.reduce((length, line) => length + line.length + 1, 0);
  return { sysctls, result: { ...result, stdout: result.stdout.slice(printed) } };
}

/** proc_sys(5). Our keys name no interface, whose dots would be part of the name. */
function sysctlFile(key: string): string {
  return `/proc/sys/${key.replaceAll('.', '/')}`;
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

export async function writeSysctls({ run, paths }: CommandContext, namespace: string, settings: Sysctls): Promise<void> {
  const words = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  if (words.length > 0) await run(inNamespace(paths, namespace, ['sysctl', '-e', '-q', '-w', ...words]));
}
