/**
 * What two connections of one gateway can't share: the peer's address (IKE could not tell them apart) and an identical prefix
 * (its packets would have two ways). Prefixes that merely overlap are fine here: the longer one wins, as in every route table.
 */
import { resourceName } from '@sallyport/model';
import type { ReportEntry } from '../input.ts';
import { notPlanned } from '../reason.ts';
import type { DraftTunnel } from '../draft.ts';
import type { TunnelParts } from './refusal.ts';

export type Candidate = { readonly parts: TunnelParts; readonly tunnel: DraftTunnel };

/** `candidates` in order of right: whoever comes first keeps what both want. */
export function withoutConflicts(candidates: readonly Candidate[]): {
  readonly accepted: readonly Candidate[];
  readonly refused: readonly ReportEntry[];
} {
  const peers = new Map<string, string>();
  const prefixes = new Map<string, string>();
  const accepted: Candidate[] = [];
  const refused: ReportEntry[] = [];
  for (const candidate of candidates) {
    const { parts, tunnel } = candidate;
    const peer = parts.peer.toLowerCase();
    const samePeer = peers.get(peer);
    const shared = tunnel.remotePrefixes.find((prefix) => prefixes.has(prefix));
    if (samePeer !== undefined) {
      refused.push(
        notPlanned(parts.resource, 'PeerAddressInUse', `connection ${samePeer} of the same gateway has the same peer ${parts.peer}`),
      );
    } else if (shared !== undefined) {
      refused.push(
        notPlanned(parts.resource, 'PrefixInUse', `connection ${prefixes.get(shared)} of the same gateway already routes ${shared}`),
      );
    } else {
      const name = resourceName(tunnel.connection);
      accepted.push(candidate);
      peers.set(peer, name);
      for (const prefix of tunnel.remotePrefixes) prefixes.set(prefix, name);
    }
  }
  return { accepted, refused };
}
