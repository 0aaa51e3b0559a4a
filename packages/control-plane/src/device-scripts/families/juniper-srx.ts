/**
 * Juniper SRX, Junos set commands. Secure tunnel interface; traffic selectors when the connection has them.
 * https://www.juniper.net/documentation/us/en/software/junos/vpn-ipsec/topics/topic-map/security-policy-based-ipsec-vpns.html
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { atMost, bgpAddressOf, cleanup, hexadecimal, isPlainKey, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';

/** Of `lifetime-seconds` and `lifetime-kilobytes`. */
const maximumLifetime = 86_400;
const maximumKilobytes = 4_294_967_294;

export const juniperSrx: DeviceLanguage = { title: 'Juniper SRX', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES: 'des-cbc', DES3: '3des-cbc', AES128: 'aes-128-cbc', AES192: 'aes-192-cbc', AES256: 'aes-256-cbc' };
  const gcm = { GCMAES128: 'aes-128-gcm', GCMAES256: 'aes-256-gcm' };
  return {
    ...groups((number) => `group${number}`),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha-256', SHA384: 'sha-384' },
    espEncryption: { ...ciphers, ...gcm, GCMAES192: 'aes-192-gcm' },
    espIntegrity: { MD5: 'hmac-md5-96', SHA1: 'hmac-sha1-96', SHA256: 'hmac-sha-256-128' },
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 28);
  const name = objectName(facts, 28);
  return textOf(
    opening('#', 'Juniper SRX', facts, 'Paste it in configuration mode (configure), then: commit check, commit.'),
    '',
    replace('#', 'ge-0/0/0.0 is the interface to the Internet and untrust its zone; trust is the zone of the site.'),
    phase1(facts, names, name),
    phase2(facts, names, name),
    tunnels.map((tunnel) => tunnelLines(facts, tunnel, name)),
    '',
    `set security flow tcp-mss ipsec-vpn mss ${facts.mss}`,
    'set security zones security-zone untrust host-inbound-traffic system-services ike',
    `set security zones security-zone ${name} host-inbound-traffic system-services ping`,
    facts.bgp === undefined ? undefined : `set security zones security-zone ${name} host-inbound-traffic protocols bgp`,
    policies(facts, name),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels, name),
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

function phase1(facts: DeviceScriptFacts, names: AlgorithmNames, name: string): Part {
  const proposal = `set security ike proposal ${name}`;
  // ascii-text takes a text that looks encrypted ($9$) for encrypted, and quotes end at a quotation mark.
  const key = isPlainKey(facts.sharedKey) ? `ascii-text "${facts.sharedKey}"` : `hexadecimal ${hexadecimal(facts.sharedKey)}`;
  return [
    `${proposal} authentication-method pre-shared-keys`,
    `${proposal} dh-group ${names.ikeGroup}`,
    `${proposal} encryption-algorithm ${names.ikeEncryption}`,
    `${proposal} authentication-algorithm ${names.ikeIntegrity}`,
    `${proposal} lifetime-seconds ${facts.ikeLifetimeSeconds}`,
    facts.ikeVersion === 1 ? `set security ike policy ${name} mode main` : undefined,
    `set security ike policy ${name} proposals ${name}`,
    `set security ike policy ${name} pre-shared-key ${key}`,
  ];
}

function phase2(facts: DeviceScriptFacts, names: AlgorithmNames, name: string): Part {
  const proposal = `set security ipsec proposal ${name}`;
  return [
    `${proposal} protocol esp`,
    `${proposal} encryption-algorithm ${names.espEncryption}`,
    names.espIntegrity === undefined ? undefined : `${proposal} authentication-algorithm ${names.espIntegrity}`,
    `${proposal} lifetime-seconds ${atMost(facts.espLifetimeSeconds, maximumLifetime)}`,
    `${proposal} lifetime-kilobytes ${atMost(facts.espLifetimeKilobytes, maximumKilobytes)}`,
    `set security ipsec policy ${name} proposals ${name}`,
    names.pfsGroup === undefined ? undefined : `set security ipsec policy ${name} perfect-forward-secrecy keys ${names.pfsGroup}`,
  ];
}

function tunnelLines(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const gateway = `set security ike gateway ${tunnel.name}`;
  const vpn = `set security ipsec vpn ${tunnel.name}`;
  const interfaceName = `st0.${tunnel.unit}`;
  const { deadPeer, site } = facts;
  return [
    '',
    `${gateway} ike-policy ${name}`,
    `${gateway} address ${tunnel.gatewayAddress}`,
    `${gateway} local-identity ${site.type === 'address' ? 'inet' : 'hostname'} ${site.value}`,
    `${gateway} remote-identity inet ${tunnel.gatewayAddress}`,
    `${gateway} external-interface ge-0/0/0.0`,
    `${gateway} version v${facts.ikeVersion}-only`,
    `${gateway} dead-peer-detection always-send`,
    `${gateway} dead-peer-detection interval ${atMost(Math.max(10, deadPeer.intervalSeconds), 60)}`,
    `${gateway} dead-peer-detection threshold ${deadPeer.retries}`,
    `${vpn} bind-interface ${interfaceName}`,
    `${vpn} ike gateway ${tunnel.name}`,
    `${vpn} ike ipsec-policy ${name}`,
    `${vpn} establish-tunnels ${establishment(facts)}`,
    facts.selectors === 'any'
      ? undefined
      : facts.selectors.map(({ local, remote }, index) => `${vpn} traffic-selector ts${index + 1} local-ip ${local} remote-ip ${remote}`),
    replace('#', `${interfaceName} must be free.`),
    `set interfaces st0 unit ${tunnel.unit} description "${facts.connection}"`,
    `set interfaces st0 unit ${tunnel.unit} family inet mtu ${facts.mtu}`,
    `set security zones security-zone ${name} interfaces ${interfaceName}`,
    routes(facts, tunnel),
  ];
}

/** Traffic selectors make the device install their routes itself. */
function routes(facts: DeviceScriptFacts, tunnel: NamedTunnel): Part {
  const via = `next-hop st0.${tunnel.unit}`;
  if (facts.bgp !== undefined) return `set routing-options static route ${bgpAddressOf(tunnel)}/32 ${via}`;
  if (facts.selectors !== 'any') return undefined;
  return facts.vnetPrefixes.map((prefix) =>
    tunnel.index === 0
      ? `set routing-options static route ${prefix} ${via}`
      : `set routing-options static route ${prefix} qualified-${via} preference ${5 + tunnel.index}`,
  );
}

function policies(facts: DeviceScriptFacts, name: string): Part {
  const book = 'set security address-book global address';
  const policy = (from: string, to: string, source: string, destination: string): Part =>
    [
      ...Array.from(
        { length: facts[source === 'site' ? 'sitePrefixes' : 'vnetPrefixes'].length },
        (_, i) => `match source-address ${name}-${source}-${i + 1}`,
      ),
      ...Array.from(
        { length: facts[destination === 'site' ? 'sitePrefixes' : 'vnetPrefixes'].length },
        (_, i) => `match destination-address ${name}-${destination}-${i + 1}`,
      ),
      'match application any',
      'then permit',
    ].map((line) => `set security policies from-zone ${from} to-zone ${to} policy ${name}-${source} ${line}`);
  return [
    facts.sitePrefixes.map((prefix, index) => `${book} ${name}-site-${index + 1} ${prefix}`),
    facts.vnetPrefixes.map((prefix, index) => `${book} ${name}-vnet-${index + 1} ${prefix}`),
    policy('trust', name, 'site', 'vnet'),
    policy(name, 'trust', 'vnet', 'site'),
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  if (facts.bgp === undefined) return undefined;
  const group = `set protocols bgp group ${name}`;
  return [
    '',
    replace('#', 'leave the loopback out when another interface has this address. Put your own AS number if the device has one.'),
    `set interfaces lo0 unit 0 family inet address ${facts.bgp.siteAddress}/32`,
    `set routing-options autonomous-system ${facts.bgp.siteAsn}`,
    facts.sitePrefixes.map((prefix) => `set policy-options policy-statement ${name}-export term site from route-filter ${prefix} exact`),
    `set policy-options policy-statement ${name}-export term site then accept`,
    `set policy-options policy-statement ${name}-export term rest then reject`,
    `${group} type external`,
    `${group} multihop ttl 255`,
    `${group} local-address ${facts.bgp.siteAddress}`,
    `${group} peer-as ${facts.bgp.gatewayAsn}`,
    `${group} export ${name}-export`,
    tunnels.map((tunnel) => `${group} neighbor ${bgpAddressOf(tunnel)}`),
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return [
    facts.bgp === undefined ? undefined : [`delete protocols bgp group ${name}`, `delete policy-options policy-statement ${name}-export`],
    `delete security policies from-zone trust to-zone ${name}`,
    `delete security policies from-zone ${name} to-zone trust`,
    facts.sitePrefixes.map((_, index) => `delete security address-book global address ${name}-site-${index + 1}`),
    facts.vnetPrefixes.map((_, index) => `delete security address-book global address ${name}-vnet-${index + 1}`),
    `delete security zones security-zone ${name}`,
    tunnels.map((tunnel) => [
      facts.bgp === undefined ? undefined : `delete routing-options static route ${bgpAddressOf(tunnel)}/32`,
      `delete security ipsec vpn ${tunnel.name}`,
      `delete security ike gateway ${tunnel.name}`,
      `delete interfaces st0 unit ${tunnel.unit}`,
    ]),
    facts.bgp === undefined && facts.selectors === 'any'
      ? facts.vnetPrefixes.map((prefix) => `delete routing-options static route ${prefix}`)
      : undefined,
    ...['ipsec policy', 'ipsec proposal', 'ike policy', 'ike proposal'].map((what) => `delete security ${what} ${name}`),
  ];
}

function establishment({ deviceInitiates, startsOnTraffic }: DeviceScriptFacts): string {
  if (!deviceInitiates) return 'responder-only';
  return startsOnTraffic ? 'on-traffic' : 'immediately';
}
