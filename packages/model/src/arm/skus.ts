/**
 * Gateway SKUs as data: what each can carry and which belong together. Rules that use them are in arm/types, limits of
 * throughput are the agent's to apply.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/about-gateway-skus
 */
export const gatewaySkuNames = [
  'Basic',
  'HighPerformance',
  'Standard',
  'UltraPerformance',
  'VpnGw1',
  'VpnGw2',
  'VpnGw3',
  'VpnGw4',
  'VpnGw5',
  'VpnGw1AZ',
  'VpnGw2AZ',
  'VpnGw3AZ',
  'VpnGw4AZ',
  'VpnGw5AZ',
  'ErGw1AZ',
  'ErGw2AZ',
  'ErGw3AZ',
  'ErGwScale',
] as const;
export type GatewaySkuName = (typeof gatewaySkuNames)[number];

export const gatewayGenerations = ['None', 'Generation1', 'Generation2'] as const;
export type GatewayGeneration = (typeof gatewayGenerations)[number];

export type VpnSku = {
  readonly name: GatewaySkuName;
  readonly generation: 'Generation1' | 'Generation2';
  /** SKUs between which a gateway can be resized in place have the same family. */
  readonly family: 'Basic' | 'Legacy' | 'VpnGw' | 'VpnGwAZ';
  /** Site-to-site and VNet-to-VNet connections of a route-based gateway. */
  readonly tunnels: number;
  readonly sstpClients: number;
  /** IKEv2 and OpenVPN clients together; 0 is not supported. */
  readonly vpnClients: number;
  /** Aggregate, megabits per second. */
  readonly throughputMbps: number;
  readonly hasBgp: boolean;
  readonly isZoneRedundant: boolean;
  readonly hasNat: boolean;
};

/** One policy-based tunnel is all a policy-based gateway (always Basic) has. */
export const policyBasedTunnels = 1;

const sku = (
  name: GatewaySkuName,
  generation: VpnSku['generation'],
  tunnels: number,
  vpnClients: number,
  throughputMbps: number,
): VpnSku => ({
  name,
  generation,
  family: name.endsWith('AZ') ? 'VpnGwAZ' : 'VpnGw',
  tunnels,
  sstpClients: 128,
  vpnClients,
  throughputMbps,
  hasBgp: true,
  isZoneRedundant: name.endsWith('AZ'),
  hasNat: !name.startsWith('VpnGw1'),
});

const noExtras = { hasBgp: false, isZoneRedundant: false, hasNat: false, sstpClients: 128 } as const;

export const vpnSkus: readonly VpnSku[] = [
  { ...noExtras, name: 'Basic', generation: 'Generation1', family: 'Basic', tunnels: 10, vpnClients: 0, throughputMbps: 100 },
  {
    ...noExtras,
    name: 'Standard',
    generation: 'Generation1',
    family: 'Legacy',
    tunnels: 10,
    vpnClients: 128,
    throughputMbps: 100,
    hasBgp: true,
  },
  {
    ...noExtras,
    name: 'HighPerformance',
    generation: 'Generation1',
    family: 'Legacy',
    tunnels: 30,
    vpnClients: 128,
    throughputMbps: 200,
    hasBgp: true,
  },
  sku('VpnGw1', 'Generation1', 30, 250, 650),
  sku('VpnGw2', 'Generation1', 30, 500, 1_000),
  sku('VpnGw3', 'Generation1', 30, 1_000, 1_250),
  sku('VpnGw1AZ', 'Generation1', 30, 250, 650),
  sku('VpnGw2AZ', 'Generation1', 30, 500, 1_000),
  sku('VpnGw3AZ', 'Generation1', 30, 1_000, 1_250),
  sku('VpnGw2', 'Generation2', 30, 500, 1_250),
  sku('VpnGw3', 'Generation2', 30, 1_000, 2_500),
  sku('VpnGw4', 'Generation2', 100, 5_000, 5_000),
  sku('VpnGw5', 'Generation2', 100, 10_000, 10_000),
  sku('VpnGw2AZ', 'Generation2', 30, 500, 1_250),
  sku('VpnGw3AZ', 'Generation2', 30, 1_000, 2_500),
  sku('VpnGw4AZ', 'Generation2', 100, 5_000, 5_000),
  sku('VpnGw5AZ', 'Generation2', 100, 10_000, 10_000),
];

/** SKUs a gateway of type ExpressRoute may have. */
export const expressRouteSkus: readonly GatewaySkuName[] = [
  'Standard',
  'HighPerformance',
  'UltraPerformance',
  'ErGw1AZ',
  'ErGw2AZ',
  'ErGw3AZ',
  'ErGwScale',
];

/** The row of a SKU in a generation; undefined when Azure does not sell that pair for VPN. */
export function vpnSku(name: string, generation: string): VpnSku | undefined {
  return vpnSkus.find((row) => row.name === name && row.generation === generation);
}

/** The first generation a SKU was sold in, which is what a gateway gets that names none. */
export function defaultGeneration(name: string): VpnSku['generation'] | undefined {
  return vpnSkus.find((row) => row.name === name)?.generation;
}
