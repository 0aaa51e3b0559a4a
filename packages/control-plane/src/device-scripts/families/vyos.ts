/**
 * VyOS 1.4 and later. Virtual tunnel interface; tunnels of prefixes when the connection has selectors.
 * https://docs.vyos.io/en/sagitta/configexamples/azure-vpn-bgp.html
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, cleanup, hexadecimal, isPlainKey, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';
import { espGroup, ikeGroup, quoted } from './vyatta.ts';

export const vyos: DeviceLanguage = { title: 'VyOS', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES3: '3des', AES128: 'aes128', AES192: 'aes192', AES256: 'aes256' };
  const gcm = { GCMAES128: 'aes128gcm128', GCMAES256: 'aes256gcm128' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups(String),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha384' },
    espEncryption: { ...ciphers, ...gcm, None: 'null', GCMAES192: 'aes192gcm128' },
    espIntegrity: hashes,
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const name = objectName(facts, 24);
  const tunnels = namedTunnels(facts, 24);
  return textOf(
    opening('#', 'VyOS', facts, 'Paste it at the command line of the router.'),
    '',
    'configure',
    replace('#', 'eth0 is the interface to the Internet.'),
    "set vpn ipsec interface 'eth0'",
    ikeGroup(facts, names, name),
    espGroup(facts, names, name),
    `set vpn ipsec esp-group ${name} life-bytes '${facts.espLifetimeKilobytes * 1024}'`,
    key(facts, name),
    tunnels.map((tunnel) => tunnelLines(facts, tunnel, name)),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels),
    'commit',
    'save',
    'exit',
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

/** VyOS writes the secret into swanctl.conf between double quotes, where 0x still begins a hexadecimal number. */
function key({ sharedKey, site, tunnels }: DeviceScriptFacts, name: string): Part {
  const psk = `set vpn ipsec authentication psk ${name}`;
  return [
    `${psk} id '${site.value}'`,
    tunnels.map(({ gatewayAddress }) => `${psk} id '${gatewayAddress}'`),
    `${psk} secret ${quoted(isPlainKey(sharedKey) ? sharedKey : `0x${hexadecimal(sharedKey)}`)}`,
  ];
}

function tunnelLines(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const peer = `set vpn ipsec site-to-site peer ${tunnel.name}`;
  return [
    '',
    `${peer} authentication mode 'pre-shared-secret'`,
    `${peer} authentication local-id '${facts.site.value}'`,
    `${peer} authentication remote-id '${tunnel.gatewayAddress}'`,
    `${peer} connection-type '${facts.deviceInitiates ? 'initiate' : 'respond'}'`,
    `${peer} ike-group '${name}'`,
    facts.ikeVersion === 2 ? `${peer} ikev2-reauth 'inherit'` : undefined,
    replace('#', 'the address of eth0; any takes the one of the default route, also behind NAT.'),
    `${peer} local-address 'any'`,
    `${peer} remote-address '${tunnel.gatewayAddress}'`,
    facts.selectors === 'any' ? bound(facts, tunnel, peer, name) : selected(facts, peer, name),
  ];
}

function bound(facts: DeviceScriptFacts, tunnel: NamedTunnel, peer: string, name: string): Part {
  const vti = `vti${tunnel.unit}`;
  const to = facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`];
  return [
    `${peer} vti bind '${vti}'`,
    `${peer} vti esp-group '${name}'`,
    replace('#', `${vti} must be free.`),
    `set interfaces vti ${vti} description ${quoted(facts.connection)}`,
    `set interfaces vti ${vti} mtu '${facts.mtu}'`,
    `set interfaces vti ${vti} ip adjust-mss '${facts.mss}'`,
    to.map(
      (prefix) =>
        `set protocols static route ${prefix} interface ${vti}${tunnel.index === 0 || facts.bgp !== undefined ? '' : ` distance '${tunnel.index + 1}'`}`,
    ),
  ];
}

function selected(facts: DeviceScriptFacts, peer: string, name: string): Part {
  if (facts.selectors === 'any') return undefined;
  return [
    facts.selectors.map(({ local, remote }, index) => [
      `${peer} tunnel ${index + 1} esp-group '${name}'`,
      `${peer} tunnel ${index + 1} local prefix '${local}'`,
      `${peer} tunnel ${index + 1} remote prefix '${remote}'`,
    ]),
    replace('#', `eth1 is the interface to the site. Packets of these tunnels fit in an MTU of ${facts.mtu}.`),
    `set interfaces ethernet eth1 ip adjust-mss '${facts.mss}'`,
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  if (facts.bgp === undefined) return undefined;
  return [
    '',
    replace('#', 'leave this line out when an interface has the address.'),
    `set interfaces dummy dum11 address '${facts.bgp.siteAddress}/32'`,
    `set protocols bgp system-as '${facts.bgp.siteAsn}'`,
    facts.sitePrefixes.map((prefix) => `set protocols bgp address-family ipv4-unicast network ${prefix}`),
    tunnels.map((tunnel) => {
      const neighbour = `set protocols bgp neighbor ${bgpAddressOf(tunnel)}`;
      return [
        `${neighbour} remote-as '${facts.bgp?.gatewayAsn}'`,
        `${neighbour} update-source '${facts.bgp?.siteAddress}'`,
        `${neighbour} disable-connected-check`,
        `${neighbour} address-family ipv4-unicast soft-reconfiguration 'inbound'`,
      ];
    }),
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return [
    'configure',
    facts.bgp === undefined ? undefined : ['delete protocols bgp', 'delete interfaces dummy dum11'],
    tunnels.map((tunnel) => [
      facts.selectors === 'any'
        ? (facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`]).map(
            (prefix) => `delete protocols static route ${prefix} interface vti${tunnel.unit}`,
          )
        : undefined,
      `delete vpn ipsec site-to-site peer ${tunnel.name}`,
      facts.selectors === 'any' ? `delete interfaces vti vti${tunnel.unit}` : undefined,
    ]),
    `delete vpn ipsec authentication psk ${name}`,
    `delete vpn ipsec esp-group ${name}`,
    `delete vpn ipsec ike-group ${name}`,
    'commit',
    'save',
    'exit',
  ];
}
