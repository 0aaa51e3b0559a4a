/** Lists of prefixes as a plan holds them: canonical, sorted, each once, IPv4 only in this version. */
import { compareCidr, formatCidr, parseCidr, type Cidr } from '@sallyport/model';

export function canonicalPrefixes(texts: readonly string[]): readonly string[] {
  const cidrs = texts.map(parseCidr).filter((cidr): cidr is Cidr => cidr?.family === 4);
  return [...new Set(cidrs.toSorted(compareCidr).map(formatCidr))];
}

export function hasIpv6(texts: readonly string[]): boolean {
  return texts.some((text) => text.includes(':'));
}
