/**
 * Settings of a connection that depend on its gateway: protocol, policy, selectors, timers, BGP addresses, tunnel limit.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#ipsecike
 */
import { dpdTimeoutLimits } from '../../algorithms.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource } from '../../resource-id.ts';
import { ipsecPolicyIssues } from '../../rules/ipsec-policy.ts';
import { prefixIssues } from '../../rules/prefixes.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { childId } from '../children.ts';
import { asVirtualNetworkGateway, connectionsOfGateway, type Connection, type VirtualNetworkGateway } from '../typed.ts';
import { tunnelLimit } from '../virtual-network-gateway/sku-rules.ts';

const maximumSelectorPolicies = 100;
const maximumRoutingWeight = 32_000;

export function optionIssues(connection: Connection, context: RuleContext): readonly Issue[] {
  const gateway = asVirtualNetworkGateway(context.lookup.get(connection.properties.virtualNetworkGateway1.id));
  return [
    ...rangeIssues(connection),
    ...ipsecPolicyIssues(connection.properties.ipsecPolicies, connection.id, 'properties.ipsecPolicies'),
    ...selectorIssues(connection),
    ...expressRouteIssues(connection),
    ...(gateway === undefined || connection.properties.connectionType === 'ExpressRoute'
      ? []
      : [
          ...protocolIssues(connection, gateway),
          ...featureIssues(connection, gateway),
          ...bgpIssues(connection, gateway),
          ...limitIssues(connection, gateway, context),
        ]),
  ];
}

function rangeIssues({ id, properties }: Connection): readonly Issue[] {
  const { dpdTimeoutSeconds: dpd, routingWeight } = properties;
  const { minimum, maximum } = dpdTimeoutLimits;
  return [
    ...when(dpd !== 0 && (dpd < minimum || dpd > maximum), () =>
      refuse(
        'VGW-CONN-023',
        'InvalidDpdTimeout',
        `The DpdTimeoutSeconds ${dpd} of connection ${id} is invalid. It must be between ${minimum} and ${maximum}, or 0 for the default of ${dpdTimeoutLimits.default}.`,
        'properties.dpdTimeoutSeconds',
      ),
    ),
    ...when(routingWeight < 0 || routingWeight > maximumRoutingWeight, () =>
      refuse(
        'VGW-CONN-031',
        'InvalidRoutingWeight',
        `The RoutingWeight ${routingWeight} of connection ${id} is invalid. It must be between 0 and ${maximumRoutingWeight}.`,
        'properties.routingWeight',
      ),
    ),
  ];
}

function selectorIssues({ id, properties }: Connection): readonly Issue[] {
  const policies = properties.trafficSelectorPolicies;
  const target = 'properties.trafficSelectorPolicies';
  return [
    ...when(policies.length > maximumSelectorPolicies, () =>
      refuse(
        'VGW-CONN-024',
        'TooManyTrafficSelectorPolicies',
        `Connection ${id} has ${policies.length} traffic selector policies; the maximum is ${maximumSelectorPolicies}.`,
        target,
      ),
    ),
    ...policies.flatMap((policy, index) => [
      ...prefixIssues(policy.localAddressRanges, id, `${target}[${index}].localAddressRanges`),
      ...prefixIssues(policy.remoteAddressRanges, id, `${target}[${index}].remoteAddressRanges`),
      ...when(policy.localAddressRanges.length === 0 || policy.remoteAddressRanges.length === 0, () =>
        refuse(
          'VGW-CONN-025',
          'TrafficSelectorPolicyIncomplete',
          `Traffic selector policy ${index} of connection ${id} needs local and remote address ranges.`,
          `${target}[${index}]`,
        ),
      ),
    ]),
  ];
}

function expressRouteIssues({ id, properties }: Connection): readonly Issue[] {
  const isExpressRoute = properties.connectionType === 'ExpressRoute';
  return [
    ...when(isExpressRoute && properties.ipsecPolicies.length > 0, () =>
      refuse(
        'VGW-CONN-022',
        'IpsecPolicyNotSupportedForConnectionType',
        `An IPsec policy cannot be set on connection ${id} of type ExpressRoute.`,
        'properties.ipsecPolicies',
      ),
    ),
    ...when(properties.enablePrivateLinkFastPath && !properties.expressRouteGatewayBypass, () =>
      refuse(
        'VGW-CONN-032',
        'PrivateLinkFastPathRequiresGatewayBypass',
        `EnablePrivateLinkFastPath of connection ${id} needs ExpressRouteGatewayBypass.`,
        'properties.enablePrivateLinkFastPath',
      ),
    ),
  ];
}

/** Policy-based gateways speak IKEv1 only, Basic and older route-based ones IKEv2 only. */
function protocolIssues({ id, properties }: Connection, gateway: VirtualNetworkGateway): readonly Issue[] {
  const { vpnType, sku } = gateway.properties;
  const only = vpnType === 'PolicyBased' ? 'IKEv1' : ['Basic', 'Standard', 'HighPerformance'].includes(sku.name) ? 'IKEv2' : undefined;
  const asked = properties.connectionProtocol;
  return when(asked !== undefined && only !== undefined && asked !== only, () =>
    refuse(
      'VGW-CONN-007',
      'ConnectionProtocolNotSupportedForGateway',
      `Connection ${id} cannot use ${asked ?? ''}: gateway ${gateway.id} of sku ${sku.name} and VpnType ${vpnType} supports ${only ?? ''} only.`,
      'properties.connectionProtocol',
    ),
  );
}

function featureIssues({ id, properties }: Connection, gateway: VirtualNetworkGateway): readonly Issue[] {
  const { sku, vpnType, enablePrivateIpAddress } = gateway.properties;
  return [
    ...when(properties.ipsecPolicies.length > 0 && sku.name === 'Basic', () =>
      refuse(
        'VGW-CONN-021',
        'IpsecPolicyNotSupportedForBasicSku',
        `A custom IPsec policy is not supported on connection ${id} because gateway ${gateway.id} is of sku Basic.`,
        'properties.ipsecPolicies',
      ),
    ),
    ...when(properties.usePolicyBasedTrafficSelectors && (sku.name === 'Basic' || vpnType === 'PolicyBased'), () =>
      refuse(
        'VGW-CONN-026',
        'PolicyBasedTrafficSelectorsNotSupportedForGateway',
        `UsePolicyBasedTrafficSelectors of connection ${id} needs a RouteBased gateway of a sku other than Basic.`,
        'properties.usePolicyBasedTrafficSelectors',
      ),
    ),
    ...when(properties.useLocalAzureIpAddress && !enablePrivateIpAddress, () =>
      refuse(
        'VGW-CONN-027',
        'UseLocalAzureIpAddressRequiresPrivateIp',
        `UseLocalAzureIpAddress of connection ${id} needs EnablePrivateIpAddress on gateway ${gateway.id}.`,
        'properties.useLocalAzureIpAddress',
      ),
    ),
  ];
}

function bgpIssues({ id, properties }: Connection, gateway: VirtualNetworkGateway): readonly Issue[] {
  const target = 'properties.gatewayCustomBgpIpAddresses';
  const custom = properties.gatewayCustomBgpIpAddresses.flatMap((entry, index) => {
    const own = gateway.properties.ipConfigurations.find((configuration) =>
      isSameResource(childId(gateway.id, 'ipConfigurations', configuration.name), entry.ipConfigurationId),
    );
    const settings = gateway.properties.bgpSettings.bgpPeeringAddresses.find((known) =>
      isSameResource(known.ipconfigurationId ?? '', entry.ipConfigurationId),
    );
    const isKnown = settings?.customBgpIpAddresses.includes(entry.customBgpIpAddress) === true;
    return [
      ...when(own === undefined, () =>
        refuse(
          'VGW-CONN-028',
          'InvalidIpConfigurationIdInConnection',
          `The ipConfigurationId ${entry.ipConfigurationId} of connection ${id} is not an IP configuration of gateway ${gateway.id}.`,
          `${target}[${index}].ipConfigurationId`,
        ),
      ),
      ...when(own !== undefined && !isKnown, () =>
        refuse(
          'VGW-CONN-029',
          'InvalidCustomBgpIpAddressInConnection',
          `The address ${entry.customBgpIpAddress} of connection ${id} is not a custom BGP IP address of IP configuration ${entry.ipConfigurationId}.`,
          `${target}[${index}].customBgpIpAddress`,
        ),
      ),
    ];
  });
  return [
    ...when(properties.enableBgp && !gateway.properties.enableBgp, () =>
      refuse(
        'VGW-CONN-017',
        'BgpNotEnabledOnVirtualNetworkGateway',
        `BGP cannot be enabled on connection ${id} because it is not enabled on gateway ${gateway.id}.`,
        'properties.enableBgp',
      ),
    ),
    ...custom,
  ];
}

function limitIssues(connection: Connection, gateway: VirtualNetworkGateway, { lookup }: RuleContext): readonly Issue[] {
  const limit = tunnelLimit(gateway);
  const others = connectionsOfGateway(lookup, gateway.id).filter(
    (other) => !isSameResource(other.id, connection.id) && other.properties.connectionType !== 'ExpressRoute',
  );
  return when(others.length + 1 > limit, () =>
    refuse(
      'VGW-CONN-016',
      'VirtualNetworkGatewayConnectionLimitReached',
      `Connection ${connection.id} cannot be created: gateway ${gateway.id} of sku ${gateway.properties.sku.name} and VpnType ${gateway.properties.vpnType} supports ${limit} site-to-site and VNet-to-VNet connections and has ${others.length}.`,
      'properties.virtualNetworkGateway1',
    ),
  );
}
