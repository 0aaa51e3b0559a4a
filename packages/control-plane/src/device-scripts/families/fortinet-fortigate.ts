/**
 * Fortinet FortiGate, FortiOS 6.0 and later. Interface mode; one phase 2 per selector.
 * https://docs.fortinet.com/document/fortigate/7.4.0/cli-reference (vpn ipsec phase1-interface, phase2-interface)
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import {
  atMost,
  bgpAddressOf,
  cleanup,
  flatten,
  hexadecimal,
  isPlainKey,
  masks,
  namedTunnels,
  objectName,
  opening,
  replace,
  textOf,
} from '../text.ts';

/** Interfaces, and so phase 1, have 15 characters; three are for `-lo`. */
const maximumName = 12;
const maximumLifetime = 172_800;
const maximumKilobytes = 4_294_967_295;

export const fortinetFortiGate: DeviceLanguage = { title: 'Fortinet FortiGate', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES: 'des', DES3: '3des', AES128: 'aes128', AES192: 'aes192', AES256: 'aes256' };
  const gcm = { GCMAES128: 'aes128gcm', GCMAES256: 'aes256gcm' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups((number) => (number === 24 ? undefined : String(number))),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha384' },
    espEncryption: { ...ciphers, ...gcm, None: 'null' },
    espIntegrity: hashes,
  };
}

/** `config PATH`, entries, `end`, in the device's indentation. */
function config(path: string, ...body: readonly Part[]): readonly string[] {
  return [`config ${path}`, ...flatten(body).map(indented), 'end'];
}

function edit(name: string, ...body: readonly Part[]): readonly string[] {
  return [`edit ${name}`, ...flatten(body).map(indented), 'next'];
}

const indented = (line: string): string => `    ${line}`;

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, maximumName);
  const name = objectName(facts, maximumName);
  return textOf(
    opening('#', 'Fortinet FortiGate', facts, 'Paste it at the command line, or run it as a script (Configuration, Scripts).'),
    '',
    replace('#', 'wan1 is the interface to the Internet, internal the one to the site.'),
    config(
      'vpn ipsec phase1-interface',
      tunnels.map((tunnel) => phase1(facts, names, tunnel)),
    ),
    config(
      'vpn ipsec phase2-interface',
      tunnels.map((tunnel) => phase2(facts, names, tunnel)),
    ),
    config(
      'system interface',
      tunnels.map((tunnel) => edit(`"${tunnel.name}"`, 'set mtu-override enable', `set mtu ${facts.mtu}`)),
    ),
    config(
      'router static',
      tunnels.map((tunnel) => routes(facts, tunnel)),
    ),
    config('firewall address', addresses(facts, name)),
    config(
      'firewall policy',
      tunnels.map((tunnel) => policies(facts, tunnel, name)),
    ),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels, name),
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

function phase1(facts: DeviceScriptFacts, names: AlgorithmNames, { name, gatewayAddress }: NamedTunnel): Part {
  const { site, deadPeer, sharedKey } = facts;
  const isGcm = facts.ike.encryption.startsWith('GCM');
  return edit(
    `"${name}"`,
    'set interface "wan1"',
    `set ike-version ${facts.ikeVersion}`,
    `set keylife ${facts.ikeLifetimeSeconds}`,
    facts.ikeVersion === 1 ? 'set mode main' : undefined,
    'set peertype any',
    'set net-device disable',
    `set proposal ${names.ikeEncryption}-${isGcm ? 'prf' : ''}${names.ikeIntegrity}`,
    `set dhgrp ${names.ikeGroup}`,
    `set localid-type ${site.type}`,
    `set localid "${site.value}"`,
    'set dpd on-idle',
    `set dpd-retrycount ${deadPeer.retries}`,
    `set dpd-retryinterval ${deadPeer.intervalSeconds}`,
    facts.deviceInitiates ? undefined : 'set passive-mode enable',
    `set remote-gw ${gatewayAddress}`,
    // Quotes, backslashes and question marks mean something here; hexadecimal digits do not.
    `set psksecret ${isPlainKey(sharedKey) ? `"${sharedKey}"` : `0x${hexadecimal(sharedKey)}`}`,
  );
}

function phase2(facts: DeviceScriptFacts, names: AlgorithmNames, { name }: NamedTunnel): Part {
  const pairs = facts.selectors === 'any' ? [{ local: '0.0.0.0/0', remote: '0.0.0.0/0' }] : facts.selectors;
  return pairs.map(({ local, remote }, index) =>
    edit(
      `"${name}-p2-${index + 1}"`,
      `set phase1name "${name}"`,
      `set proposal ${names.espIntegrity === undefined ? names.espEncryption : `${names.espEncryption}-${names.espIntegrity}`}`,
      names.pfsGroup === undefined ? 'set pfs disable' : ['set pfs enable', `set dhgrp ${names.pfsGroup}`],
      facts.deviceInitiates && !facts.startsOnTraffic ? 'set auto-negotiate enable' : undefined,
      'set keylife-type both',
      `set keylifeseconds ${atMost(facts.espLifetimeSeconds, maximumLifetime)}`,
      `set keylifekbs ${atMost(facts.espLifetimeKilobytes, maximumKilobytes)}`,
      `set src-subnet ${subnet(local)}`,
      `set dst-subnet ${subnet(remote)}`,
    ),
  );
}

function subnet(prefix: string): string {
  const { network, mask } = masks(prefix);
  return `${network} ${mask}`;
}

function routes(facts: DeviceScriptFacts, tunnel: NamedTunnel): Part {
  const to = facts.bgp === undefined ? facts.vnetPrefixes : [`${bgpAddressOf(tunnel)}/32`];
  return to.map((prefix) => edit('0', `set dst ${subnet(prefix)}`, `set distance ${10 + tunnel.index}`, `set device "${tunnel.name}"`));
}

function addresses(facts: DeviceScriptFacts, name: string): Part {
  return [
    facts.sitePrefixes.map((prefix, index) => edit(`"${name}-site-${index + 1}"`, `set subnet ${subnet(prefix)}`)),
    facts.vnetPrefixes.map((prefix, index) => edit(`"${name}-vnet-${index + 1}"`, `set subnet ${subnet(prefix)}`)),
  ];
}

function policies(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const list = (side: 'site' | 'vnet'): string => facts[`${side}Prefixes`].map((_, index) => `"${name}-${side}-${index + 1}"`).join(' ');
  const policy = (direction: 'out' | 'in'): Part => {
    const [from, to] = direction === 'out' ? (['internal', tunnel.name] as const) : ([tunnel.name, 'internal'] as const);
    const [source, destination] = direction === 'out' ? (['site', 'vnet'] as const) : (['vnet', 'site'] as const);
    return edit(
      '0',
      `set name "${tunnel.name}-${direction}"`,
      `set srcintf "${from}"`,
      `set dstintf "${to}"`,
      `set srcaddr ${list(source)}`,
      `set dstaddr ${list(destination)}`,
      'set action accept',
      'set schedule "always"',
      'set service "ALL"',
      `set tcp-mss-sender ${facts.mss}`,
      `set tcp-mss-receiver ${facts.mss}`,
    );
  };
  return [policy('out'), policy('in')];
}

/** The speaker's address is on a loopback, which both tunnels reach: to an interface of its own traffic needs a policy. */
function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return [
    replace('#', 'leave the loopback and its policy out when an interface has this address; name that interface in update-source.'),
    config(
      'system interface',
      edit(`"${name}-lo"`, 'set vdom "root"', 'set type loopback', `set ip ${facts.bgp?.siteAddress} 255.255.255.255`),
    ),
    config(
      'firewall policy',
      tunnels.map((tunnel) =>
        edit(
          '0',
          `set name "${tunnel.name}-bgp"`,
          `set srcintf "${tunnel.name}"`,
          `set dstintf "${name}-lo"`,
          'set srcaddr "all"',
          'set dstaddr "all"',
          'set action accept',
          'set schedule "always"',
          'set service "BGP"',
        ),
      ),
    ),
    speaker(facts, tunnels, name),
  ];
}

function speaker(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  return config(
    'router bgp',
    `set as ${facts.bgp?.siteAsn}`,
    `set router-id ${facts.bgp?.siteAddress}`,
    config(
      'neighbor',
      tunnels.map((tunnel) =>
        edit(
          `"${bgpAddressOf(tunnel)}"`,
          `set remote-as ${facts.bgp?.gatewayAsn}`,
          'set ebgp-enforce-multihop enable',
          `set update-source "${name}-lo"`,
          'set soft-reconfiguration enable',
        ),
      ),
    ),
    config(
      'network',
      facts.sitePrefixes.map((prefix, index) => edit(String(index + 1), `set prefix ${subnet(prefix)}`)),
    ),
  );
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  const entries = (side: 'site' | 'vnet'): Part => facts[`${side}Prefixes`].map((_, index) => `delete "${name}-${side}-${index + 1}"`);
  const pairs = facts.selectors === 'any' ? [0] : facts.selectors.map((_, index) => index);
  return [
    facts.bgp === undefined
      ? undefined
      : config(
          'router bgp',
          config(
            'neighbor',
            tunnels.map((tunnel) => `delete "${bgpAddressOf(tunnel)}"`),
          ),
        ),
    'First delete the policies and static routes of these tunnels; their numbers were chosen by the device:',
    `show firewall policy | grep -f ${name}`,
    `show router static | grep -f ${name}`,
    config('firewall address', entries('site'), entries('vnet')),
    config(
      'vpn ipsec phase2-interface',
      tunnels.map((tunnel) => pairs.map((index) => `delete "${tunnel.name}-p2-${index + 1}"`)),
    ),
    config(
      'vpn ipsec phase1-interface',
      tunnels.map((tunnel) => `delete "${tunnel.name}"`),
    ),
  ];
}
