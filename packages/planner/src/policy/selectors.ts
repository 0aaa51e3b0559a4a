/**
 * Traffic selectors (VGW-TS-001, VGW-TS-002, VGW-TS-003). Route-based: any to any, routes decide. On a policy-based gateway, and where a connection asks for
 * policy-based selectors: all combinations of the site's and the VNet's prefixes, or of each element of
 * `trafficSelectorPolicies`, one CHILD SA each. Only a policy-based gateway holds its peer to them: a route-based one takes,
 * as responder, whatever the peer proposes.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-connect-multiple-policybased-rm-ps
 */
import type { ConnectionProperties, EspPlan, VirtualNetworkGateway } from '@sallyport/model';
import { canonicalPrefixes } from '../prefixes.ts';

type Selectors = EspPlan['selectors'];
type VpnType = VirtualNetworkGateway['properties']['vpnType'];

const anyToAny: Selectors = [{ local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }];

export function selectorsOf(
  vpnType: VpnType,
  { usePolicyBasedTrafficSelectors, trafficSelectorPolicies }: ConnectionProperties,
  vnetPrefixes: readonly string[],
  sitePrefixes: readonly string[],
): Selectors {
  if (vpnType === 'PolicyBased') return combinations(vnetPrefixes, sitePrefixes);
  if (!usePolicyBasedTrafficSelectors) return anyToAny;
  if (trafficSelectorPolicies.length === 0) return combinations(vnetPrefixes, sitePrefixes);
  return trafficSelectorPolicies.flatMap(({ localAddressRanges, remoteAddressRanges }) =>
    combinations(canonicalPrefixes(localAddressRanges), canonicalPrefixes(remoteAddressRanges)),
  );
}

/** The order of Azure's example: by the site's prefix, then by the VNet's. */
function combinations(locals: readonly string[], remotes: readonly string[]): Selectors {
  return remotes.flatMap((remote) => locals.map((local) => ({ local: [local], remote: [remote] })));
}
