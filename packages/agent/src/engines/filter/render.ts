/**
 * The packet filter of a gateway instance: table `inet sallyport`. Pure. Between VNet and tunnels everything may pass that
 * belongs to the connection (sources.ts), and between tunnels that allow transit; between VNet and the public network nothing,
 * ever; on the public leg only IKE, ESP and ICMP, and only from and to the gateway's public address.
 * So a packet of the inside can't leave in clear whatever the routes say. Not NAT, not SKU limits.
 */
import { createHash } from 'node:crypto';
import type { InstancePlan } from '@sallyport/model';
import { renderReplaceTable } from '@sallyport/protocols';
import type { NftChain, TableReading } from '@sallyport/protocols';
import { sourceChains } from './sources.ts';

export const filterTable = 'sallyport';

export type FilterState = {
  /** In the comment of the first rule: what was loaded last. */
  readonly digest: string;
  readonly ruleCounts: Readonly<Record<string, number>>;
  /** For `nft -f -`. */
  readonly text: string;
};

/** @param clampsMss the tunnel interfaces are the kernel's, which do not clamp TCP MSS themselves. */
export function renderFilter(instance: InstancePlan, clampsMss: boolean): FilterState {
  const chains = chainsOf(instance, clampsMss);
  const digest = `digest ${createHash('sha256').update(JSON.stringify(chains)).digest('hex').slice(0, 32)}`;
  const [first, ...rest] = chains;
  const [firstRule, ...rules] = first?.rules ?? [];
  const marked = first === undefined ? chains : [{ ...first, rules: [`${firstRule ?? ''} comment "${digest}"`, ...rules] }, ...rest];
  return {
    digest,
    ruleCounts: Object.fromEntries(chains.map((chain) => [chain.name, chain.rules.length])),
    text: renderReplaceTable(filterTable, marked),
  };
}

export function isLoaded(desired: FilterState, observed: TableReading | undefined): boolean {
  if (observed === undefined || !observed.comments.includes(desired.digest)) return false;
  const [wanted, found] = [Object.entries(desired.ruleCounts), observed.ruleCounts];
  return wanted.length === Object.keys(found).length && wanted.every(([chain, count]) => found[chain] === count);
}

function chainsOf(instance: InstancePlan, clampsMss: boolean): readonly NftChain[] {
  const here = instance.public.address;
  return [
    {
      name: 'input',
      hook: 'type filter hook input priority 0; policy drop;',
      rules: [
        'iifname "lo" accept',
        `iifname "public" ip daddr ${here} udp dport { 500, 4500 } accept`,
        `iifname "public" ip daddr ${here} meta l4proto { icmp, esp } accept`,
        'iifname "vnet" meta l4proto icmp accept',
        'iifname "t*" meta l4proto icmp accept',
      ],
    },
    {
      name: 'forward',
      hook: 'type filter hook forward priority 0; policy drop;',
      rules: [
        ...(clampsMss ? instance.tunnels.flatMap((tunnel) => clamps(`t${tunnel.ifId}`, tunnel.mssClamp)) : []),
        'iifname "vnet" oifname "t*" accept',
        'iifname "t*" oifname "vnet" accept',
        ...transit(instance),
      ],
    },
    {
      name: 'output',
      hook: 'type filter hook output priority 0; policy drop;',
      rules: [
        'oifname "lo" accept',
        `oifname "public" ip saddr ${here} udp sport { 500, 4500 } accept`,
        `oifname "public" ip saddr ${here} meta l4proto { icmp, esp } accept`,
        'oifname "vnet" meta l4proto icmp accept',
        'oifname "t*" meta l4proto icmp accept',
      ],
    },
    ...sourceChains(instance),
  ];
}

/** From site to site. Not back to where a packet came from: a site that routes a prefix here which we route there would get it for ever. */
function transit({ tunnels }: InstancePlan): readonly string[] {
  const names = tunnels.filter(({ allowsTransit }) => allowsTransit).map(({ ifId }) => `"t${ifId}"`);
  if (names.length < 2) return [];
  const set = names.join(', ');
  return [
    `iifname . oifname { ${names.map((name) => `${name} . ${name}`).join(', ')} } drop`,
    `iifname { ${set} } oifname { ${set} } accept`,
  ];
}

/** Both directions: the peer's SYN announces what we may send. nftables only ever lowers the option. */
function clamps(device: string, mss: number): readonly string[] {
  const set = `tcp flags & (syn | rst) == syn tcp option maxseg size set ${mss}`;
  return [`oifname "${device}" ${set}`, `iifname "${device}" ${set}`];
}
