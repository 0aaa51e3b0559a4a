/** Defaults of a gateway that depend on other members or on what exists, and the way its secrets leave the properties. */
import { defaultGeneration } from '../../skus.ts';
import type { Completed } from '../define.ts';
import type { VirtualNetworkGateway } from '../typed.ts';
import { certificateData } from './certificate-data.ts';
import type { GatewayRead, VirtualNetworkGatewayProperties, VirtualNetworkGatewayTop } from './schema.ts';
import { radiusSecretName, type VpnClientConfiguration, type VpnClientRead } from './vpn-client-schema.ts';

/** Every VPN gateway speaks as this AS until told otherwise, whether BGP is on or not. */
export const defaultGatewayAsn = 65515;
/** Azure's names of the first and second IP configuration, and of the one that serves VPN clients. */
const defaultNames = ['default', 'activeActive', 'p2s'] as const;

export function completeGateway(
  read: GatewayRead,
  top: VirtualNetworkGatewayTop,
  existing: VirtualNetworkGateway | undefined,
): Completed<VirtualNetworkGatewayProperties, VirtualNetworkGatewayTop> {
  const { vpnClientConfiguration, bgpSettings, natRules, ipConfigurations, sku, ...rest } = read;
  const gatewayType = read.gatewayType ?? existing?.properties.gatewayType ?? 'Vpn';
  const name = sku?.name ?? sku?.tier ?? existing?.properties.sku.name ?? defaultSku(read.vpnType ?? existing?.properties.vpnType);
  const asn = bgpSettings?.asn;
  const clients = vpnClientConfiguration === undefined ? undefined : completeVpnClient(vpnClientConfiguration, name);
  return {
    top,
    secrets: vpnClientConfiguration === undefined ? {} : radiusSecrets(vpnClientConfiguration),
    properties: {
      ...rest,
      gatewayType,
      vpnType: read.vpnType ?? existing?.properties.vpnType ?? 'RouteBased',
      vpnGatewayGeneration: generation(read, gatewayType, name, existing),
      sku: { name, tier: sku?.tier ?? name },
      ipConfigurations: ipConfigurations.map((configuration, index) => ({
        ...configuration,
        name: configuration.name ?? defaultNames[index] ?? `ipConfiguration${index}`,
      })),
      bgpSettings: {
        // Clients that read a gateway before its first success send the 0 they saw.
        asn: asn === undefined || asn === 0 ? defaultGatewayAsn : asn,
        peerWeight: bgpSettings?.peerWeight ?? 0,
        // A GET lists every IP configuration; those without addresses of the user's choice come back empty.
        bgpPeeringAddresses: (bgpSettings?.bgpPeeringAddresses ?? []).filter((entry) => entry.customBgpIpAddresses.length > 0),
      },
      natRules: natRules ?? existing?.properties.natRules ?? [],
      ...(clients === undefined ? {} : { vpnClientConfiguration: clients }),
    },
  };
}

/** What Azure answered a gateway without a SKU with (recorded with 2022-07-01); policy-based ones have no other than Basic. */
function defaultSku(vpnType: string | undefined): 'VpnGw1' | 'Basic' {
  return vpnType === 'PolicyBased' ? 'Basic' : 'VpnGw1';
}

function generation(
  read: GatewayRead,
  gatewayType: string,
  sku: string,
  existing: VirtualNetworkGateway | undefined,
): VirtualNetworkGatewayProperties['vpnGatewayGeneration'] {
  if (gatewayType !== 'Vpn') return 'None';
  if (read.vpnGatewayGeneration !== undefined && read.vpnGatewayGeneration !== 'None') return read.vpnGatewayGeneration;
  return existing?.properties.vpnGatewayGeneration ?? defaultGeneration(sku) ?? 'Generation1';
}

function completeVpnClient(read: VpnClientRead, sku: string): VpnClientConfiguration {
  const { radiusServerSecret: _, radiusServers, vpnClientProtocols, ...rest } = read;
  return {
    ...rest,
    vpnClientProtocols: vpnClientProtocols ?? (sku === 'Basic' ? ['SSTP'] : ['OpenVPN', 'IkeV2']),
    vpnClientRootCertificates: read.vpnClientRootCertificates.map(({ name, properties }) => ({
      name,
      properties: { publicCertData: certificateData(properties.publicCertData) },
    })),
    radiusServers: radiusServers.map(({ radiusServerSecret: _secret, ...server }) => server),
  };
}

function radiusSecrets(read: VpnClientRead): Readonly<Record<string, string>> {
  const list = read.radiusServers.map((server) => [radiusSecretName(server.radiusServerAddress), server.radiusServerSecret] as const);
  const all = [[radiusSecretName(), read.radiusServerSecret] as const, ...list];
  return Object.fromEntries(all.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}
