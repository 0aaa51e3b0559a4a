/**
 * BGP settings of a gateway: its AS number, link-local addresses of its halves.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#bgp, https://learn.microsoft.com/azure/vpn-gateway/bgp-howto
 */
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { isGatewayApipa } from '../../rules/apipa.ts';
import { isAsn, isReservedAsn } from '../../rules/asn.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { childId } from '../children.ts';
import { asLocalNetworkGateway, connectionsOfGateway, type VirtualNetworkGateway } from '../typed.ts';
import { defaultGatewayAsn } from './complete.ts';

/** Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits */
const maximumCustomAddresses = 32;

export function bgpIssues(gateway: VirtualNetworkGateway, context: RuleContext): readonly Issue[] {
  return [...asnIssues(gateway), ...customAddressIssues(gateway), ...connectedIssues(gateway, context)];
}

function asnIssues({ id, properties }: VirtualNetworkGateway): readonly Issue[] {
  const { asn } = properties.bgpSettings;
  return when(!isAsn(asn) || (isReservedAsn(asn) && asn !== defaultGatewayAsn), () =>
    refuse(
      'VGW-BGP-001',
      'InvalidAsnForVirtualNetworkGateway',
      `The ASN ${asn} of virtual network gateway ${id} is reserved or invalid and cannot be used.`,
      'properties.bgpSettings.asn',
    ),
  );
}

function customAddressIssues({ id, properties }: VirtualNetworkGateway): readonly Issue[] {
  const entries = properties.bgpSettings.bgpPeeringAddresses;
  const all = entries.flatMap((entry) => entry.customBgpIpAddresses);
  const target = 'properties.bgpSettings.bgpPeeringAddresses';
  const ids = properties.ipConfigurations.map((configuration) => childId(id, 'ipConfigurations', configuration.name));
  return [
    ...entries.flatMap((entry, index) =>
      when(!ids.some((known) => isSameResource(known, entry.ipconfigurationId ?? '')), () =>
        refuse(
          'VGW-BGP-002',
          'InvalidIpConfigurationIdInBgpPeeringAddress',
          `The ipconfigurationId ${entry.ipconfigurationId ?? ''} is not an IP configuration of gateway ${id}.`,
          `${target}[${index}].ipconfigurationId`,
        ),
      ),
    ),
    ...all
      .filter((address) => !isGatewayApipa(address))
      .map((address) =>
        refuse(
          'VGW-BGP-003',
          'CustomBgpIpAddressNotInRange',
          `The custom BGP IP address ${address} of gateway ${id} is not in the range 169.254.21.0 to 169.254.22.255.`,
          target,
        ),
      ),
    ...when(new Set(all).size < all.length, () =>
      refuse('VGW-BGP-004', 'DuplicateCustomBgpIpAddress', `The custom BGP IP addresses of gateway ${id} must be unique.`, target),
    ),
    ...when(all.length > maximumCustomAddresses, () =>
      refuse(
        'VGW-BGP-005',
        'TooManyCustomBgpIpAddresses',
        `Gateway ${id} has ${all.length} custom BGP IP addresses; the maximum is ${maximumCustomAddresses}.`,
        target,
      ),
    ),
  ];
}

/** What connections rely on cannot be taken from under them. */
function connectedIssues(gateway: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  const { enableBgp, bgpSettings } = gateway.properties;
  const speaking = connectionsOfGateway(lookup, gateway.id).filter((connection) => connection.properties.enableBgp);
  return speaking.flatMap((connection) => {
    const site = asLocalNetworkGateway(lookup.get(connection.properties.localNetworkGateway2?.id ?? ''));
    return [
      ...when(!enableBgp, () =>
        refuse(
          'VGW-BGP-006',
          'VirtualNetworkGatewayBgpInUse',
          `BGP of gateway ${gateway.id} cannot be disabled because connection ${connection.id} uses it.`,
          'properties.enableBgp',
        ),
      ),
      ...when(site?.properties.bgpSettings?.asn === bgpSettings.asn, () =>
        refuse(
          'VGW-BGP-007',
          'VirtualNetworkGatewayAsnSameAsLocalNetworkGateway',
          `The ASN ${bgpSettings.asn} of gateway ${gateway.id} is that of local network gateway ${site?.id ?? ''}, to which connection ${connection.id} connects it with BGP.`,
          'properties.bgpSettings.asn',
        ),
      ),
    ];
  });
}
