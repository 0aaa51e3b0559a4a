/**
 * Cisco IOS-XE (CSR, ISR, ASR), 16.10 and later. Any-to-any connections get a static virtual tunnel interface, others a crypto map.
 * https://www.cisco.com/c/en/us/td/docs/ios-xml/ios/sec_conn_ike2vpn/configuration/xe-16-10/sec-flex-vpn-xe-16-10-book.html
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import { prefixPairs } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import {
  atMost,
  bgpAddressOf,
  cleanup,
  hexadecimal,
  insideAddresses,
  isPlainKey,
  masks,
  namedTunnels,
  objectName,
  opening,
  replace,
  textOf,
} from '../text.ts';

const nameOf = (facts: DeviceScriptFacts): string => objectName(facts, 24);
/** Of `set security-association lifetime`, seconds and kilobytes. */
const maximumLifetime = 86_400;
const maximumKilobytes = 4_294_967_295;
const outside = 'GigabitEthernet1';

export const ciscoIosXe: DeviceLanguage = { title: 'Cisco IOS-XE', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  return {
    ...groups(String),
    ikeEncryption:
      version === 2
        ? {
            DES: 'des',
            DES3: '3des',
            AES128: 'aes-cbc-128',
            AES192: 'aes-cbc-192',
            AES256: 'aes-cbc-256',
            GCMAES128: 'aes-gcm-128',
            GCMAES256: 'aes-gcm-256',
          }
        : { DES: 'des', DES3: '3des', AES128: 'aes', AES192: 'aes 192', AES256: 'aes 256' },
    ikeIntegrity: { MD5: 'md5', SHA1: version === 2 ? 'sha1' : 'sha', SHA256: 'sha256', SHA384: 'sha384' },
    espEncryption: {
      None: 'esp-null',
      DES: 'esp-des',
      DES3: 'esp-3des',
      AES128: 'esp-aes',
      AES192: 'esp-aes 192',
      AES256: 'esp-aes 256',
      // IKEv1 on IOS-XE negotiates no combined modes.
      ...(version === 2 ? { GCMAES128: 'esp-gcm', GCMAES192: 'esp-gcm 192', GCMAES256: 'esp-gcm 256' } : {}),
    },
    espIntegrity: { MD5: 'esp-md5-hmac', SHA1: 'esp-sha-hmac', SHA256: 'esp-sha256-hmac' },
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 24);
  return textOf(
    opening('!', 'Cisco IOS-XE', facts, 'Paste it in configuration mode (configure terminal), then: end, write memory.'),
    '!',
    replace('!', `${outside} is the interface to the Internet, everywhere below. Policy numbers 10 must be free.`),
    '!',
    facts.ikeVersion === 2 ? ikev2(facts, names, tunnels) : ikev1(facts, names, tunnels),
    '!',
    facts.selectors === 'any' ? tunnelInterfaces(facts, tunnels) : cryptoMap(facts, names, tunnels),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels),
    '!',
    cleanup('!', removal(facts, tunnels)),
  );
}

function ikev2(facts: DeviceScriptFacts, names: AlgorithmNames, tunnels: readonly NamedTunnel[]): Part {
  const isGcm = facts.ike.encryption.startsWith('GCM');
  return [
    `crypto ikev2 proposal ${nameOf(facts)}-proposal`,
    ` encryption ${names.ikeEncryption}`,
    ` ${isGcm ? 'prf' : 'integrity'} ${names.ikeIntegrity}`,
    ` group ${names.ikeGroup}`,
    '!',
    `crypto ikev2 policy ${nameOf(facts)}-policy`,
    ` proposal ${nameOf(facts)}-proposal`,
    '!',
    tunnels.map((tunnel) => [
      `crypto ikev2 keyring ${tunnel.name}-keyring`,
      ` peer ${tunnel.gatewayAddress}`,
      `  address ${tunnel.gatewayAddress}`,
      // A question mark asks for help, even in the middle of a key.
      isPlainKey(facts.sharedKey) ? `  pre-shared-key 0 ${facts.sharedKey}` : `  pre-shared-key hex ${hexadecimal(facts.sharedKey)}`,
      '!',
      `crypto ikev2 profile ${tunnel.name}-profile`,
      ` match identity remote address ${tunnel.gatewayAddress} 255.255.255.255`,
      ` identity local ${facts.site.type} ${facts.site.value}`,
      ' authentication remote pre-share',
      ' authentication local pre-share',
      ` keyring local ${tunnel.name}-keyring`,
      ` lifetime ${facts.ikeLifetimeSeconds}`,
      ` dpd ${Math.max(10, facts.deadPeer.intervalSeconds)} 5 periodic`,
      '!',
    ]),
    ipsec(facts, names, tunnels, (tunnel) => ` set ikev2-profile ${tunnel.name}-profile`),
  ];
}

function ikev1(facts: DeviceScriptFacts, names: AlgorithmNames, tunnels: readonly NamedTunnel[]): Part {
  return [
    'crypto isakmp policy 10',
    ` encryption ${names.ikeEncryption}`,
    ` hash ${names.ikeIntegrity}`,
    ' authentication pre-share',
    ` group ${names.ikeGroup}`,
    ` lifetime ${facts.ikeLifetimeSeconds}`,
    '!',
    facts.sharedKey.includes('?') ? replace('!', 'the key has a question mark: press Ctrl-V before each when you paste.') : undefined,
    tunnels.map((tunnel) => [
      `crypto keyring ${tunnel.name}-keyring`,
      ` pre-shared-key address ${tunnel.gatewayAddress} key 0 ${facts.sharedKey}`,
      '!',
      `crypto isakmp profile ${tunnel.name}-profile`,
      ` keyring ${tunnel.name}-keyring`,
      ` match identity address ${tunnel.gatewayAddress} 255.255.255.255`,
      ` keepalive ${Math.max(10, facts.deadPeer.intervalSeconds)} retry 5`,
      '!',
    ]),
    ipsec(facts, names, tunnels, (tunnel) => ` set isakmp-profile ${tunnel.name}-profile`),
  ];
}

function ipsec(
  facts: DeviceScriptFacts,
  names: AlgorithmNames,
  tunnels: readonly NamedTunnel[],
  ike: (tunnel: NamedTunnel) => string,
): Part {
  const set = `crypto ipsec transform-set ${nameOf(facts)}-ts ${[names.espEncryption, names.espIntegrity ?? ''].join(' ').trim()}`;
  if (facts.selectors !== 'any') return [set, ' mode tunnel'];
  return [
    set,
    ' mode tunnel',
    tunnels.map((tunnel) => [
      '!',
      `crypto ipsec profile ${tunnel.name}-ipsec`,
      ` set transform-set ${nameOf(facts)}-ts`,
      ike(tunnel),
      lifetimes(facts, names),
      facts.deviceInitiates ? undefined : ' responder-only',
    ]),
  ];
}

function lifetimes(facts: DeviceScriptFacts, names: AlgorithmNames): Part {
  return [
    names.pfsGroup === undefined ? undefined : ` set pfs group${names.pfsGroup}`,
    ` set security-association lifetime seconds ${atMost(facts.espLifetimeSeconds, maximumLifetime)}`,
    ` set security-association lifetime kilobytes ${atMost(facts.espLifetimeKilobytes, maximumKilobytes)}`,
  ];
}

function tunnelInterfaces(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  return tunnels.map((tunnel) => [
    replace('!', `Tunnel${tunnel.unit} and ${insideAddresses(tunnel).device} must be free.`),
    `interface Tunnel${tunnel.unit}`,
    ` description ${facts.connection}`,
    ` ip address ${insideAddresses(tunnel).device} 255.255.255.252`,
    ` ip mtu ${facts.mtu}`,
    ` ip tcp adjust-mss ${facts.mss}`,
    ` tunnel source ${outside}`,
    ' tunnel mode ipsec ipv4',
    ` tunnel destination ${tunnel.gatewayAddress}`,
    ` tunnel protection ipsec profile ${tunnel.name}-ipsec`,
    '!',
    facts.bgp === undefined
      ? facts.vnetPrefixes.map((prefix) => route(prefix, tunnel))
      : `ip route ${bgpAddressOf(tunnel)} 255.255.255.255 Tunnel${tunnel.unit}`,
    '!',
  ]);
}

/** The second gateway instance's routes wait behind the first's. */
function route(prefix: string, { unit, index }: NamedTunnel): string {
  const { network, mask } = masks(prefix);
  return `ip route ${network} ${mask} Tunnel${unit}${index === 0 ? '' : ` ${index * 10 + 1}`}`;
}

function cryptoMap(facts: DeviceScriptFacts, names: AlgorithmNames, tunnels: readonly NamedTunnel[]): Part {
  const pairs = prefixPairs(facts).map(({ local, remote }) => ({ local: masks(local), remote: masks(remote) }));
  return [
    `ip access-list extended ${nameOf(facts)}-acl`,
    pairs.map(({ local, remote }) => ` permit ip ${local.network} ${local.wildcard} ${remote.network} ${remote.wildcard}`),
    '!',
    facts.deviceInitiates ? undefined : '! The gateway initiates and answers nobody; a crypto map can not be kept from trying, in vain.',
    tunnels.map((tunnel) => [
      `crypto map ${nameOf(facts)}-map ${10 + tunnel.index} ipsec-isakmp`,
      ` set peer ${tunnel.gatewayAddress}`,
      ` set transform-set ${nameOf(facts)}-ts`,
      ` set ${facts.ikeVersion === 2 ? 'ikev2' : 'isakmp'}-profile ${tunnel.name}-profile`,
      lifetimes(facts, names),
      ` match address ${nameOf(facts)}-acl`,
      '!',
    ]),
    replace('!', 'an interface has one crypto map; add the entries above to it when there is one. Exempt these networks from NAT.'),
    `interface ${outside}`,
    ` crypto map ${nameOf(facts)}-map`,
    '!',
    replace('!', 'GigabitEthernet2 is the interface to the site. Its MTU bounds packets before they are encrypted.'),
    'interface GigabitEthernet2',
    ` ip mtu ${facts.mtu}`,
    ` ip tcp adjust-mss ${facts.mss}`,
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  if (facts.bgp === undefined) return undefined;
  return [
    replace('!', 'leave the loopback out when another interface has this address; name that interface in update-source.'),
    'interface Loopback11',
    ` ip address ${facts.bgp.siteAddress} 255.255.255.255`,
    '!',
    `router bgp ${facts.bgp.siteAsn}`,
    ' bgp log-neighbor-changes',
    tunnels.map((tunnel) => [
      ` neighbor ${bgpAddressOf(tunnel)} remote-as ${facts.bgp?.gatewayAsn}`,
      ` neighbor ${bgpAddressOf(tunnel)} ebgp-multihop 255`,
      ` neighbor ${bgpAddressOf(tunnel)} update-source Loopback11`,
    ]),
    ' address-family ipv4',
    tunnels.map((tunnel) => `  neighbor ${bgpAddressOf(tunnel)} activate`),
    facts.sitePrefixes.map((prefix) => `  network ${masks(prefix).network} mask ${masks(prefix).mask}`),
    ' exit-address-family',
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  const ike = facts.ikeVersion === 2 ? 'ikev2' : 'isakmp';
  return [
    facts.bgp === undefined ? undefined : [`no router bgp ${facts.bgp.siteAsn}`, 'no interface Loopback11'],
    facts.selectors === 'any'
      ? tunnels.map((tunnel) => [
          facts.bgp === undefined
            ? facts.vnetPrefixes.map((prefix) => `no ${route(prefix, tunnel)}`)
            : `no ip route ${bgpAddressOf(tunnel)} 255.255.255.255 Tunnel${tunnel.unit}`,
          `no interface Tunnel${tunnel.unit}`,
          `no crypto ipsec profile ${tunnel.name}-ipsec`,
        ])
      : [
          `interface ${outside}`,
          ` no crypto map ${nameOf(facts)}-map`,
          'exit',
          `no crypto map ${nameOf(facts)}-map`,
          `no ip access-list extended ${nameOf(facts)}-acl`,
        ],
    `no crypto ipsec transform-set ${nameOf(facts)}-ts`,
    tunnels.map(({ name }) => [
      `no crypto ${ike} profile ${name}-profile`,
      facts.ikeVersion === 2 ? `no crypto ikev2 keyring ${name}-keyring` : `no crypto keyring ${name}-keyring`,
    ]),
    facts.ikeVersion === 2
      ? [`no crypto ikev2 policy ${nameOf(facts)}-policy`, `no crypto ikev2 proposal ${nameOf(facts)}-proposal`]
      : 'no crypto isakmp policy 10',
  ];
}
