/**
 * Palo Alto Networks PAN-OS 9.0 and later, set commands. Tunnel interface; proxy IDs when the connection has selectors.
 * https://docs.paloaltonetworks.com/pan-os/10-2/pan-os-admin/vpns/set-up-site-to-site-vpn
 */
import type { IkeProposal } from '@sallyport/model';
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, cleanup, isPlainKey, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';

/** Of one unit of a lifetime or lifesize; beyond it the next unit is used. */
const maximumOfUnit = 65_535;
/** IPv4 and TCP header: the device wants to know how much less than the MTU the MSS is. */
const tunnelOverhead = 40;
const loopback = 'loopback.11';

export const paloAltoPanOs: DeviceLanguage = { title: 'Palo Alto Networks PAN-OS', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES: 'des', DES3: '3des', AES128: 'aes-128-cbc', AES192: 'aes-192-cbc', AES256: 'aes-256-cbc' };
  const gcm = { GCMAES128: 'aes-128-gcm', GCMAES256: 'aes-256-gcm' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups((number) => (number === 24 ? undefined : `group${number}`)),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha384' },
    espEncryption: { ...ciphers, ...gcm, None: 'null' },
    espIntegrity: hashes,
    takesIke,
  };
}

/** With GCM the device chooses the PRF by the group: SHA-384 with group 20, SHA-256 with the others. */
function takesIke({ encryption, integrity, dhGroup }: IkeProposal): boolean {
  return !encryption.startsWith('GCM') || integrity === (dhGroup === 'ECP384' ? 'SHA384' : 'SHA256');
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 24);
  const name = objectName(facts, 24);
  return textOf(
    opening('#', 'Palo Alto Networks PAN-OS', facts, 'Before pasting: set cli scripting-mode on, configure. Afterwards: commit.'),
    '',
    replace('#', 'ethernet1/1 is the interface to the Internet, default the virtual router, vpn and trust the zones of tunnel and site.'),
    profiles(facts, names, name),
    tunnels.map((tunnel) => tunnelLines(facts, tunnel, name)),
    '',
    policies(facts, name),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels, name),
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

function profiles(facts: DeviceScriptFacts, names: AlgorithmNames, name: string): Part {
  const ike = `set network ike crypto-profiles ike-crypto-profiles ${name}`;
  const ipsec = `set network ike crypto-profiles ipsec-crypto-profiles ${name}`;
  return [
    `${ike} encryption ${names.ikeEncryption}`,
    `${ike} hash ${facts.ike.encryption.startsWith('GCM') ? 'non-auth' : names.ikeIntegrity}`,
    `${ike} dh-group ${names.ikeGroup}`,
    `${ike} lifetime seconds ${facts.ikeLifetimeSeconds}`,
    `${ipsec} esp encryption ${names.espEncryption}`,
    `${ipsec} esp authentication ${names.espIntegrity ?? 'none'}`,
    `${ipsec} dh-group ${names.pfsGroup ?? 'no-pfs'}`,
    `${ipsec} lifetime ${inUnits(facts.espLifetimeSeconds, ['seconds', 'minutes', 'hours'], 60)}`,
    `${ipsec} lifesize ${inUnits(facts.espLifetimeKilobytes, ['kb', 'mb', 'gb', 'tb'], 1024)}`,
  ];
}

/** The value in the first unit it fits, rounded down: rekeying a little early hurts nobody. */
function inUnits(value: number, units: readonly string[], factor: number): string {
  const [unit, ...larger] = units;
  if (value <= maximumOfUnit || larger.length === 0) return `${unit} ${Math.min(value, maximumOfUnit)}`;
  return inUnits(Math.floor(value / factor), larger, factor);
}

function tunnelLines(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const gateway = `set network ike gateway ${tunnel.name}`;
  const protocol = `${gateway} protocol ikev${facts.ikeVersion}`;
  const vpn = `set network tunnel ipsec ${tunnel.name}`;
  const unit = `set network interface tunnel units tunnel.${tunnel.unit}`;
  const { site, deadPeer } = facts;
  return [
    '',
    `${gateway} authentication pre-shared-key key ${quoted(facts.sharedKey)}`,
    `${gateway} protocol version ikev${facts.ikeVersion}`,
    `${protocol} ike-crypto-profile ${name}`,
    facts.ikeVersion === 1 ? `${protocol} exchange-mode main` : undefined,
    `${protocol} dpd enable yes`,
    `${protocol} dpd interval ${Math.min(100, deadPeer.intervalSeconds)}`,
    facts.ikeVersion === 1 ? `${protocol} dpd retry ${deadPeer.retries}` : undefined,
    `${gateway} protocol-common nat-traversal enable yes`,
    `${gateway} protocol-common passive-mode ${facts.deviceInitiates ? 'no' : 'yes'}`,
    `${gateway} local-address interface ethernet1/1`,
    `${gateway} peer-address ip ${tunnel.gatewayAddress}`,
    `${gateway} local-id type ${site.type === 'address' ? 'ipaddr' : 'fqdn'} id ${site.value}`,
    `${gateway} peer-id type ipaddr id ${tunnel.gatewayAddress}`,
    replace('#', `tunnel.${tunnel.unit} must be free.`),
    `${unit} comment ${facts.connection}`,
    `${unit} mtu ${facts.mtu}`,
    `${unit} adjust-tcp-mss enable yes`,
    `${unit} adjust-tcp-mss ipv4-mss-adjustment ${Math.max(tunnelOverhead, facts.mtu - facts.mss)}`,
    `# ${facts.mtu} less ${Math.max(tunnelOverhead, facts.mtu - facts.mss)} is an MSS of ${facts.mss}.`,
    `set network virtual-router default interface tunnel.${tunnel.unit}`,
    `set zone vpn network layer3 tunnel.${tunnel.unit}`,
    `${vpn} auto-key ike-gateway ${tunnel.name}`,
    `${vpn} auto-key ipsec-crypto-profile ${name}`,
    facts.selectors === 'any'
      ? undefined
      : facts.selectors.map(
          ({ local, remote }, index) => `${vpn} auto-key proxy-id ts${index + 1} local ${local} remote ${remote} protocol any`,
        ),
    `${vpn} tunnel-interface tunnel.${tunnel.unit}`,
    routes(facts, tunnel).map(({ name: route, prefix }) => [
      `set network virtual-router default routing-table ip static-route ${route} interface tunnel.${tunnel.unit}`,
      `set network virtual-router default routing-table ip static-route ${route} destination ${prefix}`,
      `set network virtual-router default routing-table ip static-route ${route} metric ${10 + tunnel.index}`,
    ]),
  ];
}

function routes(facts: DeviceScriptFacts, tunnel: NamedTunnel): readonly { readonly name: string; readonly prefix: string }[] {
  const to = facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`];
  return to.map((prefix, index) => ({ name: `${tunnel.name}-${index + 1}`, prefix }));
}

/** In double quotes backslash and quote are escaped; scripting mode takes the question mark's meaning away. */
function quoted(key: string): string {
  return isPlainKey(key) ? key : `"${key.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"`;
}

function policies(facts: DeviceScriptFacts, name: string): Part {
  const rule = (suffix: string, from: string, to: string, source: readonly string[], destination: readonly string[]): Part => {
    const start = `set rulebase security rules ${name}-${suffix}`;
    return [
      `${start} from ${from} to ${to} source [ ${source.join(' ')} ] destination [ ${destination.join(' ')} ]`,
      `${start} application any service any action allow`,
    ];
  };
  return [
    rule('out', 'trust', 'vpn', facts.sitePrefixes, facts.vnetPrefixes),
    rule('in', 'vpn', 'trust', facts.vnetPrefixes, facts.sitePrefixes),
  ];
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  if (facts.bgp === undefined) return undefined;
  const speaker = 'set network virtual-router default protocol bgp';
  const { siteAddress, siteAsn, gatewayAsn } = facts.bgp;
  return [
    '',
    replace('#', `${loopback} must be free; use the interface that has ${siteAddress} when there is one.`),
    `set network interface loopback units ${loopback} ip ${siteAddress}/32`,
    `set network virtual-router default interface ${loopback}`,
    `set zone vpn network layer3 ${loopback}`,
    `${speaker} enable yes`,
    `${speaker} router-id ${siteAddress}`,
    `${speaker} local-as ${siteAsn}`,
    `${speaker} install-route yes`,
    `${speaker} peer-group ${name} type ebgp`,
    tunnels.map((tunnel) => {
      const peer = `${speaker} peer-group ${name} peer ${tunnel.name}`;
      return [
        `${peer} peer-as ${gatewayAsn}`,
        `${peer} local-address interface ${loopback}`,
        `${peer} local-address ip ${siteAddress}/32`,
        `${peer} peer-address ip ${bgpAddressOf(tunnel)}`,
        `${peer} connection-options multihop 2`,
        `${peer} enable yes`,
      ];
    }),
    facts.sitePrefixes.map((prefix) => [
      `${speaker} redist-rules ${prefix} enable yes`,
      `${speaker} redist-rules ${prefix} address-family-identifier ipv4`,
    ]),
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return [
    facts.bgp === undefined
      ? undefined
      : [
          `delete network virtual-router default protocol bgp peer-group ${name}`,
          `delete network virtual-router default interface ${loopback}`,
          `delete zone vpn network layer3 ${loopback}`,
          `delete network interface loopback units ${loopback}`,
        ],
    `delete rulebase security rules ${name}-out`,
    `delete rulebase security rules ${name}-in`,
    tunnels.map((tunnel) => [
      routes(facts, tunnel).map((route) => `delete network virtual-router default routing-table ip static-route ${route.name}`),
      `delete network tunnel ipsec ${tunnel.name}`,
      `delete network ike gateway ${tunnel.name}`,
      `delete network virtual-router default interface tunnel.${tunnel.unit}`,
      `delete zone vpn network layer3 tunnel.${tunnel.unit}`,
      `delete network interface tunnel units tunnel.${tunnel.unit}`,
    ]),
    `delete network ike crypto-profiles ipsec-crypto-profiles ${name}`,
    `delete network ike crypto-profiles ike-crypto-profiles ${name}`,
  ];
}
