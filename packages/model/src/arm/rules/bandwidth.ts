/**
 * The tag `sallyport:bandwidth` of a gateway: an extension, off unless set. Its tunnels together then carry no more than that each way:
 * what its SKU has in Azure, or a rate of the user's own. A tag, because every client can set one. What is done with it:
 * docs/adr/0048-a-gateways-bandwidth-is-policed.md.
 */
import type { Issue } from '../../issue.ts';
import { vpnSku } from '../skus.ts';
import { refuse, when } from './refuse.ts';

export const bandwidthTag = 'sallyport:bandwidth';

const units = { kbps: 1_000, mbps: 1_000_000, gbps: 1_000_000_000 } as const;
/** Bits per second: an ISDN channel, and ten times the largest SKU. What is beyond is a mistake. */
const limits = { least: 64_000, most: 100_000_000_000 } as const;

/** Bits per second each way, of tags that passed `bandwidthIssues`; undefined without the tag. */
export function bandwidthOf(
  tags: Readonly<Record<string, string>>,
  sku: { readonly name: string; readonly generation: string },
): number | undefined {
  const value = tagValue(tags);
  if (value === undefined) return undefined;
  if (isSku(value)) return (vpnSku(sku.name, sku.generation)?.throughputMbps ?? 0) * units.mbps || undefined;
  return parseRate(value);
}

export function bandwidthIssues(tags: Readonly<Record<string, string>>): readonly Issue[] {
  const value = tagValue(tags);
  const isFine = value === undefined || isSku(value) || parseRate(value) !== undefined;
  return when(!isFine, () =>
    refuse(
      'OUR-BW-001',
      'InvalidBandwidth',
      `The tag '${bandwidthTag}' has the value '${(value ?? '').slice(0, 64)}'. It must be 'sku', or a rate from 64kbps to 100Gbps such as 50Mbps.`,
      'tags',
    ),
  );
}

/** Names of tags are compared without case, as in Azure. */
function tagValue(tags: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(tags).find(([name]) => name.toLowerCase() === bandwidthTag)?.[1];
}

function isSku(value: string): boolean {
  return value.trim().toLowerCase() === 'sku';
}

function parseRate(text: string): number | undefined {
  const match = /^(\d{1,6})\s?([kmg]bps)$/.exec(text.trim().toLowerCase());
  const rate = Number(match?.[1] ?? 0) * units[(match?.[2] ?? 'kbps') as keyof typeof units]; // the pattern has these units only
  return rate >= limits.least && rate <= limits.most ? rate : undefined;
}
