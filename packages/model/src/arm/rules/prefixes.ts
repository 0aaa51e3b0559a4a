/** Rules of address prefixes as text, the same for virtual networks, local network gateways, routes and NAT mappings. */
import { compareCidr, contains, formatCidr, hasHostBits, parseCidr, type Cidr } from '../../ip.ts';
import type { Issue } from '../../issue.ts';
import { refuse } from './refuse.ts';

/** Malformed prefixes and prefixes with host bits. `resource` is the id the text names. */
export function prefixIssues(prefixes: readonly string[], resource: string, target: string): readonly Issue[] {
  return prefixes.flatMap((prefix, index) => {
    const cidr = parseCidr(prefix);
    const at = `${target}[${index}]`;
    if (cidr === undefined) {
      return [
        refuse(
          'NET-CIDR-001',
          'InvalidAddressPrefixFormat',
          `Address prefix ${prefix} of resource ${resource} is not formatted correctly. It should follow CIDR notation, for example 10.0.0.0/24.`,
          at,
        ),
      ];
    }
    if (!hasHostBits(prefix)) return [];
    return [
      refuse(
        'NET-CIDR-002',
        'InvalidCIDRNotation',
        `The address prefix ${prefix} in resource ${resource} has an invalid CIDR notation. For the given prefix length, the address prefix should be ${formatCidr(cidr)}.`,
        at,
      ),
    ];
  });
}

/** The prefixes that are well formed; the others have an issue of their own. */
export function parsedPrefixes(prefixes: readonly string[]): readonly Cidr[] {
  return prefixes.map(parseCidr).filter((cidr) => cidr !== undefined);
}

/** First pair of overlapping prefixes of two lists, first by the order of `a`. */
export function firstOverlap(a: readonly string[], b: readonly string[]): readonly [string, string] | undefined {
  const [left, right] = [parsedPrefixes(a), parsedPrefixes(b)];
  return pairOf([...left, ...right], left.length, (index) => (index < left.length ? Infinity : index));
}

/** First pair of overlapping prefixes of one list. */
export function firstOverlapWithin(prefixes: readonly string[]): readonly [string, string] | undefined {
  const all = parsedPrefixes(prefixes);
  return pairOf(all, all.length, (index) => index);
}

/** The first of the first `count` prefixes that overlaps a ranked one, and that one; ranks are indexes. */
function pairOf(cidrs: readonly Cidr[], count: number, rankOf: (index: number) => number): readonly [string, string] | undefined {
  const lowest = lowestOverlaps(cidrs, rankOf).slice(0, count);
  const index = lowest.findIndex((rank) => rank !== Infinity);
  const [one, other] = [cidrs[index], cidrs[lowest[index] ?? -1]];
  return one === undefined || other === undefined ? undefined : [formatCidr(one), formatCidr(other)];
}

/**
 * For each prefix the lowest rank among the others that overlap it, `Infinity` when none does. One walk over the sorted
 * prefixes: two prefixes overlap exactly when one contains the other, so those that contain the current one are a stack.
 */
export function lowestOverlaps(cidrs: readonly Cidr[], rankOf: (index: number) => number): readonly number[] {
  const lowest = cidrs.map(() => Infinity);
  const sorted = cidrs.map((cidr, index) => ({ cidr, index })).toSorted((a, b) => compareCidr(a.cidr, b.cidr));
  const open: { readonly cidr: Cidr; readonly index: number; readonly above: number; below: number }[] = [];
  const close = (): void => {
    const closed = open.pop();
    if (closed === undefined) return;
    lowest[closed.index] = Math.min(closed.above, closed.below);
    const outer = open.at(-1);
    if (outer !== undefined) outer.below = Math.min(outer.below, closed.below, rankOf(closed.index));
  };
  for (const { cidr, index } of sorted) {
    for (let outer = open.at(-1); outer !== undefined && !contains(outer.cidr, cidr); outer = open.at(-1)) close();
    const outer = open.at(-1);
    const above = outer === undefined ? Infinity : Math.min(outer.above, rankOf(outer.index));
    open.push({ cidr, index, above, below: Infinity });
  }
  while (open.length > 0) close();
  return lowest;
}
