/**
 * Link-local addresses as BGP addresses.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/bgp-howto
 */
import { containsAddress, parseAddress, parseCidr } from '../../ip.ts';

const linkLocal = parseCidr('169.254.0.0/16');
/** The part of it that a gateway may use. */
const gatewayRanges = [parseCidr('169.254.21.0/24'), parseCidr('169.254.22.0/24')];

export function isApipa(address: string | undefined): boolean {
  const parsed = address === undefined ? undefined : parseAddress(address);
  return parsed !== undefined && linkLocal !== undefined && containsAddress(linkLocal, parsed);
}

export function isGatewayApipa(address: string): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && gatewayRanges.some((range) => range !== undefined && containsAddress(range, parsed));
}
