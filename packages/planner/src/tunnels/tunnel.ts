/** Turns a connection's parts into its tunnel. Algorithms, lifetimes and selectors are in ../policy/. */
import { secretId } from '@sallyport/model';
import type { DraftTunnel } from '../draft.ts';
import { securityAssociations } from '../policy/security-associations.ts';
import { selectorsOf } from '../policy/selectors.ts';
import type { TunnelParts } from './refusal.ts';

/** https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices: MTU 1400 or MSS 1350. We do both. */
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
  sharedKeyVersion,
}: TunnelParts): DraftTunnel {
  const { connectionMode, dpdTimeoutSeconds, ipsecPolicies } = connection.properties;
  const { ike, esp } = securityAssociations(ipsecPolicies[0]);
  const isNamed = site.properties.gatewayIpAddress === undefined;
  return {
    connection: resource.id,
    mtu: tunnelMtu,
    mssClamp: tunnelMssClamp,
    remotePrefixes,
    ike: {
      version: connection.allocated.connectionProtocol === 'IKEv1' ? 1 : 2,
      localAddress: instance.public.address,
      remoteAddress: peer,
      localId: instance.public.address,
      // A host name's address may change, so the device may show any identity; the shared key decides.
      remoteId: isNamed ? '%any' : peer,
      initiates: connectionMode !== 'ResponderOnly',
      responds: connectionMode !== 'InitiatorOnly',
      ...ike,
      dpdTimeoutSeconds: dpdTimeoutSeconds === 0 ? defaultDpdTimeoutSeconds : dpdTimeoutSeconds,
      sharedKey: { id: secretId(resource.id, 'sharedKey'), version: sharedKeyVersion },
    },
    esp: {
      ...esp,
      replayWindow: gateway.properties.disableIPSecReplayProtection ? 0 : replayWindowPackets,
      selectors: selectorsOf(connection.properties, instance.vnet.prefixes, remotePrefixes),
    },
    // Both only ever grow, so the sum changes whenever either does.
    resetEpoch: connection.allocated.resetEpoch + gateway.allocated.resetEpoch,
  };
}
