/**
 * One nftables table as we own it: replaced whole in one transaction, recognised by a digest in a rule's comment and by
 * the number of rules in each chain, so that a rule added or removed by somebody else is seen. Not a rule language.
 */

export type TableReading = {
  /** Comments of all rules, in order; our digest is among them. */
  readonly comments: readonly string[];
  /** Rules per chain. */
  readonly ruleCounts: Readonly<Record<string, number>>;
  /** Packets that met a rule with a counter and a comment, by the comment. */
  readonly packets: Readonly<Record<string, number>>;
};

export type NftChain = {
  readonly name: string;
  /** `type filter hook forward priority 0; policy drop;`; undefined for a chain that is only jumped to. */
  readonly hook?: string;
  readonly rules: readonly string[];
};

/** Filled by rules; its contents go with every replacement. */
export type NftSet = { readonly name: string; readonly lines: readonly string[] };

/** stdin for `nft -f -`: the table `inet <name>` is there afterwards with exactly these chains, or unchanged on any error. */
export function renderReplaceTable(name: string, chains: readonly NftChain[], sets: readonly NftSet[] = []): string {
  const body = chains.map(
    (chain) =>
      `  chain ${chain.name} {\n${[...(chain.hook === undefined ? [] : [chain.hook]), ...chain.rules].map((rule) => `    ${rule}\n`).join('')}  }\n`,
  );
  const declared = sets.map((set) => `  set ${set.name} {\n${set.lines.map((line) => `    ${line}\n`).join('')}  }\n`);
  // The first line makes the delete succeed also when there was no table.
  return `table inet ${name}\ndelete table inet ${name}\ntable inet ${name} {\n${declared.join('')}${body.join('')}}\n`;
}

/** Output of `nft -j list table inet <name>`. @throws SyntaxError when it is not JSON. */
export function parseTable(stdout: string): TableReading {
  const parsed: unknown = JSON.parse(stdout);
  const comments: string[] = [];
  const ruleCounts: Record<string, number> = {};
  const packets: Record<string, number> = {};
  for (const entry of entriesOf(parsed)) {
    const chain = field(entry, 'chain');
    const rule = field(entry, 'rule');
    const chainName = field(chain, 'name');
    if (typeof chainName === 'string') ruleCounts[chainName] ??= 0;
    const inChain = field(rule, 'chain');
    if (typeof inChain === 'string') ruleCounts[inChain] = (ruleCounts[inChain] ?? 0) + 1;
    const comment = field(rule, 'comment');
    if (typeof comment !== 'string') continue;
    comments.push(comment);
    const count = countedBy(rule);
    if (count !== undefined) packets[comment] = count;
  }
  return { comments, ruleCounts, packets };
}

function countedBy(rule: unknown): number | undefined {
  const statements = field(rule, 'expr');
  if (!Array.isArray(statements)) return undefined;
  return statements
    .map((statement: unknown) => field(field(statement, 'counter'), 'packets'))
    .find((count): count is number => typeof count === 'number');
}

function entriesOf(parsed: unknown): readonly unknown[] {
  const entries = field(parsed, 'nftables');
  return Array.isArray(entries) ? entries : [];
}

function field(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[key] : undefined; // any object can be read by key
}
