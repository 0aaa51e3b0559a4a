/** `nft` on the fake host: replacing and listing one table, in the forms the filter engine uses. Rules are kept as text. */
import type { FakeNamespace } from './fake-namespace.ts';

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

export function runNft(namespace: FakeNamespace, args: readonly string[], input: string): Outcome {
  if (args.join(' ') === '-f -') {
    const { table, chains } = parseReplace(input);
    namespace.tables.set(table, chains);
    return { code: 0, stdout: '', stderr: '' };
  }
  const [json, list, kind, family, table = '', ...rest] = args;
  if (json !== '-j' || list !== 'list' || kind !== 'table' || family !== 'inet' || rest.length > 0)
    throw new Error(`the fake host does not know "nft ${args.join(' ')}"`);
  const chains = namespace.tables.get(table);
  if (chains === undefined) return { code: 1, stdout: '', stderr: 'Error: No such file or directory\n' };
  const entries = chains.flatMap((chain) => [
    { chain: { family: 'inet', table, name: chain.name } },
    ...chain.rules.map((rule) => ({ rule: { family: 'inet', table, chain: chain.name, ...commentOf(rule), ...counterOf(rule) } })),
  ]);
  return {
    code: 0,
    stdout: JSON.stringify({ nftables: [{ metainfo: {} }, { table: { family: 'inet', name: table } }, ...entries] }),
    stderr: '',
  };
}

function commentOf(rule: string): { readonly comment?: string } {
  const comment = / comment "([^"]*)"$/.exec(rule)?.[1];
  return comment === undefined ? {} : { comment };
}

/** A test counts by writing `counter packets 3` in a rule's text. */
function counterOf(rule: string): { readonly expr?: readonly object[] } {
  const counter = / counter(?: packets (\d+))?(?= )/.exec(rule);
  return counter === null ? {} : { expr: [{ counter: { packets: Number(counter[1] ?? 0), bytes: 0 } }] };
}

function parseReplace(input: string): { table: string; chains: { name: string; rules: string[] }[] } {
  const [declare = '', remove = '', open = '', ...body] = input.split('\n').map((line) => line.trim());
  const table = declare.replace('table inet ', '');
  if (remove !== `delete table inet ${table}` || open !== `table inet ${table} {`)
    throw new Error(`the fake host does not know nft input starting with "${declare}"`);
  const chains: { name: string; rules: string[] }[] = [];
  for (const line of body) {
    const chain = /^chain (\S+) \{$/.exec(line)?.[1];
    if (chain !== undefined) chains.push({ name: chain, rules: [] });
    else if (line !== '' && line !== '}' && !line.startsWith('type ')) chains.at(-1)?.rules.push(line);
  }
  return { table, chains };
}
