/**
 * The point-to-site configuration of a gateway. Sessions and profiles are the engines'.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about, https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#P2S
 */
import { parseCidr } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { firstOverlap, prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { ipsecPolicyIssues } from '../../rules/ipsec-policy.ts';
import { networkOfGateway, type VirtualNetworkGateway } from '../typed.ts';
import { isCertificateData } from './certificate-data.ts';
import type { VpnClientConfiguration } from './vpn-client-schema.ts';

const maximumRoots = 20;
const maximumRevoked = 300;
/** Longest prefix of a pool: a half of an active-active gateway needs a /29 of its own. */
const longestPool = { activeStandby: 29, activeActive: 28 } as const;
const at = 'properties.vpnClientConfiguration';

export function vpnClientIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  const configuration = gateway.properties.vpnClientConfiguration;
  if (configuration === undefined) return [];
  return [
    ...poolIssues(gateway, configuration, context),
    ...featureIssues(gateway, configuration),
    ...certificateIssues(gateway, configuration),
    ...ipsecPolicyIssues(configuration.vpnClientIpsecPolicies, gateway.id, `${at}.vpnClientIpsecPolicies`),
  ];
}

function poolIssues(
  gateway: VirtualNetworkGateway,
  { vpnClientAddressPool }: VpnClientConfiguration,
  { lookup }: RuleContext,
): readonly Issue[] {
  const pool = vpnClientAddressPool?.addressPrefixes ?? [];
  const target = `${at}.vpnClientAddressPool.addressPrefixes`;
  const space = networkOfGateway(lookup, gateway)?.properties.addressSpace.addressPrefixes ?? [];
  const overlap = firstOverlap(pool, space);
  const longest = gateway.properties.activeActive ? longestPool.activeActive : longestPool.activeStandby;
  return [
    ...prefixIssues(pool, gateway.id, target),
    ...when(overlap !== undefined, () =>
      refuse(
        'VGW-P2S-001',
        'VpnClientAddressPoolOverlapsVirtualNetwork',
        `The virtual network gateway's VPN client address pool overlaps with the virtual network's address space. The overlapping address space prefixes are ${overlap?.join(' and ') ?? ''}.`,
        target,
      ),
    ),
    ...when(
      pool.some((prefix) => (parseCidr(prefix)?.length ?? 0) > longest),
      () =>
        refuse(
          'VGW-P2S-002',
          'VpnClientAddressPoolTooSmall',
          `Vpn client addresspool of gateway ${gateway.id} is too small. The smallest is /29, for an ActiveActive gateway /28.`,
          target,
        ),
    ),
  ];
}

function featureIssues({ id, properties }: VirtualNetworkGateway, configuration: VpnClientConfiguration): readonly Issue[] {
  const { vpnClientProtocols, vpnAuthenticationTypes, radiusServers, radiusServerAddress } = configuration;
  const usesRadius = vpnAuthenticationTypes.includes('Radius') || radiusServers.length > 0 || radiusServerAddress !== undefined;
  return [
    ...when(properties.vpnType === 'PolicyBased', () =>
      refuse(
        'VGW-P2S-003',
        'VpnClientConfigurationNotSupportedForPolicyBasedGateway',
        `Vpn client configuration is not supported on gateway ${id} of VpnType PolicyBased.`,
        at,
      ),
    ),
    ...when(properties.sku.name === 'Basic' && (usesRadius || vpnClientProtocols.some((protocol) => protocol !== 'SSTP')), () =>
      refuse(
        'VGW-P2S-004',
        'VpnClientProtocolNotSupportedForBasicSku',
        `Gateway ${id} of sku Basic supports SSTP with certificates only for vpn clients; not IkeV2, OpenVPN or RADIUS.`,
        `${at}.vpnClientProtocols`,
      ),
    ),
    ...when(vpnAuthenticationTypes.includes('AAD') && !vpnClientProtocols.includes('OpenVPN'), () =>
      refuse(
        'VGW-P2S-005',
        'AadAuthenticationRequiresOpenVpn',
        `Vpn client configuration for gateway ${id} can use AAD authentication with the OpenVPN protocol only.`,
        `${at}.vpnAuthenticationTypes`,
      ),
    ),
    ...when(
      vpnAuthenticationTypes.includes('AAD') &&
        [configuration.aadTenant, configuration.aadAudience, configuration.aadIssuer].includes(undefined),
      () =>
        refuse(
          'VGW-P2S-006',
          'AadAuthenticationParametersRequired',
          `Vpn client configuration for gateway ${id} with AAD authentication needs aadTenant, aadAudience and aadIssuer.`,
          at,
        ),
    ),
  ];
}

function certificateIssues({ id }: VirtualNetworkGateway, configuration: VpnClientConfiguration): readonly Issue[] {
  const { vpnClientRootCertificates: roots, vpnClientRevokedCertificates: revoked } = configuration;
  return [
    ...when(roots.length > maximumRoots, () =>
      refuse(
        'VGW-P2S-007',
        'TooManyVpnClientRootCertificates',
        `Gateway ${id} has ${roots.length} vpn client root certificates; the maximum is ${maximumRoots}.`,
        `${at}.vpnClientRootCertificates`,
      ),
    ),
    ...when(revoked.length > maximumRevoked, () =>
      refuse(
        'VGW-P2S-008',
        'TooManyVpnClientRevokedCertificates',
        `Gateway ${id} has ${revoked.length} revoked vpn client certificates; the maximum is ${maximumRevoked}.`,
        `${at}.vpnClientRevokedCertificates`,
      ),
    ),
    ...roots.flatMap((root, index) =>
      when(!isCertificateData(root.properties.publicCertData), () =>
        refuse(
          'VGW-P2S-009',
          'VpnClientRootCertificateDataInvalid',
          `Data for certificate ${id}/vpnClientRootCertificates/${root.name} is invalid.`,
          `${at}.vpnClientRootCertificates[${index}].properties.publicCertData`,
        ),
      ),
    ),
    ...revoked.flatMap((certificate, index) =>
      when(!/^[0-9a-f]{40}$/i.test(certificate.properties.thumbprint ?? ''), () =>
        refuse(
          'VGW-P2S-010',
          'VpnClientRevokedCertificateThumbprintInvalid',
          `Thumbprint of the revoked certificate ${id}/vpnClientRevokedCertificates/${certificate.name} is invalid. It is the SHA-1 in 40 hexadecimal digits.`,
          `${at}.vpnClientRevokedCertificates[${index}].properties.thumbprint`,
        ),
      ),
    ),
  ];
}
