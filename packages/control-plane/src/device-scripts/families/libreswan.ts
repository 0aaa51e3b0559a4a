/**
 * libreswan 4.0 and later, on Linux: a shell script that writes the connection and its secret. Builds of today have no
 * groups 1, 2, 22 to 24 (USE_DH2), so Azure's default IKE proposals are out of reach: such a connection needs a custom policy.
 * https://libreswan.org/man/ipsec.conf.5.html, https://libreswan.org/man/ipsec.secrets.5.html
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import { prefixPairs } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { atMost, cleanup, hexadecimal, isPlainKey, namedTunnels, objectName, opening, textOf } from '../text.ts';
import { frrLines, segmentSizeLines } from './frr.ts';

/** Of `salifetime` and `ikelifetime`: a day. */
const maximumLifetime = 86_400;

export const libreswan: DeviceLanguage = { title: 'libreswan', algorithms, render };

function algorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES3: '3des', AES128: 'aes128', AES192: 'aes192', AES256: 'aes256' };
  const gcm = { GCMAES128: 'aes_gcm128', GCMAES256: 'aes_gcm256' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha2_256' };
  return {
    ...groups((number) => (number === 14 || number === 19 || number === 20 ? `dh${number}` : undefined)),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha2_384' },
    espEncryption: { ...ciphers, ...gcm, GCMAES192: 'aes_gcm192', None: 'null' },
    espIntegrity: hashes,
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 40);
  const name = objectName(facts, 40);
  const hasInterface = facts.bgp !== undefined && facts.selectors === 'any';
  return textOf(
    '#!/bin/sh',
    opening('#', 'libreswan', facts, 'Run it as root. It writes two files into /etc/ipsec.d, or into the directory IPSEC_D names.'),
    'set -eu',
    'umask 077',
    'directory=${IPSEC_D:-/etc/ipsec.d}',
    `cat > "$directory/${name}.conf" <<'END'`,
    // Recent releases drop IKEv1 unless it is allowed for all.
    facts.ikeVersion === 1 ? ['config setup', '    ikev1-policy=accept', ''] : undefined,
    tunnels.map((tunnel) => connection(facts, names, tunnel, hasInterface)),
    'END',
    `cat > "$directory/${name}.secrets" <<'END'`,
    // Between quotes there is no way to write a quote; hexadecimal digits can write everything.
    tunnels.map(
      ({ gatewayAddress }) =>
        `${identity(facts)} ${gatewayAddress} : PSK ${isPlainKey(facts.sharedKey) ? `"${facts.sharedKey}"` : `0x${hexadecimal(facts.sharedKey)}`}`,
    ),
    'END',
    facts.ikeVersion === 1 ? '# Allowing IKEv1 takes effect when libreswan starts: systemctl restart ipsec' : undefined,
    '# With another directory somebody else loads them.',
    '[ -z "${IPSEC_D:-}" ] || exit 0',
    'ipsec auto --rereadsecrets',
    tunnels.map((tunnel) => `ipsec auto --add ${tunnel.name}`),
    facts.deviceInitiates
      ? tunnels.map(({ name }) => (facts.startsOnTraffic ? `ipsec auto --route ${name}` : `ipsec auto --asynchronous --up ${name}`))
      : undefined,
    '',
    segmentSizeLines(facts),
    hasInterface ? frrLines(facts, tunnels, ({ unit }) => `ipsec${unit}`) : undefined,
    '',
    cleanup(
      '#',
      tunnels.map((tunnel) => `ipsec auto --delete ${tunnel.name}`),
      `rm /etc/ipsec.d/${name}.conf /etc/ipsec.d/${name}.secrets`,
      'ipsec auto --rereadsecrets',
      'nft delete table inet azure-mss',
    ),
  );
}

function identity({ site }: DeviceScriptFacts): string {
  return site.type === 'fqdn' ? `@${site.value}` : site.value;
}

function connection(facts: DeviceScriptFacts, names: AlgorithmNames, tunnel: NamedTunnel, hasInterface: boolean): Part {
  const ike = `${names.ikeEncryption}-${names.ikeIntegrity};${names.ikeGroup}`;
  // GCM needs no integrity, and says so.
  const esp = `${names.espEncryption}-${names.espIntegrity ?? 'null'}${names.pfsGroup === undefined ? '' : `;${names.pfsGroup}`}`;
  return [
    `conn ${tunnel.name}`,
    ...[
      '# REPLACE: left is this host; with several ways to the Internet, its address.',
      'left=%defaultroute',
      `leftid=${identity(facts)}`,
      `right=${tunnel.gatewayAddress}`,
      `rightid=${tunnel.gatewayAddress}`,
      ...subnets(facts, hasInterface),
      'authby=secret',
      `ikev2=${facts.ikeVersion === 2 ? 'insist' : 'no'}`,
      // The gateway proposes any to any, which libreswan refuses unless it may narrow it (RFC 7296 §2.9).
      ...(facts.ikeVersion === 2 && facts.selectors === 'any' && !hasInterface ? ['narrowing=yes'] : []),
      `ike=${ike}`,
      'phase2=esp',
      `esp=${esp}`,
      `pfs=${names.pfsGroup === undefined ? 'no' : 'yes'}`,
      `ikelifetime=${atMost(facts.ikeLifetimeSeconds, maximumLifetime)}s`,
      `salifetime=${atMost(facts.espLifetimeSeconds, maximumLifetime)}s`,
      `# libreswan 4 rekeys by time only; the gateway does so after ${facts.espLifetimeKilobytes} KB as well.`,
      `dpddelay=${facts.deadPeer.intervalSeconds}`,
      `dpdtimeout=${facts.deadPeer.timeoutSeconds}`,
      `dpdaction=${autoOf(facts) === 'start' ? 'restart' : 'clear'}`,
      `mtu=${facts.mtu}`,
      ...(hasInterface ? [`ipsec-interface=${tunnel.unit}`] : []),
      `auto=${autoOf(facts)}`,
    ].map((line) => `    ${line}`),
  ];
}

/** Unless an interface and BGP decide, the known networks, which the gateway accepts as a narrowing of any to any. */
function subnets(facts: DeviceScriptFacts, hasInterface: boolean): readonly string[] {
  if (hasInterface) return ['leftsubnet=0.0.0.0/0', 'rightsubnet=0.0.0.0/0'];
  const pairs = prefixPairs(facts);
  const sides = (side: 'local' | 'remote'): readonly string[] => [...new Set(pairs.map((pair) => pair[side]))];
  const [local, remote] = [sides('local'), sides('remote')];
  if (pairs.length === 1) return [`leftsubnet=${local[0]}`, `rightsubnet=${remote[0]}`];
  return [`leftsubnets={${local.join(' ')}}`, `rightsubnets={${remote.join(' ')}}`];
}

function autoOf({ deviceInitiates, startsOnTraffic }: DeviceScriptFacts): 'add' | 'ondemand' | 'start' {
  if (!deviceInitiates) return 'add';
  return startsOnTraffic ? 'ondemand' : 'start';
}
