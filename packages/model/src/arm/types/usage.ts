/**
 * Who uses a subnet or a public address: IP configurations of gateways and network interfaces. Answers both the
 * `ipConfigurations` that a GET shows and the refusals of deletes.
 */
import type { ResourceLookup } from '../resource.ts';
import { isSameResource } from '../resource-id.ts';
import { childId } from './children.ts';
import { asNetworkInterface, asVirtualNetworkGateway } from './typed.ts';

export type IpConfigurationUse = {
  /** Id of the gateway or network interface. */
  readonly owner: string;
  /** `…/virtualNetworkGateways/g/ipConfigurations/default` */
  readonly ipConfiguration: string;
  readonly subnetId?: string;
  readonly publicIPAddressId?: string;
};

/** All IP configurations in subnets of this network. */
export function usesOfNetwork(lookup: ResourceLookup, networkId: string): readonly IpConfigurationUse[] {
  return uses(lookup, networkId).filter((use) => use.subnetId?.toLowerCase().startsWith(`${networkId.toLowerCase()}/subnets/`) === true);
}

export function usesOfSubnet(lookup: ResourceLookup, subnetId: string): readonly IpConfigurationUse[] {
  return uses(lookup, subnetId).filter((use) => use.subnetId !== undefined && isSameResource(use.subnetId, subnetId));
}

export function usesOfPublicAddress(lookup: ResourceLookup, publicIpAddressId: string): readonly IpConfigurationUse[] {
  return uses(lookup, publicIpAddressId).filter(
    (use) => use.publicIPAddressId !== undefined && isSameResource(use.publicIPAddressId, publicIpAddressId),
  );
}

function uses(lookup: ResourceLookup, id: string): readonly IpConfigurationUse[] {
  return lookup.referencing(id).flatMap((resource): readonly IpConfigurationUse[] => {
    const owner = asVirtualNetworkGateway(resource) ?? asNetworkInterface(resource);
    if (owner === undefined) return [];
    return owner.properties.ipConfigurations.map(({ name, properties: { subnet, publicIPAddress } }) => ({
      owner: owner.id,
      ipConfiguration: childId(owner.id, 'ipConfigurations', name),
      ...(subnet === undefined ? {} : { subnetId: subnet.id }),
      ...(publicIPAddress === undefined ? {} : { publicIPAddressId: publicIPAddress.id }),
    }));
  });
}
