/**
 * The packet filter of a gateway instance: table `inet sallyport`. Pure. Between VNet and tunnels everything may pass that
 * belongs to the connection (sources.ts), and between tunnels that allow transit; between VNet and the public network nothing,
 * ever; on the public leg only IKE (as much as charon can bear: ike-admission.ts), ESP and ICMP, and only from and to the gateway's public
 * address. On the VNet leg, IKE and ESP with peers of the private address only. What tunnels may carry together is bandwidth.ts.
 * So a packet of the inside can't leave in clear whatever the routes say. Not NAT.
 */
import type { InstancePlan } from '@sallyport/model';
import type { NftChain } from '@sallyport/protocols';
import { privatePeers, vnetAddress } from '../outer-leg.ts';
import { markedTable } from '../marked-table.ts';
import type { MarkedTable } from '../marked-table.ts';
import { bandwidthRules } from './bandwidth.ts';
import { admissionChains, admissionRules, admissionSets } from './ike-admission.ts';
import { sourceChains } from './sources.ts';

/** @param clampsMss the tunnel interfaces are the kernel's, which do not clamp TCP MSS themselves. */
export function renderFilter(instance: InstancePlan, clampsMss: boolean): MarkedTable {
  return markedTable(chainsOf(instance, clampsMss), admissionSets);
}

function chainsOf(instance: InstancePlan, clampsMss: boolean): readonly NftChain[] {
  const here = instance.public.address;
  const fromVnet = privateRules(instance);
  return [
    {
      name: 'input',
      hook: 'type filter hook input priority 0; policy drop;',
      rules: [
        'iifname "lo" accept',
        ...admissionRules(`iifname "public" ip daddr ${here}`),
        `iifname "public" ip daddr ${here} meta l4proto { icmp, esp } accept`,
        ...fromVnet.input,
        'iifname "vnet" meta l4proto icmp accept',
        'iifname "t*" meta l4proto icmp accept',
      ],
    },
    {
      name: 'forward',
      hook: 'type filter hook forward priority 0; policy drop;',
      rules: [
        ...bandwidthRules(instance),
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
        ...fromVnet.output,
        'oifname "vnet" meta l4proto icmp accept',
        'oifname "t*" meta l4proto icmp accept',
      ],
    },
    ...admissionChains(instance),
    ...sourceChains(instance),
  ];
}

/** VGW-PEER-010: on the VNet leg IKE and ESP with the peers of connections that start at the private address, and with nobody else. */
function privateRules(instance: InstancePlan): { readonly input: readonly string[]; readonly output: readonly string[] } {
  const peers = privatePeers(instance);
  if (peers.length === 0) return { input: [], output: [] };
  const [here, there] = [vnetAddress(instance), `{ ${peers.join(', ')} }`];
  const [input, output] = [`iifname "vnet" ip daddr ${here} ip saddr ${there}`, `oifname "vnet" ip saddr ${here} ip daddr ${there}`];
  return {
    input: [...admissionRules(input), `${input} meta l4proto esp accept`],
    output: [`${output} udp sport { 500, 4500 } accept`, `${output} meta l4proto esp accept`],
  };
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
