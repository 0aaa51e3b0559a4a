/** Turns a connection's parts into its tunnel. Algorithms, lifetimes and selectors are in ../policy/. */
import { vnetAddress, type DraftTunnel } from '../draft.ts';
import { securityAssociations } from '../policy/security-associations.ts';
import { selectorsOf } from '../policy/selectors.ts';
import type { TunnelParts } from './refusal.ts';

/** VGW-PEER-009, https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices: MTU 1400 or MSS 1350. We do both. */
const tunnelMtu = 1400;
const tunnelMssClamp = 1350;
/** Azure's default when `dpdTimeoutSeconds` is 0 or absent. */
const defaultDpdTimeoutSeconds = 45;
/** Packets. RFC 4303 §3.4.3 asks for at least 32 and prefers 64; 128 also forgives reordering by multi-queue network cards. */
const replayWindowPackets = 128;

export function tunnelOf({
  resource,
  connection,
  instance,
  gateway,
  site,
  peer,
  remotePrefixes,
  authentication,
}: TunnelParts): DraftTunnel {
  const { connectionMode, ipsecPolicies, useLocalAzureIpAddress } = connection.properties;
  const { vpnType, disableIPSecReplayProtection } = gateway.properties;
  const { ike, esp } = securityAssociations(vpnType, ipsecPolicies[0]);
  const ownAddress = useLocalAzureIpAddress ? vnetAddress(instance) : instance.public.address;
  const isNamed = site.properties.gatewayIpAddress === undefined;
  return {
    connection: resource.id,
    mtu: tunnelMtu,
    mssClamp: tunnelMssClamp,
    remotePrefixes,
    // https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-connect-multiple-policybased-rm-ps: such sites reach the VNet only.
    allowsTransit: vpnType === 'RouteBased' && !connection.properties.usePolicyBasedTrafficSelectors,
    ike: {
      version: connection.allocated.connectionProtocol === 'IKEv1' ? 1 : 2,
      localAddress: ownAddress,
      remoteAddress: peer,
      localId: ownAddress,
      // A host name's address may change, so the device may show any identity; the shared key decides.
      remoteId: isNamed ? '%any' : peer,
      // VGW-IKE-008
      initiates: connectionMode !== 'ResponderOnly',
      responds: connectionMode !== 'InitiatorOnly',
      ...ike,
      dpdTimeoutSeconds: dpdTimeoutOf(vpnType, connection.properties.dpdTimeoutSeconds),
      // Names of certificates go before addresses.
      ...authentication,
    },
    esp: {
      ...esp,
      // VGW-IKE-009
      replayWindow: disableIPSecReplayProtection ? 0 : replayWindowPackets,
      selectors: selectorsOf(vpnType, connection.properties, instance.vnet.prefixes, remotePrefixes),
      acceptsOtherSelectors: vpnType === 'RouteBased',
    },
    // Both only ever grow, so the sum changes whenever either does.
    resetEpoch: connection.allocated.resetEpoch + gateway.allocated.resetEpoch,
  };
}

/** Policy-based gateways do not look for dead peers: an idle tunnel goes anyhow. */
function dpdTimeoutOf(vpnType: TunnelParts['gateway']['properties']['vpnType'], asked: number): number {
  if (vpnType === 'PolicyBased') return 0;
  return asked === 0 ? defaultDpdTimeoutSeconds : asked;
}
