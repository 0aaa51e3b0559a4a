/**
 * Which SKU fits which gateway, what a SKU can do, and what it can be resized to.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/about-gateway-skus, https://learn.microsoft.com/azure/vpn-gateway/gateway-sku-resize
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { expressRouteSkus, policyBasedTunnels, vpnSku, vpnSkus } from '../../skus.ts';
import { connectionsOfGateway, type VirtualNetworkGateway } from '../typed.ts';

const skuTarget = 'properties.sku.name';

export function skuIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  const { gatewayType, sku } = gateway.properties;
  return [
    ...when(sku.tier !== sku.name, () =>
      refuse(
        'VGW-SKU-001',
        'InvalidGatewaySkuTier',
        `The sku tier ${sku.tier} of gateway ${gateway.id} does not match its sku name ${sku.name}.`,
        'properties.sku.tier',
      ),
    ),
    ...(gatewayType === 'Vpn' ? vpnSkuIssues(gateway, context) : []),
    ...when(gatewayType === 'ExpressRoute' && !expressRouteSkus.includes(sku.name), () => invalidSize(expressRouteSkus)),
  ];
}

function vpnSkuIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  const { sku, vpnType, vpnGatewayGeneration } = gateway.properties;
  const names = [...new Set(vpnSkus.map((row) => row.name))];
  if (!names.includes(sku.name)) return [invalidSize(names)];
  if (vpnType === 'PolicyBased' && sku.name !== 'Basic') {
    return [
      refuse(
        'VGW-SKU-003',
        'InvalidGatewaySkuProvidedForGatewayVpnType',
        `The gateway sku ${sku.name} provided for gateway ${gateway.id} is not valid for VpnType ${vpnType}. The sku of a PolicyBased gateway is Basic.`,
        skuTarget,
      ),
    ];
  }
  if (vpnSku(sku.name, vpnGatewayGeneration) === undefined) {
    return [
      refuse(
        'VGW-SKU-004',
        'VirtualNetworkGatewaySkuCannotBeCreatedForSpecifiedVmGeneration',
        `The Virtual Network Gateway Sku ${sku.name} cannot be used when VirtualNetworkVpnGatewayGeneration is set to ${vpnGatewayGeneration}.`,
        'properties.vpnGatewayGeneration',
      ),
    ];
  }
  return [...featureIssues(gateway), ...tunnelIssues(gateway, context)];
}

function invalidSize(supported: readonly string[]): Issue {
  return refuse(
    'VGW-SKU-002',
    'InvalidGatewaySize',
    `The specified gateway size is not valid, supported gateway sizes are ${supported.join(', ')}.`,
    skuTarget,
  );
}

function featureIssues({ id, properties }: VirtualNetworkGateway): readonly Issue[] {
  const { sku, vpnType, enableBgp, activeActive, enablePrivateIpAddress, vpnGatewayGeneration } = properties;
  const row = vpnSku(sku.name, vpnGatewayGeneration);
  return [
    ...when(enableBgp && row?.hasBgp === false, () =>
      refuse(
        'VGW-SKU-005',
        'BasicSkuVirtualNetworkGatewayDoesNotSupportBgp',
        `A virtual network gateway SKU of Standard or higher is required for BGP support on virtual network gateway ${id}.`,
        'properties.enableBgp',
      ),
    ),
    ...when(enableBgp && vpnType === 'PolicyBased', () =>
      refuse(
        'VGW-SKU-006',
        'PolicyBasedVirtualNetworkGatewayDoesNotSupportBgp',
        `Virtual network gateway's Enable BGP property cannot be set for gateway ${id} of VpnType PolicyBased.`,
        'properties.enableBgp',
      ),
    ),
    ...when(activeActive && (sku.name === 'Basic' || vpnType === 'PolicyBased'), () =>
      refuse(
        'VGW-SKU-007',
        'BasicSkuVirtualNetworkGatewayDoesNotSupportActiveActive',
        `Virtual network gateway ${id} of sku ${sku.name} and VpnType ${vpnType} cannot be ActiveActive.`,
        'properties.activeActive',
      ),
    ),
    ...when(enablePrivateIpAddress && row?.isZoneRedundant === false, () =>
      refuse(
        'VGW-SKU-008',
        'PrivateIpAddressNotSupportedForGatewaySku',
        `EnablePrivateIpAddress of gateway ${id} needs one of the skus VpnGw1AZ to VpnGw5AZ; the sku is ${sku.name}.`,
        'properties.enablePrivateIpAddress',
      ),
    ),
  ];
}

/**
 * Azure looks at a change of SKU before what the new SKU asks of addresses and features. Not where the SKU can't be had with the gateway's VpnType at
 * all: `skuIssues` says so.
 */
export function resizeIssues({ id, properties }: VirtualNetworkGateway, existing: VirtualNetworkGateway | undefined): readonly Issue[] {
  if (existing === undefined || properties.gatewayType !== 'Vpn') return [];
  if (properties.vpnType === 'PolicyBased' && properties.sku.name !== 'Basic') return [];
  const before = vpnSku(existing.properties.sku.name, existing.properties.vpnGatewayGeneration);
  const after = vpnSku(properties.sku.name, properties.vpnGatewayGeneration);
  if (before === undefined || after === undefined || before === after) return [];
  if (before.generation !== after.generation) {
    return [
      refuse(
        'VGW-SKU-009',
        'CrossSeriesOrCrossGatewayGenenrationResizeNotSupported',
        'Resize from ASeries to DSeries or vice versa and Resize across VirtualNetworkVpnGatewayGenerations are not supported.',
        skuTarget,
      ),
    ];
  }
  const allowed = vpnSkus.filter((row) => row.family === before.family && row.generation === before.generation);
  if (before.family !== after.family) {
    return [
      refuse(
        'VGW-SKU-010',
        'InvalidGatewaySkuSpecifiedForGatewayDeploymentType',
        `Virtual network gateway Sku specified is not valid for gateway ${id} with DeploymentType VMScaleSet. The allowed Skus are ${allowed.map((row) => row.name).join(', ')}.`,
        skuTarget,
      ),
    ];
  }
  return [];
}

/** A gateway cannot shrink below the connections it has. */
function tunnelIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  const limit = tunnelLimit(gateway);
  const count = connectionsOfGateway(context.lookup, gateway.id).filter(
    ({ properties }) => properties.connectionType !== 'ExpressRoute',
  ).length;
  return when(count > limit, () =>
    refuse(
      'VGW-SKU-011',
      'VirtualNetworkGatewayConnectionLimitReached',
      `Virtual network gateway ${gateway.id} has ${count} connections; the sku ${gateway.properties.sku.name} supports ${limit}.`,
      skuTarget,
    ),
  );
}

/** Site-to-site and VNet-to-VNet connections a gateway may have. */
export function tunnelLimit({ properties }: Pick<VirtualNetworkGateway, 'properties'>): number {
  if (properties.vpnType === 'PolicyBased') return policyBasedTunnels;
  return vpnSku(properties.sku.name, properties.vpnGatewayGeneration)?.tunnels ?? 0;
}
