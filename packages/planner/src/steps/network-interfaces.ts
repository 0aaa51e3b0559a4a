/** Network interfaces: a namespace each, attached to its subnet's bridge, on the host of its VNet. The primary address only. */
import {
  asNetworkInterface,
  containsAddress,
  formatCidr,
  parseAddress,
  resourceKey,
  resourceName,
  types,
  type NetworkInterface,
  type Resource,
} from '@sallyport/model';
import type { Draft, DraftNetworkInterface } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { gapsOf, notPlanned, planned, type Gap } from '../reason.ts';
import { routerAddress } from '../router-address.ts';

export function planNetworkInterfaces(draft: Draft): Draft {
  const report: ReportEntry[] = [];
  const networkInterfaces: DraftNetworkInterface[] = [];
  for (const { key, resource } of draft.context.index.list(types.networkInterface)) {
    const networkInterface = asNetworkInterface(resource);
    if (networkInterface === undefined) continue;
    const outcome = planOne(draft, key, resource, networkInterface);
    if ('isPlanned' in outcome) {
      report.push(outcome);
      continue;
    }
    networkInterfaces.push(outcome);
    report.push(planned(resource, [outcome.host], gapsOfNetworkInterface(networkInterface)));
  }
  return { ...draft, networkInterfaces, report: [...draft.report, ...report] };
}

function planOne(
  draft: Draft,
  key: string,
  resource: Resource,
  { properties, allocated }: NetworkInterface,
): DraftNetworkInterface | ReportEntry {
  const { ipConfigurations } = properties;
  const primary = ipConfigurations.find((one) => one.properties.primary === true) ?? ipConfigurations[0];
  const subnetId = primary?.properties.subnet?.id ?? '';
  const place = draft.subnets.get(resourceKey(subnetId));
  if (place === undefined) return notPlanned(resource, 'SubnetNotPlanned', `its subnet ${resourceName(subnetId)} is on no host`);
  const { vnet, subnet } = place;
  const text = allocated.privateIPAddresses[primary?.name.toLowerCase() ?? ''] ?? '';
  const address = parseAddress(text);
  if (address === undefined) return notPlanned(resource, 'AddressMissing', 'it has no private address yet');
  if (!containsAddress(subnet.cidr, address)) {
    return notPlanned(resource, 'AddressOutsideSubnet', `its address ${text} is outside ${formatCidr(subnet.cidr)}`);
  }
  return {
    key,
    host: vnet.host,
    name: resource.name,
    networkInterface: resource.id,
    vnet: vnet.vnet,
    subnet: subnet.id,
    address: `${text}/${subnet.cidr.length}`,
    router: routerAddress(subnet.cidr),
    forwards: properties.enableIPForwarding,
  };
}

function gapsOfNetworkInterface({ properties: { ipConfigurations, networkSecurityGroup } }: NetworkInterface): readonly Gap[] {
  const hasPublicAddress = ipConfigurations.some(({ properties }) => properties.publicIPAddress !== undefined);
  return gapsOf([
    [ipConfigurations.length > 1, 'SecondaryAddressNotSupported', 'only its primary address is in effect'],
    [hasPublicAddress, 'VmPublicAddressNotSupported', 'its public address reaches nothing yet'],
    [networkSecurityGroup !== undefined, 'NetworkSecurityGroupNotSupported', 'its network security group is not applied'],
  ]);
}
