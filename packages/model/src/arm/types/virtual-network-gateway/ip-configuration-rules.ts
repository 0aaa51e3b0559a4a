/**
 * Where a gateway sits and how it is reached: its IP configurations, the GatewaySubnet, public IP addresses.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource, resourceName } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { missingReference, refuse, when } from '../../rules/refuse.ts';
import { referenceIssues } from '../../rules/references.ts';
import { childId } from '../children.ts';
import { types } from '../names.ts';
import { asPublicIpAddress, findSubnet, type VirtualNetworkGateway } from '../typed.ts';
import { usesOfPublicAddress } from '../usage.ts';
import { isGatewaySubnet } from '../virtual-network/schema.ts';
import { gatewaySubnetIssues } from '../virtual-network/subnet-rules.ts';
import type { GatewayIpConfiguration } from './schema.ts';

export function ipConfigurationIssues(
  gateway: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  context: RuleContext,
): readonly Issue[] {
  const configurations = gateway.properties.ipConfigurations;
  return [
    ...countIssues(gateway),
    ...childNameIssues(
      gateway.id,
      'ipConfigurations',
      configurations.map((configuration) => configuration.name),
    ),
    ...configurations.flatMap((configuration, index) => {
      const target = `properties.ipConfigurations[${index}].properties`;
      return [
        ...subnetIssues(gateway, configuration, target, context),
        ...publicAddressIssues(gateway, configuration, index, target, context),
        ...basicAddressIssues(gateway, existing, configuration, target, context),
      ];
    }),
    ...sameSubnetIssues(gateway, existing),
    ...samePublicAddressKindIssues(gateway, context),
  ];
}

/** One; two for active-active; three for active-active that also serves VPN clients. */
function countIssues({ id, properties }: VirtualNetworkGateway): readonly Issue[] {
  const count = properties.ipConfigurations.length;
  const target = 'properties.ipConfigurations';
  if (count === 0)
    return [
      refuse(
        'VGW-IP-001',
        'VirtualNetworkGatewayIpConfigurationRequired',
        `At least one IP configuration is required for gateway ${id}.`,
        target,
      ),
    ];
  if (!properties.activeActive) {
    return when(count > 1, () =>
      refuse(
        'VGW-IP-002',
        'ActiveStandbyGatewayMustHaveExactlyOneIpConfiguration',
        `Gateway has ${count} IP configurations specified for gateway ${id}. A gateway that is not ActiveActive must be created with one IP configuration.`,
        target,
      ),
    );
  }
  const hasClients = properties.vpnClientConfiguration?.vpnClientAddressPool !== undefined;
  return hasClients
    ? when(count !== 3, () =>
        refuse(
          'VGW-IP-004',
          'ActiveActiveP2SGatewayMustHaveExactlyThreeIpConfigurations',
          `Gateway has ${count} IP configurations specified for gateway ${id}. ActiveActive Gateway with P2S configuration must be created with three IP configurations.`,
          target,
        ),
      )
    : when(count !== 2, () =>
        refuse(
          'VGW-IP-003',
          'ActiveActiveGatewayMustHaveExactlyTwoIpConfigurations',
          `Gateway has ${count} IP configurations specified for gateway ${id}. ActiveActive Gateway must be created with two IP configurations.`,
          target,
        ),
      );
}

function subnetIssues(
  gateway: VirtualNetworkGateway,
  { name, properties }: GatewayIpConfiguration,
  target: string,
  context: RuleContext,
): readonly Issue[] {
  const id = properties.subnet?.id;
  if (id === undefined) {
    return [
      refuse(
        'VGW-IP-005',
        'SubnetReferenceRequired',
        `Subnet reference is required for ipconfiguration ${childId(gateway.id, 'ipConfigurations', name)}.`,
        `${target}.subnet`,
      ),
    ];
  }
  if (!isGatewaySubnet(resourceName(id))) {
    return [
      refuse(
        'VGW-IP-006',
        'VirtualNetworkGatewaySubnetMustBeGatewaySubnet',
        `Virtual network gateway ${gateway.id} must be in a subnet named GatewaySubnet. The ipconfiguration ${name} references ${id}.`,
        `${target}.subnet.id`,
      ),
    ];
  }
  const found = findSubnet(context.lookup, id);
  if (found === undefined || found.network.location !== gateway.location) return [missingReference(id, gateway.id, `${target}.subnet.id`)];
  return gatewaySubnetIssues(found.subnet, context, `${target}.subnet`);
}

function publicAddressIssues(
  gateway: VirtualNetworkGateway,
  { name, properties }: GatewayIpConfiguration,
  index: number,
  target: string,
  context: RuleContext,
): readonly Issue[] {
  const own = childId(gateway.id, 'ipConfigurations', name);
  const id = properties.publicIPAddress?.id;
  const isVpn = gateway.properties.gatewayType === 'Vpn';
  if (id === undefined) {
    return when(isVpn, () =>
      refuse(
        'VGW-IP-007',
        'PublicIpForGatewayIsRequired',
        `A public IP address is required for ipconfiguration ${own} of the gateway.`,
        `${target}.publicIPAddress`,
      ),
    );
  }
  const missing = referenceIssues(context.lookup, gateway, [{ id, type: types.publicIpAddress, target: `${target}.publicIPAddress.id` }]);
  const address = asPublicIpAddress(context.lookup.get(id));
  if (address === undefined || missing.length > 0) return missing;
  const { sku } = gateway.properties;
  const otherUse = usesOfPublicAddress(context.lookup, id).find((use) => !isSameResource(use.owner, gateway.id));
  const isTwice =
    gateway.properties.ipConfigurations.findIndex((other) => isSameResource(other.properties.publicIPAddress?.id ?? '', id)) < index;
  return [
    ...when(otherUse !== undefined || isTwice, () =>
      refuse(
        'VGW-IP-008',
        'PublicIPAddressInUse',
        `Resource ${own} is referencing public IP address ${id} that is already allocated to resource ${otherUse?.ipConfiguration ?? childId(gateway.id, 'ipConfigurations', gateway.properties.ipConfigurations[0]?.name ?? '')}.`,
        `${target}.publicIPAddress.id`,
      ),
    ),
    ...when(address.properties.publicIPAddressVersion === 'IPv6', () =>
      refuse(
        'VGW-IP-009',
        'IPv6PublicIPAddressNotSupportedForGateway',
        `Public IP address ${id} is IPv6; gateway ${gateway.id} needs an IPv4 address.`,
        `${target}.publicIPAddress.id`,
      ),
    ),
    ...when(isVpn && sku.name === 'Basic' && address.top.sku.name !== 'Basic', () =>
      refuse(
        'VGW-IP-010',
        'VirtualNetworkGatewayCannotUseStandardPublicIP',
        `Virtual network gateway ${gateway.id} of sku Basic cannot use the public IP address ${id} of sku ${address.top.sku.name}.`,
        `${target}.publicIPAddress.id`,
      ),
    ),
    ...when(isVpn && sku.name.endsWith('AZ') && address.top.sku.name === 'Basic', () =>
      refuse(
        'VGW-IP-013',
        'VirtualNetworkGatewayWithAzSkuMustUseStandardPublicIP',
        `Virtual network gateway ${gateway.id} of sku ${sku.name} must use a public IP address of sku Standard; ${id} is of sku Basic.`,
        `${target}.publicIPAddress.id`,
      ),
    ),
  ];
}

/** New gateways other than Basic take no Basic addresses; what a gateway has had since before it keeps. */
function basicAddressIssues(
  { id, properties: { gatewayType, sku } }: VirtualNetworkGateway,
  existing: VirtualNetworkGateway | undefined,
  { properties }: GatewayIpConfiguration,
  target: string,
  { lookup }: RuleContext,
): readonly Issue[] {
  const addressId = properties.publicIPAddress?.id ?? '';
  const address = asPublicIpAddress(lookup.get(addressId));
  const hadIt = existing?.properties.ipConfigurations.some((one) => isSameResource(one.properties.publicIPAddress?.id ?? '', addressId));
  const isNewBasic = address?.top.sku.name === 'Basic' && hadIt !== true;
  // VGW-IP-013 has words of its own for AZ SKUs.
  return when(gatewayType === 'Vpn' && sku.name !== 'Basic' && !sku.name.endsWith('AZ') && isNewBasic, () =>
    refuse(
      'VGW-IP-016',
      'PublicIpWithBasicSkuNotAllowedOnVPNGateways',
      `Basic IP configuration for VPN Virtual Network Gateways is not supported. Follow the link for more details : https://go.microsoft.com/fwlink/p/?linkid=2241350 ${id}`,
      `${target}.publicIPAddress.id`,
    ),
  );
}

/** A gateway lives in one GatewaySubnet and cannot move to another network. */
function sameSubnetIssues(gateway: VirtualNetworkGateway, existing: VirtualNetworkGateway | undefined): readonly Issue[] {
  const ids = [gateway, existing].flatMap(
    (one) => one?.properties.ipConfigurations.flatMap(({ properties }) => properties.subnet?.id ?? []) ?? [],
  );
  const first = ids.at(-1);
  return when(first !== undefined && ids.some((id) => !isSameResource(id, first)), () =>
    refuse(
      'VGW-IP-011',
      'SubnetsNotInSameVnet',
      `All ipconfigurations of gateway ${gateway.id} must be in the same GatewaySubnet, and it cannot be changed after creation.`,
      'properties.ipConfigurations',
    ),
  );
}

function samePublicAddressKindIssues(gateway: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  if (!gateway.properties.activeActive) return [];
  const kinds = gateway.properties.ipConfigurations
    .map(({ properties }) => asPublicIpAddress(lookup.get(properties.publicIPAddress?.id ?? '')))
    .filter((address) => address !== undefined)
    .map(({ top, properties }) => [top.sku.name, properties.publicIPAllocationMethod, ...(top.zones ?? []).toSorted()].join());
  return when(new Set(kinds).size > 1, () =>
    refuse(
      'VGW-IP-014',
      'ActiveActiveGatewayPublicIPAddressesDiffersInSkuOrZones',
      `Virtual network gateway ${gateway.id} in active active mode is using PublicIPAddresses either with different Skus or with different PublicIPAllocationMethod or from a different availability zones. All the PublicIPAddresses must be of the same Sku, have the same PublicIPAllocationMethod and be from the same availability zones.`,
      'properties.ipConfigurations',
    ),
  );
}
