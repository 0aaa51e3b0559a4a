/** VNets and their subnets, each on the host of its region. Their routes come last (effective-routes.ts). */
import {
  asPublicIpAddress,
  asVirtualNetwork,
  parseCidr,
  resourceKey,
  sizeOf,
  subnetPrefixes,
  types,
  type ResourceId,
  type Subnet,
  type VirtualNetwork,
} from '@sallyport/model';
import { allocateOutbound } from '../allocate/outbound.ts';
import type { Draft, DraftSubnet, DraftVnet, SubnetPlace } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { canonicalPrefixes, hasIpv6 } from '../prefixes.ts';
import { gapsOf, notPlanned, planned, type Gap } from '../reason.ts';
import { byKey } from '../resource-index.ts';

/** Below /29 there is no room: Azure keeps five addresses of each subnet. */
const smallestSubnet = 8n;

export function planVirtualNetworks(draft: Draft): Draft {
  const report: ReportEntry[] = [];
  const vnets: DraftVnet[] = [];
  const subnets = new Map<string, SubnetPlace>();
  const outboundOf = outboundLegs(draft);
  for (const { key, resource } of draft.context.index.list(types.virtualNetwork)) {
    const network = asVirtualNetwork(resource);
    if (network === undefined) continue;
    const host = draft.context.hostOf(resource);
    if (host === undefined) {
      report.push(notPlanned(resource, 'NoHostInRegion', `no host serves region ${resource.location}`));
      continue;
    }
    const addressPrefixes = canonicalPrefixes(network.properties.addressSpace.addressPrefixes);
    const outbound = addressPrefixes.length === 0 ? undefined : outboundOf(key);
    const vnet: DraftVnet = {
      ...(outbound === undefined ? {} : { outbound }),
      key,
      host,
      name: network.name,
      vnet: network.id,
      addressPrefixes,
      subnets: network.properties.subnets.flatMap((subnet) => routedSubnet(network, subnet)).toSorted(byKey),
      routes: [],
    };
    vnets.push(vnet);
    for (const subnet of vnet.subnets) subnets.set(subnet.key, { vnet, subnet });
    report.push(planned(resource, [host], gapsOfVnet(network)));
  }
  return { ...draft, vnets, subnets, report: [...draft.report, ...report] };
}

/** Of all VNets at once, for each needs an address of its own. */
function outboundLegs({ context }: Draft): (key: string) => DraftVnet['outbound'] {
  const network = context.outboundNetwork;
  if (network === undefined) return () => undefined;
  const planned = context.index.list(types.virtualNetwork).flatMap(({ key, resource }) => {
    const host = context.hostOf(resource);
    return host === undefined ? [] : [{ key, host }];
  });
  const previous = new Map(
    planned.flatMap(({ key, host }) => {
      const address = context.assigned(host).outbound.get(key);
      return address === undefined ? [] : [[key, address] as const];
    }),
  );
  const publicAddresses = context.index
    .list(types.publicIpAddress)
    .flatMap(({ resource }) => asPublicIpAddress(resource)?.allocated.ipAddress ?? []);
  const addresses = allocateOutbound(
    planned.map(({ key }) => key),
    previous,
    network,
    new Set(publicAddresses),
  );
  return (key) => {
    const address = addresses.get(key);
    return address === undefined ? undefined : { address, router: network.router };
  };
}

/** A subnet with an IPv4 prefix and room for a router; what is attached to another one can't be planned. */
function routedSubnet({ id }: VirtualNetwork, subnet: Subnet): DraftSubnet | [] {
  const cidr = subnetPrefixes(subnet)
    .map(parseCidr)
    .find((candidate) => candidate?.family === 4);
  if (cidr === undefined || sizeOf(cidr) < smallestSubnet) return [];
  // The id of a child kept in its parent's properties.
  const subnetId = `${id}/subnets/${subnet.name}` as ResourceId;
  const { routeTable, defaultOutboundAccess } = subnet.properties;
  return { key: resourceKey(subnetId), id: subnetId, cidr, routeTable: routeTable?.id, isPrivate: defaultOutboundAccess === false };
}

function gapsOfVnet({ properties: { addressSpace, subnets, virtualNetworkPeerings } }: VirtualNetwork): readonly Gap[] {
  const peerings = virtualNetworkPeerings.map(({ name }) => name).join(', ');
  const own = subnets.map(({ properties }) => properties);
  const prefixes = [...addressSpace.addressPrefixes, ...subnets.flatMap(subnetPrefixes)];
  return gapsOf([
    [peerings !== '', 'PeeringNotSupported', `peerings are stored but carry nothing yet (${peerings})`],
    [
      own.some((one) => one.networkSecurityGroup !== undefined),
      'NetworkSecurityGroupNotSupported',
      'network security groups are not applied',
    ],
    [hasIpv6(prefixes), 'Ipv6NotSupported', 'IPv6 prefixes are not planned yet'],
  ]);
}
