/**
 * OPNsense 23.1 and later. Its pages offer a fixed list of proposals, in which Azure's defaults are missing; files in
 * swanctl/conf.d are the documented way for everything else. https://docs.opnsense.org/manual/vpnet.html
 */
import type { AlgorithmNames } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, cleanup, commented, insideAddresses, namedTunnels, objectName, opening, textOf } from '../text.ts';
import { swanctlAlgorithms, swanctlSections } from './swanctl.ts';

export const opnsense: DeviceLanguage = { title: 'OPNsense', algorithms: swanctlAlgorithms, render };

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const file = `/usr/local/etc/swanctl/conf.d/${objectName(facts, 40)}.conf`;
  const tunnels = namedTunnels(facts, 40);
  const hasInterface = facts.bgp !== undefined && facts.selectors === 'any';
  return textOf(
    opening(
      '#',
      'OPNsense',
      facts,
      'Enable IPsec (VPN, IPsec, Connections), save this file at the shell as',
      `${file} (mode 600), then: swanctl --load-all`,
    ),
    '',
    swanctlSections(facts, names, ({ unit }) => (hasInterface ? [`reqid = ${unit}`, 'policies = no'] : [])),
    '',
    commented(
      '#',
      'On the pages of the firewall:',
      `Firewall, Settings, Normalization: a rule on IPsec with Max mss ${facts.mss}; packets fit in an MTU of ${facts.mtu}.`,
      `Firewall, Rules, IPsec: pass from ${facts.vnetPrefixes.join(', ')} to ${facts.sitePrefixes.join(', ')}.`,
      'REPLACE: Firewall, Rules, WAN (the interface to the Internet): pass UDP 500 and 4500 and ESP from',
      `${tunnels.map(({ gatewayAddress }) => gatewayAddress).join(', ')} to this firewall.`,
    ),
    hasInterface ? interfaces(facts, tunnels) : undefined,
    '',
    cleanup(
      '#',
      tunnels.map(({ name }) => `swanctl --terminate --ike ${name}`),
      `rm ${file}`,
      'swanctl --load-all --clear',
      'Then remove the rules named above on the pages of the firewall.',
    ),
  );
}

function interfaces(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  const { bgp } = facts;
  if (bgp === undefined) return undefined;
  return commented(
    '#',
    tunnels.map((tunnel) => [
      `VPN, IPsec, Virtual Tunnel Interfaces: reqid ${tunnel.unit}, local address ${facts.site.value}, remote address ${tunnel.gatewayAddress},`,
      `  tunnel local address ${insideAddresses(tunnel).device}, tunnel remote address ${insideAddresses(tunnel).other}.`,
      `System, Gateways: ${insideAddresses(tunnel).other} on that interface; System, Routes: ${bgpAddressOf(tunnel)}/32 by that gateway.`,
    ]),
    `REPLACE: Interfaces, Virtual IPs: ${bgp.siteAddress}/32 on Loopback, unless an interface has it.`,
    `Plugin os-frr, Routing, BGP: AS number ${bgp.siteAsn}, networks ${facts.sitePrefixes.join(', ')};`,
    tunnels.map(
      (tunnel) =>
        `  neighbor ${bgpAddressOf(tunnel)}, remote AS ${bgp.gatewayAsn}, multi-hop, update source the interface with ${bgp.siteAddress}.`,
    ),
  );
}
