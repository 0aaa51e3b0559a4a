/** Report entries: the sentence that tells a user why a resource, or a part of it, does nothing on any host. */
import { types, type Resource } from '@sallyport/model';
import type { Reason, ReasonCode, ReportEntry } from './input.ts';

const words: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    [types.virtualNetwork]: 'virtual network',
    [types.networkInterface]: 'network interface',
    [types.publicIpAddress]: 'public IP address',
    [types.virtualNetworkGateway]: 'gateway',
    [types.localNetworkGateway]: 'local network gateway',
    [types.connection]: 'connection',
    [types.routeTable]: 'route table',
    [types.networkSecurityGroup]: 'network security group',
  }).map(([type, word]) => [type.toLowerCase(), word]),
);

/** `connection hq` */
export function describe(resource: { readonly type: string; readonly name: string }): string {
  return `${words[resource.type.toLowerCase()] ?? resource.type} ${resource.name}`;
}

/** `because` completes "connection hq not planned: …", without a full stop. */
export function notPlanned(resource: Resource, code: ReasonCode, because: string): ReportEntry {
  const reason: Reason = { code, message: `${describe(resource)} not planned: ${because}` };
  return { resource: resource.id, isPlanned: false, hosts: [], reason };
}

/** `gaps` complete "gateway hq: …", without a full stop. */
export function planned(resource: Resource, hosts: readonly string[], gaps: readonly Gap[]): ReportEntry {
  const notInEffect = gaps.map(({ code, what }): Reason => ({ code, message: `${describe(resource)}: ${what}` }));
  return { resource: resource.id, isPlanned: true, hosts, ...(notInEffect.length > 0 && { notInEffect }) };
}

export type Gap = { readonly code: ReasonCode; readonly what: string };

/** The gaps whose condition holds, in the order written. */
export function gapsOf(candidates: readonly (readonly [isGap: boolean, code: ReasonCode, what: string])[]): readonly Gap[] {
  return candidates.filter(([isGap]) => isGap).map(([, code, what]) => ({ code, what }));
}
