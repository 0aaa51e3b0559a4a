/**
 * VGW-PEER-003, what may come out of each tunnel: packets whose source the connection's prefixes hold, and no others. As responder we accept
 * whatever selectors a peer proposes, as Azure does, so selectors protect nobody: this does. Pure. Where prefixes of several
 * tunnels or of the VNet lie within each other, the longest one decides, as it does for routes.
 */
import { compareCidr, contains, parseCidr } from '@sallyport/model';
import type { Cidr, InstancePlan, TunnelPlan } from '@sallyport/model';
import type { NftChain } from '@sallyport/protocols';

/** The chains of the tunnels, and the one that sends a packet to its tunnel's. */
export function sourceChains(instance: InstancePlan): readonly NftChain[] {
  if (instance.tunnels.length === 0) return [];
  const all = parsed([...instance.vnet.prefixes, ...instance.tunnels.flatMap(({ remotePrefixes }) => remotePrefixes)]).toSorted((a, b) =>
    compareCidr(a.cidr, b.cidr),
  );
  const chains = instance.tunnels.map((tunnel) => ({ name: `from-t${tunnel.ifId}`, rules: sourceRules(tunnel, all) }));
  const jumps = instance.tunnels.map(({ ifId }) => `"t${ifId}" : jump from-t${ifId}`);
  return [
    ...chains,
    {
      name: 'sources',
      hook: 'type filter hook prerouting priority -150; policy accept;',
      rules: [`iifname vmap { ${jumps.join(', ')} }`],
    },
  ];
}

/** @param all prefixes that the gateway knows, this tunnel's among them, in order. */
function sourceRules(tunnel: TunnelPlan, all: readonly Prefix[]): readonly string[] {
  const own = parsed(tunnel.remotePrefixes);
  // Only what lies strictly within one of ours can be mistaken for ours; a prefix that two connections share belongs to both.
  const texts = new Set(own.map(({ text }) => text));
  const foreign = new Set(own.flatMap((ours) => within(ours.cidr, all)).filter(({ text }) => !texts.has(text)));
  const verdicts = [
    ...own.map(({ text, cidr }) => ({ text, length: cidr.length, verdict: 'accept' })),
    ...[...foreign].map(({ text, cidr }) => ({ text, length: cidr.length, verdict: 'counter drop' })),
  ].toSorted((a, b) => b.length - a.length || a.text.localeCompare(b.text));
  return [...verdicts.map(({ text, verdict }) => `ip saddr ${text} ${verdict}`), 'counter drop'];
}

/** What lies strictly within: in order, right behind it. */
function within(outer: Cidr, sorted: readonly Prefix[]): readonly Prefix[] {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = sorted[middle];
    if (there !== undefined && compareCidr(there.cidr, outer) <= 0) low = middle + 1;
    else high = middle;
  }
  let end = low;
  for (let next = sorted[end]; next !== undefined && contains(outer, next.cidr); next = sorted[end]) end += 1;
  return sorted.slice(low, end);
}

type Prefix = { readonly text: string; readonly cidr: Cidr };

function parsed(prefixes: readonly string[]): readonly Prefix[] {
  return [...new Set(prefixes)].flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [{ text, cidr }];
  });
}
