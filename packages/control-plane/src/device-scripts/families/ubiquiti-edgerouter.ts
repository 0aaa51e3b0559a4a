/**
 * Ubiquiti EdgeRouter, EdgeOS 1.10 and later. Virtual tunnel interface; tunnels of prefixes when the connection has selectors.
 * https://help.ui.com/hc/en-us/articles/115012305347-EdgeRouter-Route-Based-Site-to-Site-VPN-to-Azure-VTI-over-IKEv2-IPsec-
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, cleanup, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';
import { espGroup, ikeGroup, quoted } from './vyatta.ts';

export const ubiquitiEdgeRouter: DeviceLanguage = { title: 'Ubiquiti EdgeRouter', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES3: '3des', AES128: 'aes128', AES256: 'aes256' };
  const gcm = { GCMAES128: 'aes128gcm128', GCMAES256: 'aes256gcm128' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups((number) => (number === 1 ? undefined : String(number))),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha384' },
    espEncryption: { ...ciphers, ...gcm },
    espIntegrity: hashes,
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 24);
  const name = objectName(facts, 24);
  return textOf(
    opening('#', 'Ubiquiti EdgeRouter', facts, 'Paste it at the command line of the router.'),
    '',
    'configure',
    'set vpn ipsec auto-firewall-nat-exclude enable',
    ikeGroup(facts, names, name),
    `set vpn ipsec esp-group ${name} compression 'disable'`,
    espGroup(facts, names, name),
    tunnels.map((tunnel) => tunnelLines(facts, tunnel, name)),
    '',
    facts.selectors === 'any'
      ? "set firewall options mss-clamp interface-type 'vti'"
      : "set firewall options mss-clamp interface-type 'all'",
    `set firewall options mss-clamp mss '${facts.mss}'`,
    facts.bgp === undefined ? undefined : bgp(facts, tunnels),
    'commit',
    'save',
    'exit',
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

function tunnelLines(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const peer = `set vpn ipsec site-to-site peer ${tunnel.gatewayAddress}`;
  const { site, sharedKey } = facts;
  return [
    '',
    sharedKey.includes('"') ? replace('#', 'EdgeOS itself can not use a key with a double quote: give the connection another.') : undefined,
    `${peer} authentication mode 'pre-shared-secret'`,
    `${peer} authentication pre-shared-secret ${quoted(sharedKey)}`,
    `${peer} authentication id '${site.type === 'fqdn' ? '@' : ''}${site.value}'`,
    `${peer} authentication remote-id '${tunnel.gatewayAddress}'`,
    `${peer} connection-type '${facts.deviceInitiates ? 'initiate' : 'respond'}'`,
    `${peer} description ${quoted(facts.connection)}`,
    `${peer} ike-group '${name}'`,
    facts.ikeVersion === 2 ? `${peer} ikev2-reauth 'inherit'` : undefined,
    replace('#', 'the address of the interface to the Internet; any takes the one of the default route, also behind NAT.'),
    `${peer} local-address 'any'`,
    facts.selectors === 'any' ? bound(facts, tunnel, peer, name) : selected(facts, peer, name),
  ];
}

function bound(facts: DeviceScriptFacts, tunnel: NamedTunnel, peer: string, name: string): Part {
  const vti = `vti${tunnel.unit}`;
  const to = facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`];
  const distance = tunnel.index === 0 || facts.bgp !== undefined ? '' : ` distance '${tunnel.index + 1}'`;
  return [
    `${peer} vti bind '${vti}'`,
    `${peer} vti esp-group '${name}'`,
    replace('#', `${vti} must be free.`),
    `set interfaces vti ${vti} description ${quoted(facts.connection)}`,
    `set interfaces vti ${vti} mtu '${facts.mtu}'`,
    to.map((prefix) => `set protocols static interface-route ${prefix} next-hop-interface ${vti}${distance}`),
  ];
}

function selected(facts: DeviceScriptFacts, peer: string, name: string): Part {
  if (facts.selectors === 'any') return undefined;
  return [
    `# Packets of these tunnels fit in an MTU of ${facts.mtu}.`,
    facts.selectors.map(({ local, remote }, index) => [
      `${peer} tunnel ${index + 1} esp-group '${name}'`,
      `${peer} tunnel ${index + 1} local prefix '${local}'`,
      `${peer} tunnel ${index + 1} remote prefix '${remote}'`,
    ]),
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  if (facts.bgp === undefined) return undefined;
  const speaker = `set protocols bgp ${facts.bgp.siteAsn}`;
  return [
    '',
    replace('#', 'leave this line out when an interface has the address.'),
    `set interfaces loopback lo address '${facts.bgp.siteAddress}/32'`,
    tunnels.map((tunnel) => {
      const neighbour = `${speaker} neighbor ${bgpAddressOf(tunnel)}`;
      return [
        `${neighbour} remote-as '${facts.bgp?.gatewayAsn}'`,
        `${neighbour} ebgp-multihop '255'`,
        `${neighbour} update-source '${facts.bgp?.siteAddress}'`,
        `${neighbour} soft-reconfiguration 'inbound'`,
      ];
    }),
    facts.sitePrefixes.map((prefix) => `${speaker} network ${prefix}`),
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return [
    'configure',
    facts.bgp === undefined
      ? undefined
      : [`delete protocols bgp ${facts.bgp.siteAsn}`, `delete interfaces loopback lo address '${facts.bgp.siteAddress}/32'`],
    tunnels.map((tunnel) => [
      `delete vpn ipsec site-to-site peer ${tunnel.gatewayAddress}`,
      facts.selectors === 'any'
        ? [
            (facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`]).map(
              (prefix) => `delete protocols static interface-route ${prefix} next-hop-interface vti${tunnel.unit}`,
            ),
            `delete interfaces vti vti${tunnel.unit}`,
          ]
        : undefined,
    ]),
    `delete vpn ipsec esp-group ${name}`,
    `delete vpn ipsec ike-group ${name}`,
    'commit',
    'save',
    'exit',
  ];
}
