/**
 * The resource type localNetworkGateways: a site as the gateway sees it. A change is judged by the rules of every
 * connection that leads there.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#lng
 */
import { parseAddress, parseCidr, containsAddress } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { JsonObject } from '../../../json.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { isApipa } from '../../rules/apipa.ts';
import { isAsn, isReservedAsn } from '../../rules/asn.ts';
import { overlay } from '../../rules/overlay.ts';
import { prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { siteIssues } from '../connection/site-rules.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { asConnection, asVirtualNetworkGateway, type LocalNetworkGateway } from '../typed.ts';
import {
  localNetworkGatewayProperties,
  localNetworkGatewayTop,
  type LocalNetworkGatewayAllocated,
  type LocalNetworkGatewayProperties,
} from './schema.ts';

/** Source: https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits */
const maximumPrefixes = 1_000;

export const localNetworkGatewayRules = defineType<
  LocalNetworkGatewayProperties,
  LocalNetworkGatewayProperties,
  LocalNetworkGatewayAllocated,
  JsonObject
>({
  type: types.localNetworkGateway,
  children: [],
  isPlanned: true,
  top: localNetworkGatewayTop,
  properties: localNetworkGatewayProperties,
  complete: (properties, top) => ({ properties, top }),
  validate: (candidate, existing, context) => [
    ...addressIssues(candidate),
    ...endpointIssues(candidate, existing),
    ...prefixListIssues(candidate),
    ...bgpIssues(candidate),
    ...(existing === undefined ? [] : connectionIssues(candidate, context)),
  ],
  allocate: (_, existing, context) => ({
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
  }),
  validateDelete: (existing, { lookup }) => inUseIssues(existing, lookup),
  references: () => [],
  view: ({ properties }) => properties,
});

/** Exactly one of address and name. */
function addressIssues({ id, properties }: LocalNetworkGateway): readonly Issue[] {
  const { gatewayIpAddress, fqdn } = properties;
  return [
    ...when((gatewayIpAddress === undefined) === (fqdn === undefined), () =>
      refuse(
        'LNG-ADDR-001',
        'LocalNetworkGatewayAddressOrFqdnRequired',
        `The local network gateway ${id} must have either a GatewayIpAddress or an Fqdn, ${fqdn === undefined ? 'and has neither' : 'not both'}.`,
        'properties.gatewayIpAddress',
      ),
    ),
    ...when(gatewayIpAddress !== undefined && !isUsable(gatewayIpAddress), () =>
      refuse(
        'LNG-ADDR-002',
        'InvalidGatewayIpAddress',
        `The GatewayIpAddress ${gatewayIpAddress ?? ''} of local network gateway ${id} is not a valid IPv4 address.`,
        'properties.gatewayIpAddress',
      ),
    ),
    ...when(
      fqdn !== undefined && !/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?$/i.test(fqdn),
      () =>
        refuse(
          'LNG-ADDR-003',
          'InvalidFqdn',
          `The Fqdn ${fqdn ?? ''} of local network gateway ${id} is not a valid domain name.`,
          'properties.fqdn',
        ),
    ),
  ];
}

/** A site stays what it is, address or name: Azure wants another site for the other. */
function endpointIssues({ id, properties }: LocalNetworkGateway, existing: LocalNetworkGateway | undefined): readonly Issue[] {
  const isNamed = ({ fqdn }: LocalNetworkGatewayProperties): boolean => fqdn !== undefined;
  return when(existing !== undefined && isNamed(existing.properties) !== isNamed(properties), () =>
    refuse(
      'LNG-ADDR-004',
      'LocalNetworkGatewayEndpointTypeCannotBeChanged',
      `The local network gateway ${id} cannot be changed ${isNamed(properties) ? 'from a GatewayIpAddress to an Fqdn' : 'from an Fqdn to a GatewayIpAddress'}. Create another one and connect that.`,
      isNamed(properties) ? 'properties.fqdn' : 'properties.gatewayIpAddress',
    ),
  );
}

const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(parseCidr);

function isUsable(text: string): boolean {
  const address = parseAddress(text);
  return address?.family === 4 && !unusable.some((range) => range !== undefined && containsAddress(range, address));
}

function prefixListIssues({ id, properties }: LocalNetworkGateway): readonly Issue[] {
  const prefixes = properties.localNetworkAddressSpace.addressPrefixes;
  const target = 'properties.localNetworkAddressSpace.addressPrefixes';
  return [
    ...prefixIssues(prefixes, id, target),
    ...when(prefixes.length > maximumPrefixes, () =>
      refuse(
        'LNG-PREFIX-001',
        'TooManyAddressPrefixes',
        `The local network gateway ${id} has ${prefixes.length} address prefixes; the maximum is ${maximumPrefixes}.`,
        target,
      ),
    ),
    ...when(prefixes.length === 0 && properties.bgpSettings === undefined, () =>
      refuse(
        'LNG-PREFIX-002',
        'LocalNetworkGatewayAddressSpaceRequired',
        `The local network gateway ${id} must have at least one address prefix unless it has BGP settings.`,
        target,
      ),
    ),
  ];
}

function bgpIssues({ id, properties }: LocalNetworkGateway): readonly Issue[] {
  const { bgpSettings, gatewayIpAddress, localNetworkAddressSpace } = properties;
  if (bgpSettings === undefined) return [];
  const { asn, bgpPeeringAddress } = bgpSettings;
  const peer = bgpPeeringAddress === undefined ? undefined : parseAddress(bgpPeeringAddress);
  const target = 'properties.bgpSettings.bgpPeeringAddress';
  const holds =
    peer !== undefined &&
    localNetworkAddressSpace.addressPrefixes.map(parseCidr).some((prefix) => prefix !== undefined && containsAddress(prefix, peer));
  return [
    ...when(asn === 0, () =>
      refuse(
        'LNG-BGP-001',
        'LocalNetworkGatewayAsnCannotBeZero',
        `The local network gateway ${id} cannot have an ASN of zero`,
        'properties.bgpSettings.asn',
      ),
    ),
    ...when(!isAsn(asn) || isReservedAsn(asn), () =>
      refuse(
        'LNG-BGP-002',
        'InvalidAsnForLocalNetworkGateway',
        `The ASN ${asn} of local network gateway ${id} is reserved or invalid and cannot be used.`,
        'properties.bgpSettings.asn',
      ),
    ),
    ...when(peer === undefined, () =>
      refuse(
        'LNG-BGP-003',
        'InvalidBgpPeeringAddress',
        `The BgpPeeringAddress '${bgpPeeringAddress ?? ''}' of local network gateway ${id} is not a valid IP address.`,
        target,
      ),
    ),
    ...when(bgpPeeringAddress !== undefined && bgpPeeringAddress === gatewayIpAddress, () =>
      refuse(
        'LNG-BGP-004',
        'BgpPeeringAddressSameAsGatewayIpAddress',
        `The BgpPeeringAddress ${bgpPeeringAddress ?? ''} of local network gateway ${id} must not be its GatewayIpAddress.`,
        target,
      ),
    ),
    ...when(isApipa(bgpPeeringAddress) && holds, () =>
      refuse(
        'LNG-BGP-005',
        'BgpApipaAddressInAddressSpace',
        `The link-local BgpPeeringAddress ${bgpPeeringAddress ?? ''} of local network gateway ${id} cannot be in its address space.`,
        target,
      ),
    ),
  ];
}

/** The connections' own rules with this site as it would be. Their findings point at the site here. */
function connectionIssues(candidate: LocalNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  const changed = overlay(lookup, candidate);
  return lookup
    .referencing(candidate.id)
    .map(asConnection)
    .filter((connection) => connection !== undefined)
    .filter(({ properties }) => isSameResource(properties.localNetworkGateway2?.id ?? '', candidate.id))
    .flatMap((connection) => siteIssues(connection, changed))
    .map((issue) => ({ ...issue, target: 'properties' }));
}

function inUseIssues({ id }: LocalNetworkGateway, lookup: RuleContext['lookup']): readonly Issue[] {
  return lookup
    .referencing(id)
    .map((resource) => asConnection(resource) ?? asVirtualNetworkGateway(resource))
    .filter((user) => user !== undefined)
    .map((user) =>
      refuse(
        'LNG-USE-001',
        'LocalNetworkGatewayCannotBeDeleted',
        `Local network gateway ${id} can not be deleted since it is still in use by ${user.id}.`,
      ),
    );
}
