/** Why a connection can't be a tunnel, whatever other connections do: the first reason found. Not Azure's rules; the model checks those at PUT. */
import {
  asLocalNetworkGateway,
  asVirtualNetworkGateway,
  contains,
  isSameResource,
  parseCidr,
  resourceKey,
  resourceName,
  type Connection,
  type LocalNetworkGateway,
  type Resource,
  type VirtualNetworkGateway,
} from '@sallyport/model';
import type { Context, DraftInstance } from '../draft.ts';
import { vnetAddress } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { canonicalPrefixes } from '../prefixes.ts';
import { describe, notPlanned } from '../reason.ts';
import { defaultRoute } from '../routes/effective.ts';
import { authenticationOf, type Authentication } from './authentication.ts';

/** Everything a tunnel is made of. */
export type TunnelParts = {
  readonly resource: Resource;
  readonly connection: Connection;
  readonly instance: DraftInstance;
  readonly gateway: VirtualNetworkGateway;
  readonly site: LocalNetworkGateway;
  /** Address or host name of the device. */
  readonly peer: string;
  readonly remotePrefixes: readonly string[];
  readonly authentication: Authentication;
};

export function tunnelParts(
  context: Context,
  instances: ReadonlyMap<string, DraftInstance>,
  resource: Resource,
  connection: Connection,
): TunnelParts | ReportEntry {
  const { index } = context;
  const { virtualNetworkGateway1, localNetworkGateway2, enableBgp } = connection.properties;
  const unsupported = refusalOfKind(resource, connection);
  if (unsupported !== undefined) return unsupported;
  const gateway = asVirtualNetworkGateway(index.get(virtualNetworkGateway1.id));
  const instance = instances.get(resourceKey(virtualNetworkGateway1.id));
  if (gateway === undefined || instance === undefined) {
    return notPlanned(resource, 'GatewayNotPlanned', `its gateway ${resourceName(virtualNetworkGateway1.id)} is not planned`);
  }
  const siteId = localNetworkGateway2?.id ?? '';
  const site = asLocalNetworkGateway(index.get(siteId));
  if (site === undefined) return notPlanned(resource, 'PeerAddressMissing', `local network gateway ${resourceName(siteId)} does not exist`);
  const peer = site.properties.gatewayIpAddress ?? site.properties.fqdn;
  if (peer === undefined) return notPlanned(resource, 'PeerAddressMissing', `${describe(site)} has no address`);
  if ([instance.public.address, vnetAddress(instance)].includes(peer))
    return notPlanned(resource, 'PeerAddressIsOwn', `${describe(site)} has the gateway's own address ${peer}`);
  const unreachable = connection.properties.useLocalAzureIpAddress ? refusalOfPrivate(resource, gateway, site) : undefined;
  if (unreachable !== undefined) return unreachable;
  const isDefaultSite = isSameResource(gateway.properties.gatewayDefaultSite?.id ?? '', site.id);
  const remotePrefixes = canonicalPrefixes([
    ...site.properties.localNetworkAddressSpace.addressPrefixes,
    ...(isDefaultSite ? [defaultRoute] : []),
  ]);
  if (remotePrefixes.length === 0) {
    const because = enableBgp ? 'and BGP, which could learn some, is not supported yet' : 'so nothing would be routed to it';
    return notPlanned(resource, 'PrefixesMissing', `${describe(site)} has no IPv4 address prefix, ${because}`);
  }
  const inside = insideVnet(remotePrefixes, instance.vnet.prefixes);
  if (inside !== undefined) {
    return notPlanned(resource, 'PrefixInVirtualNetwork', `${describe(site)} has prefix ${inside}, which is the virtual network's own`);
  }
  const authentication = authenticationOf(context, resource, connection);
  if ('isPlanned' in authentication) return authentication;
  return { resource, connection, instance, gateway, site, peer, remotePrefixes, authentication };
}

function refusalOfKind(resource: Resource, { properties }: Connection): ReportEntry | undefined {
  const { connectionType, ingressNatRules, egressNatRules, ipsecPolicies } = properties;
  if (connectionType !== 'IPsec') {
    return notPlanned(resource, 'ConnectionTypeNotSupported', `connections of type ${connectionType} are not supported yet`);
  }
  if (ingressNatRules.length + egressNatRules.length > 0) {
    const because = 'its NAT rules are not supported yet, and without them its packets would carry the wrong addresses';
    return notPlanned(resource, 'NatNotSupported', because);
  }
  // Azure's enum has it, RFC 7296 §1.2 and RFC 2409 §5 have no exchange without a group.
  if (ipsecPolicies.some(({ dhGroup }) => dhGroup === 'None')) {
    return notPlanned(resource, 'DhGroupNotSupported', 'its policy has no IKE Diffie-Hellman group, and IKE can do nothing without one');
  }
  return undefined;
}

/** VGW-PEER-010: outer packets leave by the VNet leg, on a route of their own to the peer (docs/adr/0041). */
function refusalOfPrivate(resource: Resource, { properties }: VirtualNetworkGateway, site: LocalNetworkGateway): ReportEntry | undefined {
  if (!properties.enablePrivateIpAddress) {
    return notPlanned(
      resource,
      'PrivateAddressNotEnabled',
      'it uses the private address of its gateway, whose enablePrivateIpAddress is off',
    );
  }
  if (site.properties.gatewayIpAddress === undefined) {
    const because = `${describe(site)} has a host name, and a tunnel from the gateway's private address needs its gatewayIpAddress`;
    return notPlanned(resource, 'PrivatePeerNamed', because);
  }
  return undefined;
}

/** The first prefix that lies in the VNet; a larger one, such as 0.0.0.0/0, is fine: the VNet's own is longer. */
function insideVnet(remotePrefixes: readonly string[], vnetPrefixes: readonly string[]): string | undefined {
  const space = vnetPrefixes.map(parseCidr);
  return remotePrefixes.find((prefix) => {
    const remote = parseCidr(prefix);
    return remote !== undefined && space.some((own) => own !== undefined && contains(own, remote));
  });
}
