/** The BGP half for Linux hosts, as comments: FRRouting has its own file. https://docs.frrouting.org/en/latest/bgp.html */
import type { DeviceScriptFacts } from '../facts.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, commented } from '../text.ts';

/** `interfaceOf` names the tunnel's interface; how it is made is the caller's. */
export function frrLines(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], interfaceOf: (tunnel: NamedTunnel) => string): Part {
  const { bgp } = facts;
  if (bgp === undefined) return undefined;
  return commented(
    '#',
    'Routes to the peers:',
    `  ip address add ${bgp.siteAddress}/32 dev lo`,
    tunnels.map((tunnel) => `  ip route add ${bgpAddressOf(tunnel)}/32 dev ${interfaceOf(tunnel)} src ${bgp.siteAddress}`),
    'BGP, in /etc/frr/frr.conf:',
    `  router bgp ${bgp.siteAsn}`,
    '   no bgp ebgp-requires-policy',
    tunnels.map((tunnel) => [
      `   neighbor ${bgpAddressOf(tunnel)} remote-as ${bgp.gatewayAsn}`,
      `   neighbor ${bgpAddressOf(tunnel)} ebgp-multihop`,
      `   neighbor ${bgpAddressOf(tunnel)} update-source ${bgp.siteAddress}`,
    ]),
    '   address-family ipv4 unicast',
    facts.sitePrefixes.map((prefix) => `    network ${prefix}`),
    '   exit-address-family',
  );
}

/** MSS and MTU on a Linux router, as comments. */
export function segmentSizeLines({ mss, mtu, vnetPrefixes }: DeviceScriptFacts): Part {
  return commented(
    '#',
    `Packets fit in an MTU of ${mtu}. On a router, clamp TCP to ${mss}; as root, and again after each start:`,
    '  nft add table inet azure-mss',
    "  nft add chain inet azure-mss forward '{ type filter hook forward priority mangle; }'",
    vnetPrefixes.flatMap((prefix) =>
      ['daddr', 'saddr'].map(
        (side) => `  nft add rule inet azure-mss forward ip ${side} ${prefix} tcp flags syn tcp option maxseg size set ${mss}`,
      ),
    ),
  );
}
