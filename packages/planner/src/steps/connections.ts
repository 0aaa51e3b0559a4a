/** Connections of type IPsec: a tunnel each in their gateway's active instance. After gateways, whose instances the tunnels go into. */
import { asConnection, resourceKey, types } from '@sallyport/model';
import { tunnelKey } from '../allocate/assigned.ts';
import type { Draft, DraftInstance, DraftTunnel } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { hasIpv6 } from '../prefixes.ts';
import { gapsOf, planned } from '../reason.ts';
import { compareText } from '../resource-index.ts';
import { withoutConflicts, type Candidate } from '../tunnels/conflicts.ts';
import { tunnelParts } from '../tunnels/refusal.ts';
import { tunnelOf } from '../tunnels/tunnel.ts';

export function planConnections(draft: Draft): Draft {
  const byGateway = new Map(draft.instances.map((instance) => [instance.gatewayKey, instance]));
  const candidates = new Map<string, Candidate[]>(draft.instances.map(({ key }) => [key, []]));
  const report: ReportEntry[] = [];
  for (const { resource } of draft.context.index.list(types.connection)) {
    const connection = asConnection(resource);
    if (connection === undefined) continue;
    const parts = tunnelParts(draft.context, byGateway, resource, connection);
    if ('isPlanned' in parts) report.push(parts);
    else candidates.get(parts.instance.key)?.push({ parts, tunnel: tunnelOf(parts) });
  }
  const instances = draft.instances.map((instance) => {
    const { accepted, refused } = withoutConflicts(oldestFirst(draft, instance, candidates.get(instance.key) ?? []));
    report.push(...refused, ...accepted.map((candidate) => entryOf(instance, candidate)));
    return { ...instance, tunnels: accepted.map(({ tunnel }) => tunnel).toSorted(byConnection) };
  });
  return { ...draft, instances, report: [...draft.report, ...report] };
}

/** Those of the previous plan first, so that a new connection never takes anything from an old one; then by key. */
function oldestFirst({ context }: Draft, instance: DraftInstance, candidates: readonly Candidate[]): readonly Candidate[] {
  const { tunnels } = context.assigned(instance.host);
  const isOld = ({ tunnel }: Candidate): boolean => tunnels.has(tunnelKey(instance.key, resourceKey(tunnel.connection)));
  return [...candidates.filter(isOld), ...candidates.filter((candidate) => !isOld(candidate))];
}

function entryOf(instance: DraftInstance, { parts }: Candidate): ReportEntry {
  const { enableBgp, dpdTimeoutSeconds, trafficSelectorPolicies, usePolicyBasedTrafficSelectors } = parts.connection.properties;
  const gaps = gapsOf([
    [enableBgp, 'BgpNotSupported', 'BGP not yet planned; only the static prefixes of its local network gateway are routed'],
    [
      dpdTimeoutSeconds !== 0 && parts.gateway.properties.vpnType === 'PolicyBased',
      'DpdNotSupported',
      'a policy-based gateway does not look for dead peers, so dpdTimeoutSeconds has no effect',
    ],
    [
      trafficSelectorPolicies.length > 0 && !usePolicyBasedTrafficSelectors,
      'TrafficSelectorsNotInEffect',
      'its trafficSelectorPolicies have no effect without usePolicyBasedTrafficSelectors',
    ],
    [hasIpv6(parts.site.properties.localNetworkAddressSpace.addressPrefixes), 'Ipv6NotSupported', 'IPv6 prefixes are not planned yet'],
  ]);
  return planned(parts.resource, [instance.host], gaps);
}

function byConnection(a: DraftTunnel, b: DraftTunnel): number {
  return compareText(resourceKey(a.connection), resourceKey(b.connection));
}
