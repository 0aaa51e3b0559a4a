/**
 * Cisco ASA, 9.8 and later. Any-to-any connections get a virtual tunnel interface, others a crypto map.
 * https://www.cisco.com/c/en/us/support/docs/security/adaptive-security-appliance-asa-software/214109-configure-asa-ipsec-vti-connection-to-az.html
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import { prefixPairs } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { atMost, bgpAddressOf, cleanup, insideAddresses, masks, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';

const nameOf = (facts: DeviceScriptFacts): string => objectName(facts, 24);
const maximumKilobytes = 2_147_483_647;

export const ciscoAsa: DeviceLanguage = { title: 'Cisco ASA', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES: 'des', DES3: '3des', AES128: 'aes', AES192: 'aes-192', AES256: 'aes-256' };
  return version === 2
    ? {
        ...groups(String),
        ikeEncryption: { ...ciphers, GCMAES128: 'aes-gcm', GCMAES256: 'aes-gcm-256' },
        ikeIntegrity: { MD5: 'md5', SHA1: 'sha', SHA256: 'sha256', SHA384: 'sha384' },
        espEncryption: { ...ciphers, None: 'null', GCMAES128: 'aes-gcm', GCMAES192: 'aes-gcm-192', GCMAES256: 'aes-gcm-256' },
        espIntegrity: { MD5: 'md5', SHA1: 'sha-1', SHA256: 'sha-256' },
      }
    : {
        // IKEv1 on the ASA stops at SHA-1, has no combined modes and no groups beyond 14.
        ...groups((number) => (number <= 14 ? String(number) : undefined)),
        ikeEncryption: ciphers,
        ikeIntegrity: { MD5: 'md5', SHA1: 'sha' },
        espEncryption: {
          None: 'esp-null',
          DES: 'esp-des',
          DES3: 'esp-3des',
          AES128: 'esp-aes',
          AES192: 'esp-aes-192',
          AES256: 'esp-aes-256',
        },
        espIntegrity: { MD5: 'esp-md5-hmac', SHA1: 'esp-sha-hmac' },
      };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 24);
  return textOf(
    opening('!', 'Cisco ASA', facts, 'Paste it in configuration mode (configure terminal), then: end, write memory.'),
    '!',
    replace('!', 'outside is the interface to the Internet, everywhere below. Policy number 10 must be free.'),
    '!',
    ikePolicy(facts, names),
    '!',
    proposal(facts, names),
    '!',
    tunnels.map((tunnel) => tunnelGroup(facts, tunnel)),
    facts.selectors === 'any' ? tunnelInterfaces(facts, names, tunnels) : cryptoMap(facts, names, tunnels),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels),
    '!',
    `! Virtual tunnel interfaces take their MTU (${facts.mtu}) from the outside interface less the overhead; the MSS bounds TCP.`,
    `sysopt connection tcpmss ${facts.mss}`,
    'sysopt connection preserve-vpn-flows',
    '!',
    cleanup('!', removal(facts, tunnels)),
  );
}

function ikePolicy(facts: DeviceScriptFacts, names: AlgorithmNames): Part {
  const isGcm = facts.ike.encryption.startsWith('GCM');
  const local = facts.site.type === 'address' ? 'crypto isakmp identity address' : `crypto isakmp identity key-id ${facts.site.value}`;
  return facts.ikeVersion === 2
    ? [
        'crypto ikev2 policy 10',
        ` encryption ${names.ikeEncryption}`,
        ` integrity ${isGcm ? 'null' : names.ikeIntegrity}`,
        ` group ${names.ikeGroup}`,
        ` prf ${names.ikeIntegrity}`,
        ` lifetime seconds ${facts.ikeLifetimeSeconds}`,
        'crypto ikev2 enable outside',
        local,
      ]
    : [
        'crypto ikev1 policy 10',
        ' authentication pre-share',
        ` encryption ${names.ikeEncryption}`,
        ` hash ${names.ikeIntegrity}`,
        ` group ${names.ikeGroup}`,
        ` lifetime ${facts.ikeLifetimeSeconds}`,
        'crypto ikev1 enable outside',
        local,
      ];
}

function proposal(facts: DeviceScriptFacts, names: AlgorithmNames): Part {
  if (facts.ikeVersion === 1)
    return `crypto ipsec ikev1 transform-set ${nameOf(facts)}-ts ${names.espEncryption} ${names.espIntegrity ?? ''}`;
  return [
    `crypto ipsec ikev2 ipsec-proposal ${nameOf(facts)}-ts`,
    ` protocol esp encryption ${names.espEncryption}`,
    ` protocol esp integrity ${names.espIntegrity ?? 'null'}`,
  ];
}

function tunnelGroup(facts: DeviceScriptFacts, { name, gatewayAddress }: NamedTunnel): Part {
  const { sharedKey, ikeVersion, deadPeer } = facts;
  return [
    `group-policy ${name}-gp internal`,
    `group-policy ${name}-gp attributes`,
    ` vpn-tunnel-protocol ikev${ikeVersion}`,
    `tunnel-group ${gatewayAddress} type ipsec-l2l`,
    `tunnel-group ${gatewayAddress} general-attributes`,
    ` default-group-policy ${name}-gp`,
    sharedKey.includes('?') ? replace('!', 'the key has a question mark: press Ctrl-V before each when you paste.') : undefined,
    `tunnel-group ${gatewayAddress} ipsec-attributes`,
    ikeVersion === 2
      ? [` ikev2 remote-authentication pre-shared-key ${sharedKey}`, ` ikev2 local-authentication pre-shared-key ${sharedKey}`]
      : ` ikev1 pre-shared-key ${sharedKey}`,
    ` isakmp keepalive threshold ${Math.max(10, deadPeer.intervalSeconds)} retry 5`,
    '!',
  ];
}

function tunnelInterfaces(facts: DeviceScriptFacts, names: AlgorithmNames, tunnels: readonly NamedTunnel[]): Part {
  return tunnels.map((tunnel) => [
    `crypto ipsec profile ${tunnel.name}-ipsec`,
    ` set ikev${facts.ikeVersion} ${facts.ikeVersion === 2 ? 'ipsec-proposal' : 'transform-set'} ${nameOf(facts)}-ts`,
    names.pfsGroup === undefined ? undefined : ` set pfs group${names.pfsGroup}`,
    ` set security-association lifetime seconds ${facts.espLifetimeSeconds}`,
    ` set security-association lifetime kilobytes ${atMost(facts.espLifetimeKilobytes, maximumKilobytes)}`,
    facts.deviceInitiates ? undefined : ' responder-only',
    '!',
    replace('!', `Tunnel${tunnel.unit}, its name and its addresses must be free.`),
    facts.bgp !== undefined && tunnels.length > 1
      ? replace(
          '!',
          "BGP speaks from the interface's own address, and each interface needs another: give the site one for each gateway address.",
        )
      : undefined,
    `interface Tunnel${tunnel.unit}`,
    ` nameif ${tunnel.name}`,
    ` ip address ${ownAddress(facts, tunnel)} 255.255.255.252`,
    ' tunnel source interface outside',
    ` tunnel destination ${tunnel.gatewayAddress}`,
    ' tunnel mode ipsec ipv4',
    ` tunnel protection ipsec profile ${tunnel.name}-ipsec`,
    ' no shutdown',
    '!',
    routes(facts, tunnel).map((route) => `route ${route}`),
    '!',
  ]);
}

/** The ASA's routes need a next hop in the network of the tunnel interface; any will do, the tunnel has but one other end. */
function routes(facts: DeviceScriptFacts, tunnel: NamedTunnel): readonly string[] {
  const last = Number(ownAddress(facts, tunnel).split('.')[3]);
  const other = ownAddress(facts, tunnel).replace(/\d+$/, String(last % 4 === 1 ? last + 1 : last - 1));
  const to = facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`];
  return to.map((prefix) => `${tunnel.name} ${masks(prefix).network} ${masks(prefix).mask} ${other} ${tunnel.index + 1}`);
}

function ownAddress({ bgp: speaker }: DeviceScriptFacts, tunnel: NamedTunnel): string {
  return speaker?.siteAddress ?? insideAddresses(tunnel).device;
}

function cryptoMap(facts: DeviceScriptFacts, names: AlgorithmNames, tunnels: readonly NamedTunnel[]): Part {
  const map = replace('!', 'an interface has one crypto map; put its name for outside-map when there is one. Number 10 must be free.');
  const pairs = prefixPairs(facts).map(({ local, remote }) => ({ local: masks(local), remote: masks(remote) }));
  return [
    `object-group network ${nameOf(facts)}-site`,
    facts.sitePrefixes.map((prefix) => ` network-object ${masks(prefix).network} ${masks(prefix).mask}`),
    `object-group network ${nameOf(facts)}-vnet`,
    facts.vnetPrefixes.map((prefix) => ` network-object ${masks(prefix).network} ${masks(prefix).mask}`),
    pairs.map(
      ({ local, remote }) =>
        `access-list ${nameOf(facts)}-acl extended permit ip ${local.network} ${local.mask} ${remote.network} ${remote.mask}`,
    ),
    replace('!', 'inside is the interface to the site. The rule keeps the tunnel out of NAT.'),
    `nat (inside,outside) source static ${nameOf(facts)}-site ${nameOf(facts)}-site destination static ${nameOf(facts)}-vnet ${nameOf(facts)}-vnet no-proxy-arp route-lookup`,
    map,
    tunnels.map((tunnel) =>
      [
        `match address ${nameOf(facts)}-acl`,
        `set peer ${tunnel.gatewayAddress}`,
        `set ikev${facts.ikeVersion} ${facts.ikeVersion === 2 ? 'ipsec-proposal' : 'transform-set'} ${nameOf(facts)}-ts`,
        ...(names.pfsGroup === undefined ? [] : [`set pfs group${names.pfsGroup}`]),
        `set security-association lifetime seconds ${facts.espLifetimeSeconds}`,
        `set security-association lifetime kilobytes ${atMost(facts.espLifetimeKilobytes, maximumKilobytes)}`,
        ...(facts.deviceInitiates ? [] : ['set connection-type answer-only']),
      ].map((setting) => `crypto map outside-map ${10 + tunnel.index} ${setting}`),
    ),
    'crypto map outside-map interface outside',
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  if (facts.bgp === undefined) return undefined;
  return [
    `router bgp ${facts.bgp.siteAsn}`,
    ' bgp log-neighbor-changes',
    ' address-family ipv4 unicast',
    tunnels.map((tunnel) => [
      `  neighbor ${bgpAddressOf(tunnel)} remote-as ${facts.bgp?.gatewayAsn}`,
      `  neighbor ${bgpAddressOf(tunnel)} ebgp-multihop 255`,
      `  neighbor ${bgpAddressOf(tunnel)} activate`,
    ]),
    facts.sitePrefixes.map((prefix) => `  network ${masks(prefix).network} mask ${masks(prefix).mask}`),
    ' exit-address-family',
    '!',
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[]): Part {
  return [
    facts.bgp === undefined ? undefined : `no router bgp ${facts.bgp.siteAsn}`,
    facts.selectors === 'any'
      ? tunnels.map((tunnel) => [
          routes(facts, tunnel).map((route) => `no route ${route}`),
          `no interface Tunnel${tunnel.unit}`,
          `no crypto ipsec profile ${tunnel.name}-ipsec`,
        ])
      : [
          tunnels.map(({ index }) => `clear configure crypto map outside-map ${10 + index}`),
          `no nat (inside,outside) source static ${nameOf(facts)}-site ${nameOf(facts)}-site destination static ${nameOf(facts)}-vnet ${nameOf(facts)}-vnet no-proxy-arp route-lookup`,
          `clear configure access-list ${nameOf(facts)}-acl`,
          `no object-group network ${nameOf(facts)}-site`,
          `no object-group network ${nameOf(facts)}-vnet`,
        ],
    tunnels.map(({ name, gatewayAddress }) => [
      `clear configure tunnel-group ${gatewayAddress}`,
      `clear configure group-policy ${name}-gp`,
    ]),
    facts.ikeVersion === 2
      ? `no crypto ipsec ikev2 ipsec-proposal ${nameOf(facts)}-ts`
      : `no crypto ipsec ikev1 transform-set ${nameOf(facts)}-ts`,
    `no crypto ikev${facts.ikeVersion} policy 10`,
  ];
}
