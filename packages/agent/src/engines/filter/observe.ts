/** Reads our table of one instance. */
import { parseTable } from '@sallyport/protocols';
import type { TableReading } from '@sallyport/protocols';
import { inNamespace } from '../engine.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { filterTable } from './render.ts';

/** undefined when there is no such table. @throws CommandError when nft can't tell. */
export async function observeFilter({ run, paths }: CommandContext, namespace: string): Promise<TableReading | undefined> {
  const argv = inNamespace(paths, namespace, ['nft', '-j', 'list', 'table', 'inet', filterTable]);
  const { code, stdout, stderr } = await run(argv, { okCodes: [0, 1] });
  if (code === 0) return parseTable(stdout);
  if (stderr.includes('No such file or directory')) return undefined;
  throw new Error(`could not list nftables table inet ${filterTable} in ${namespace}: ${stderr.split('\n')[0] ?? ''}`);
}
