/**
 * A connection in the language of swanctl.conf(5), which strongSwan and OPNsense share. Without BGP the selectors are the known
 * networks, which the gateway accepts as a narrowing of any to any: no tunnel interface is needed and nothing else is caught.
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import { prefixPairs } from '../facts.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { hexadecimal, isPlainKey, namedTunnels } from '../text.ts';

const groupNames = { 1: 'modp768', 2: 'modp1024', 14: 'modp2048', 19: 'ecp256', 20: 'ecp384', 24: 'modp2048s256' } as const;
/** Rekeying begins at this part of a lifetime, so that there is time to finish. */
const rekeyAt = 0.9;

export function swanctlAlgorithms(version: 1 | 2): Algorithms {
  const ciphers = { DES: 'des', DES3: '3des', AES128: 'aes128', AES192: 'aes192', AES256: 'aes256' };
  const gcm = { GCMAES128: 'aes128gcm16', GCMAES256: 'aes256gcm16' };
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups((number) => groupNames[number]),
    ikeEncryption: version === 2 ? { ...ciphers, ...gcm } : ciphers,
    ikeIntegrity: { ...hashes, SHA384: 'sha384' },
    espEncryption: { ...ciphers, ...gcm, GCMAES192: 'aes192gcm16', None: 'null' },
    espIntegrity: hashes,
  };
}

/** `child`: lines a device adds to each child, given the tunnel. */
export function swanctlSections(facts: DeviceScriptFacts, names: AlgorithmNames, child: (tunnel: NamedTunnel) => readonly string[]): Part {
  const tunnels = namedTunnels(facts, 40);
  return [
    'connections {',
    tunnels.map((tunnel) => connection(facts, names, tunnel, child(tunnel))),
    '}',
    'secrets {',
    tunnels.map(({ name, gatewayAddress }) => [
      `  ike-${name} {`,
      `    id-1 = ${facts.site.value}`,
      `    id-2 = ${gatewayAddress}`,
      `    secret = ${isPlainKey(facts.sharedKey) ? `"${facts.sharedKey}"` : `0x${hexadecimal(facts.sharedKey)}`}`,
      '  }',
    ]),
    '}',
  ];
}

function connection(facts: DeviceScriptFacts, names: AlgorithmNames, tunnel: NamedTunnel, extras: readonly string[]): Part {
  const isGcm = facts.ike.encryption.startsWith('GCM');
  const ike = [names.ikeEncryption, isGcm ? `prf${names.ikeIntegrity}` : names.ikeIntegrity, names.ikeGroup].join('-');
  const rekey = Math.floor(facts.ikeLifetimeSeconds * rekeyAt);
  return [
    `  ${tunnel.name} {`,
    `    version = ${facts.ikeVersion}`,
    '    # REPLACE: with several ways to the Internet, say from which address: local_addrs = ADDRESS',
    '    local_addrs = %any',
    `    remote_addrs = ${tunnel.gatewayAddress}`,
    `    proposals = ${ike}`,
    `    rekey_time = ${rekey}s`,
    `    over_time = ${facts.ikeLifetimeSeconds - rekey}s`,
    '    mobike = no',
    `    dpd_delay = ${facts.deadPeer.intervalSeconds}s`,
    `    dpd_timeout = ${facts.deadPeer.timeoutSeconds}s`,
    '    keyingtries = 0',
    '    local {',
    '      auth = psk',
    `      id = ${facts.site.value}`,
    '    }',
    '    remote {',
    '      auth = psk',
    `      id = ${tunnel.gatewayAddress}`,
    '    }',
    '    children {',
    children(facts).map(({ local, remote }, index, all) => [
      `      ${tunnel.name}${all.length > 1 ? `-net-${index + 1}` : ''} {`,
      `        local_ts = ${local.join(', ')}`,
      `        remote_ts = ${remote.join(', ')}`,
      `        esp_proposals = ${[names.espEncryption, names.espIntegrity, names.pfsGroup].filter((word) => word !== undefined).join('-')}`,
      `        life_time = ${facts.espLifetimeSeconds}s`,
      `        rekey_time = ${Math.floor(facts.espLifetimeSeconds * rekeyAt)}s`,
      `        life_bytes = ${facts.espLifetimeKilobytes * 1024}`,
      `        rekey_bytes = ${Math.floor(facts.espLifetimeKilobytes * 1024 * rekeyAt)}`,
      `        start_action = ${startAction(facts)}`,
      `        dpd_action = ${startAction(facts) === 'start' ? 'restart' : 'clear'}`,
      extras.map((line) => `        ${line}`),
      '      }',
    ]),
    '    }',
    '  }',
  ];
}

function startAction({ deviceInitiates, startsOnTraffic }: DeviceScriptFacts): 'none' | 'trap' | 'start' {
  if (!deviceInitiates) return 'none';
  return startsOnTraffic ? 'trap' : 'start';
}

/** IKEv1 knows one prefix on each side, policy-based selectors are pairs, IKEv2 puts all networks into one child. */
function children(facts: DeviceScriptFacts): readonly { readonly local: readonly string[]; readonly remote: readonly string[] }[] {
  if (facts.bgp !== undefined && facts.selectors === 'any') return [{ local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }];
  if (facts.selectors === 'any' && facts.ikeVersion === 2) return [{ local: facts.sitePrefixes, remote: facts.vnetPrefixes }];
  return prefixPairs(facts).map(({ local, remote }) => ({ local: [local], remote: [remote] }));
}
