/**
 * Our nftables table of one namespace, `inet sallyport`: replaced whole in one transaction, and recognised by a digest in the comment of
 * its first rule, so that one that stands is not loaded again. What is in it is its engine's: filter/ of a gateway, fabric-lab/ of a VNet.
 */
import { createHash } from 'node:crypto';
import { parseTable, renderReplaceTable } from '@sallyport/protocols';
import type { NftChain, NftSet, TableReading } from '@sallyport/protocols';
import { runAfterSysctls } from '../reconcile/namespace-commands.ts';
import type { CommandContext, Sysctls } from '../reconcile/namespace-commands.ts';
import { inNamespace } from './engine.ts';

const tableName = 'sallyport';

export type MarkedTable = {
  /** In the comment of the first rule: what was loaded last. */
  readonly digest: string;
  readonly ruleCounts: Readonly<Record<string, number>>;
  /** For `nft -f -`. */
  readonly text: string;
};

/** @param chains the first has a rule. */
export function markedTable(chains: readonly NftChain[], sets: readonly NftSet[] = []): MarkedTable {
  const digest = `digest ${createHash('sha256')
    .update(JSON.stringify([chains, sets]))
    .digest('hex')
    .slice(0, 32)}`;
  const [first, ...rest] = chains;
  const [firstRule, ...rules] = first?.rules ?? [];
  const marked = first === undefined ? chains : [{ ...first, rules: [`${firstRule ?? ''} comment "${digest}"`, ...rules] }, ...rest];
  return {
    digest,
    ruleCounts: Object.fromEntries(chains.map((chain) => [chain.name, chain.rules.length])),
    text: renderReplaceTable(tableName, marked, sets),
  };
}

export function isLoaded(desired: MarkedTable, observed: TableReading | undefined): boolean {
  if (observed === undefined || !observed.comments.includes(desired.digest)) return false;
  const [wanted, found] = [Object.entries(desired.ruleCounts), observed.ruleCounts];
  return wanted.length === Object.keys(found).length && wanted.every(([chain, count]) => found[chain] === count);
}

/** With kernel parameters read by the same process. @returns table undefined when there is none. @throws CommandError when nft can't tell. */
export async function observeTable(
  context: CommandContext,
  namespace: string,
  keys: readonly string[] = [],
): Promise<{ readonly table: TableReading | undefined; readonly sysctls: Sysctls }> {
  const list = ['nft', '-j', 'list', 'table', 'inet', tableName];
  const { sysctls, result } = await runAfterSysctls(context, namespace, keys, list, { okCodes: [0, 1] });
  if (result.code === 0) return { table: parseTable(result.stdout), sysctls };
  if (result.stderr.includes('No such file or directory')) return { table: undefined, sysctls };
  throw new Error(`could not list nftables table inet ${tableName} in ${namespace}: ${result.stderr.split('\n')[0] ?? ''}`);
}

export async function loadTable({ run, paths }: CommandContext, namespace: string, desired: MarkedTable): Promise<void> {
  await run(inNamespace(paths, namespace, ['nft', '-f', '-']), { input: desired.text });
}
