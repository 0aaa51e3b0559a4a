/** Everything one run found, and the targets it is held against. Pure. */
import type { IkePoint } from './ike-rate.ts';
import type { Row } from './measure.ts';
import type { Profile } from './profile.ts';
import { fastest, fastestWithin, ratio } from './statistics.ts';
import type { TunnelPoint } from './tunnels.ts';

export type Results = {
  readonly command: string;
  readonly machine: string;
  readonly date: string;
  readonly seconds: number;
  readonly engines: readonly { readonly name: string; readonly what: string; readonly missing: string | undefined }[];
  readonly rows: readonly Row[];
  readonly tunnels: readonly TunnelPoint[];
  readonly ike: readonly IkePoint[];
  readonly profile: Profile | undefined;
  /** Parts that failed, with their reasons. */
  readonly failures: readonly string[];
};

/** More loss than this and a rate is not carried. */
export const lossLimit = 0.01;

export type Target = {
  readonly what: string;
  /** undefined: no target, for the reader. */
  readonly wanted: number | undefined;
  readonly measured: number | undefined;
  /** What the topology carries without a tunnel in this run: more can not be asked of an engine. */
  readonly ceiling?: number | undefined;
  readonly unit: string;
};

/** `xfrmd` and `libipsec`: the rows of AES-256-GCM. */
export function findRow(rows: readonly Row[], engine: string, suite: string): Row | undefined {
  return rows.find((row) => row.engine === engine && row.suite === suite);
}

/** xfrmd as it comes: with libIPSec_MB where that was measured. */
export function ourRow(rows: readonly Row[]): Row | undefined {
  return findRow(rows, 'xfrmd (ipsec-mb)', 'AES-256-GCM') ?? findRow(rows, 'xfrmd (EVP)', 'AES-256-GCM');
}

export function targets(rows: readonly Row[]): readonly Target[] {
  const [ours, peer] = [ourRow(rows), findRow(rows, 'kernel-libipsec', 'AES-256-GCM')];
  const veth = rows.find(({ engine }) => engine === 'bare veth');
  const small = (row: Row | undefined): number | undefined => fastestWithin(row?.udp.small ?? [], lossLimit)?.deliveredPackets;
  // A peer that carries no rate within the limit is held at the most it ever delivered: that favours the peer.
  const peerSmall = small(peer) ?? fastest(peer?.udp.small ?? [])?.deliveredPackets;
  const gigabits = (bits: number | undefined): number | undefined => (bits === undefined ? undefined : bits / 1e9);
  return [
    { what: 'TCP, 1 stream, against kernel-libipsec', wanted: 10, measured: ratio(ours?.tcp.one?.bits, peer?.tcp.one?.bits), unit: '×' },
    {
      what: 'TCP, 1 stream, on a quiet machine',
      wanted: 10,
      measured: gigabits(ours?.tcp.one?.bits),
      ceiling: gigabits(veth?.tcp.one?.bits),
      unit: 'Gbit/s',
    },
    {
      what: 'UDP, 1,300-byte payload, under 1 % lost',
      wanted: 3,
      measured: gigabits(fastestWithin(ours?.udp.udp1300 ?? [], lossLimit)?.deliveredBits),
      ceiling: gigabits(fastest(veth?.udp.udp1300 ?? [])?.deliveredBits),
      unit: 'Gbit/s',
    },
    {
      what: 'processor time per gigabit of TCP, kernel-libipsec’s against ours, both gateways',
      wanted: undefined,
      measured: ratio(bothEnds(peer?.cpu), bothEnds(ours?.cpu)),
      unit: '×',
    },
    {
      what: '64-byte packets, under 1 % lost, against kernel-libipsec',
      wanted: 3,
      measured: ratio(small(ours), peerSmall),
      unit: '×',
    },
  ];
}

function bothEnds(cost: Row['cpu']): number | undefined {
  return cost === undefined ? undefined : cost.sender + cost.receiver;
}
