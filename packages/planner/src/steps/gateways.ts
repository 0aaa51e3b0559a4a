/**
 * VPN gateways: the active instance, `IN_0`, with its public and its VNet leg. Tunnels come in the next step.
 * The second instance (active-active, or standby) is not planned in this version; the report says so where it was asked for.
 */
import {
  asConnection,
  asVirtualNetworkGateway,
  bandwidthOf,
  containsAddress,
  formatCidr,
  isSameResource,
  parseAddress,
  resourceKey,
  resourceName,
  types,
  type GatewayInstance,
  type InstanceId,
  type Resource,
  type VirtualNetworkGateway,
} from '@sallyport/model';
import type { Draft, DraftInstance, SubnetPlace } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { gapsOf, notPlanned, planned, type Gap } from '../reason.ts';
import { routerAddress } from '../router-address.ts';

export function planGateways(draft: Draft): Draft {
  const report: ReportEntry[] = [];
  const instances: DraftInstance[] = [];
  for (const { key, resource } of draft.context.index.list(types.virtualNetworkGateway)) {
    const gateway = asVirtualNetworkGateway(resource);
    if (gateway === undefined) continue;
    const outcome = planOne(draft, key, resource, gateway);
    if ('isPlanned' in outcome) {
      report.push(outcome);
      continue;
    }
    instances.push(outcome);
    report.push(planned(resource, [outcome.host], gapsOfGateway(draft, gateway)));
  }
  return { ...draft, instances, report: [...draft.report, ...report] };
}

function planOne(
  draft: Draft,
  key: string,
  resource: Resource,
  { properties, allocated }: VirtualNetworkGateway,
): DraftInstance | ReportEntry {
  if (properties.gatewayType !== 'Vpn') {
    return notPlanned(resource, 'GatewayTypeNotSupported', `gateways of type ${properties.gatewayType} are not supported yet`);
  }
  const active = allocated.instances.find(({ role }) => role === 'IN_0');
  if (active === undefined) return notPlanned(resource, 'AddressMissing', 'it has no addresses yet');
  const ipConfiguration = properties.ipConfigurations.find(({ name }) => name === active.ipConfiguration);
  const subnetId = ipConfiguration?.properties.subnet?.id ?? '';
  const place = draft.subnets.get(resourceKey(subnetId));
  if (place === undefined) return notPlanned(resource, 'SubnetNotPlanned', `its subnet ${resourceName(subnetId)} is on no host`);
  const vnetLeg = vnetLegOf(resource, place, active);
  if ('isPlanned' in vnetLeg) return vnetLeg;
  const network = draft.context.publicNetworkOf(active.publicIPAddress);
  if (network === undefined) {
    const name = resourceName(active.publicIPAddressId);
    const because = `public IP address ${name} (${active.publicIPAddress}) is in none of the public networks`;
    return notPlanned(resource, 'PublicAddressOutsideNetworks', because);
  }
  const bitsPerSecond = bandwidthOf(resource.tags, { name: properties.sku.name, generation: properties.vpnGatewayGeneration });
  return {
    key: `${key}/in_0`,
    host: place.vnet.host,
    // A gateway's instances are named as in Azure's logs.
    id: `${resource.id}/IN_0` as InstanceId,
    gateway: resource.id,
    gatewayKey: key,
    gatewayName: resource.name,
    vnetKey: place.vnet.key,
    role: 'IN_0',
    ...(bitsPerSecond === undefined ? {} : { bandwidth: { bitsPerSecond } }),
    public: { address: active.publicIPAddress, router: network.router },
    vnet: vnetLeg,
    tunnels: [],
  };
}

function vnetLegOf(
  resource: Resource,
  { vnet, subnet }: SubnetPlace,
  { privateIPAddress }: GatewayInstance,
): DraftInstance['vnet'] | ReportEntry {
  const address = parseAddress(privateIPAddress);
  if (address === undefined || !containsAddress(subnet.cidr, address)) {
    return notPlanned(resource, 'AddressOutsideSubnet', `its address ${privateIPAddress} is outside ${formatCidr(subnet.cidr)}`);
  }
  return {
    vnet: vnet.vnet,
    subnet: subnet.id,
    address: `${privateIPAddress}/${subnet.cidr.length}`,
    router: routerAddress(subnet.cidr),
    prefixes: vnet.addressPrefixes,
  };
}

function gapsOfGateway({ context }: Draft, { id, properties }: VirtualNetworkGateway): readonly Gap[] {
  const hasCustomRoutes = (properties.customRoutes?.addressPrefixes.length ?? 0) > 0;
  return gapsOf([
    [properties.activeActive, 'SecondInstanceNotPlanned', 'second instance not yet planned; all tunnels end on IN_0'],
    [properties.enableBgp, 'BgpNotSupported', 'BGP not yet planned; only the static prefixes of local network gateways are routed'],
    [hasPointToSite(properties), 'PointToSiteNotSupported', 'point-to-site not yet planned; no client can connect'],
    [
      properties.gatewayDefaultSite !== undefined && !leadsTo(context, id, properties.gatewayDefaultSite.id),
      'DefaultSiteNotConnected',
      `no connection leads to its default site ${resourceName(properties.gatewayDefaultSite?.id ?? '')}, so Internet traffic goes nowhere`,
    ],
    [properties.natRules.length > 0, 'NatNotSupported', 'NAT rules are stored but not applied yet'],
    [hasCustomRoutes, 'CustomRoutesNotSupported', 'custom routes not yet planned; they are for point-to-site clients'],
  ]);
}

/** Clients write an empty `vpnClientConfiguration` too; without a pool no client could get an address. */
function hasPointToSite({ vpnClientConfiguration }: VirtualNetworkGateway['properties']): boolean {
  return (vpnClientConfiguration?.vpnClientAddressPool?.addressPrefixes.length ?? 0) > 0;
}

function leadsTo({ index }: Draft['context'], gatewayId: string, siteId: string): boolean {
  return index.list(types.connection).some(({ resource }) => {
    const properties = asConnection(resource)?.properties;
    const [gateway, site] = [properties?.virtualNetworkGateway1.id ?? '', properties?.localNetworkGateway2?.id ?? ''];
    return isSameResource(gateway, gatewayId) && isSameResource(site, siteId);
  });
}
