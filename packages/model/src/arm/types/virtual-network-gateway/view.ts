/** A gateway as a GET shows it: children with ids, BGP addresses the service allocated, no secrets. */
import type { JsonObject } from '../../../json.ts';
import { isSameResource } from '../../resource-id.ts';
import { childEnvelope, childId } from '../children.ts';
import type { VirtualNetworkGateway } from '../typed.ts';

/** Instances behind one gateway: what Azure answers in `sku.capacity`. */
const capacity = 2;

export function viewGateway(gateway: VirtualNetworkGateway): JsonObject {
  const {
    ipConfigurations,
    natRules,
    bgpSettings: _bgp,
    vpnClientConfiguration,
    virtualNetworkGatewayPolicyGroups,
    sku,
    ...rest
  } = gateway.properties;
  const isVpn = rest.gatewayType === 'Vpn';
  return {
    packetCaptureDiagnosticState: 'None',
    // In no specification, but in every answer of Azure.
    isMigrateToCSES: false,
    ...rest,
    sku: { ...sku, capacity },
    ipConfigurations: ipConfigurations.map(({ name, properties }) => childEnvelope(gateway, 'ipConfigurations', name, properties)),
    ...(isVpn
      ? {
          natRules: natRules.map(({ name, properties }) => childEnvelope(gateway, 'natRules', name, properties)),
          virtualNetworkGatewayPolicyGroups: virtualNetworkGatewayPolicyGroups.map(({ name, properties }) =>
            childEnvelope(gateway, 'virtualNetworkGatewayPolicyGroups', name ?? '', properties),
          ),
          bgpSettings: viewBgp(gateway),
        }
      : {}),
    ...(vpnClientConfiguration === undefined ? {} : { vpnClientConfiguration: viewVpnClient(gateway) }),
  };
}

function viewBgp({ id, properties, allocated }: VirtualNetworkGateway): JsonObject {
  return {
    asn: properties.bgpSettings.asn,
    bgpPeeringAddress: allocated.bgpPeeringAddress,
    peerWeight: properties.bgpSettings.peerWeight,
    bgpPeeringAddresses: properties.ipConfigurations.map((configuration) => {
      const ipconfigurationId = childId(id, 'ipConfigurations', configuration.name);
      const instances = allocated.instances.filter((instance) => instance.ipConfiguration === configuration.name);
      const custom = properties.bgpSettings.bgpPeeringAddresses.find((entry) =>
        isSameResource(entry.ipconfigurationId ?? '', ipconfigurationId),
      );
      return {
        ipconfigurationId,
        defaultBgpIpAddresses: unique(instances.map((instance) => instance.bgpPeeringAddress)),
        customBgpIpAddresses: custom?.customBgpIpAddresses ?? [],
        tunnelIpAddresses: unique([
          ...instances.map((instance) => instance.publicIPAddress),
          // VGW-IP-019: VPN over private peering ends on the private address of the instance that is active.
          ...(properties.enablePrivateIpAddress ? instances.slice(0, 1).map((instance) => instance.privateIPAddress) : []),
        ]),
      };
    }),
  };
}

function viewVpnClient(gateway: VirtualNetworkGateway): JsonObject {
  const configuration = gateway.properties.vpnClientConfiguration;
  if (configuration === undefined) return {};
  const child = (kind: string, name: string, properties: JsonObject): JsonObject => childEnvelope(gateway, kind, name, properties);
  return {
    ...configuration,
    vpnClientRootCertificates: configuration.vpnClientRootCertificates.map(({ name, properties }) =>
      child('vpnClientRootCertificates', name, properties),
    ),
    vpnClientRevokedCertificates: configuration.vpnClientRevokedCertificates.map(({ name, properties }) =>
      child('vpnClientRevokedCertificates', name, properties),
    ),
    vngClientConnectionConfigurations: configuration.vngClientConnectionConfigurations.map(({ name, properties }) =>
      child('vngClientConnectionConfigurations', name ?? '', properties),
    ),
  };
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value) => value !== ''))];
}
