/** Rules of address prefixes as text, the same for virtual networks, local network gateways, routes and NAT mappings. */
import { formatCidr, hasHostBits, overlaps, parseCidr, type Cidr } from '../../ip.ts';
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

/** First pair of overlapping prefixes of two lists. */
export function firstOverlap(a: readonly string[], b: readonly string[]): readonly [string, string] | undefined {
  for (const left of parsedPrefixes(a)) {
    const right = parsedPrefixes(b).find((candidate) => overlaps(left, candidate));
    if (right !== undefined) return [formatCidr(left), formatCidr(right)];
  }
  return undefined;
}
