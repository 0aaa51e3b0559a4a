/**
 * MikroTik RouterOS 7. Its IPsec has policies and no tunnel interfaces, so each pair of networks is a policy whatever the gateway
 * negotiates; the gateway accepts the narrower selectors. https://help.mikrotik.com/docs/spaces/ROS/pages/11993097/IPsec
 */
import type { AlgorithmNames, Algorithms } from '../algorithms.ts';
import { groups } from '../algorithms.ts';
import type { DeviceScriptFacts, SelectorPair } from '../facts.ts';
import { prefixPairs } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import type { NamedTunnel, Part } from '../text.ts';
import { bgpAddressOf, cleanup, commented, namedTunnels, objectName, opening, replace, textOf } from '../text.ts';

export const mikrotikRouterOs: DeviceLanguage = { title: 'MikroTik RouterOS', algorithms, render };

const groupNames = { 1: 'modp768', 2: 'modp1024', 14: 'modp2048', 19: 'ecp256', 20: 'ecp384', 24: undefined } as const;

function algorithms(): Algorithms {
  const hashes = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256' };
  return {
    ...groups((number) => groupNames[number]),
    // GCM protects packets only, not IKE itself.
    ikeEncryption: { DES: 'des', DES3: '3des', AES128: 'aes-128', AES192: 'aes-192', AES256: 'aes-256' },
    ikeIntegrity: hashes,
    espEncryption: {
      None: 'null',
      DES: 'des',
      DES3: '3des',
      AES128: 'aes-128-cbc',
      AES192: 'aes-192-cbc',
      AES256: 'aes-256-cbc',
      GCMAES128: 'aes-128-gcm',
      GCMAES192: 'aes-192-gcm',
      GCMAES256: 'aes-256-gcm',
    },
    espIntegrity: hashes,
  };
}

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const tunnels = namedTunnels(facts, 24);
  const name = objectName(facts, 24);
  const { deadPeer } = facts;
  return textOf(
    opening('#', 'MikroTik RouterOS 7', facts, 'Paste it in a terminal, or upload it and: /import file-name=…'),
    '',
    `/ip ipsec profile add name=${name} enc-algorithm=${names.ikeEncryption} hash-algorithm=${names.ikeIntegrity} dh-group=${names.ikeGroup} lifetime=${duration(facts.ikeLifetimeSeconds)} dpd-interval=${duration(deadPeer.intervalSeconds)} dpd-maximum-failures=${deadPeer.retries} nat-traversal=yes`,
    `/ip ipsec proposal add name=${name} enc-algorithms=${names.espEncryption} auth-algorithms=${names.espIntegrity ?? 'null'} pfs-group=${names.pfsGroup ?? 'none'} lifetime=${duration(facts.espLifetimeSeconds)}`,
    tunnels.map((tunnel) => tunnelLines(facts, tunnel, name)),
    '',
    `# RouterOS rekeys by time only; the gateway does so after ${facts.espLifetimeKilobytes} KB as well. Packets fit in an MTU of ${facts.mtu}.`,
    replace('#', 'the nat rules must come first; leave place-before=0 out in an empty table. Keep these networks out of fasttrack.'),
    prefixPairs(facts).map(
      ({ local, remote }) =>
        `/ip firewall nat add chain=srcnat action=accept place-before=0 src-address=${local} dst-address=${remote} comment="${name}"`,
    ),
    facts.vnetPrefixes.map((prefix) =>
      ['dst', 'src'].map(
        (side) =>
          `/ip firewall mangle add chain=forward action=change-mss protocol=tcp tcp-flags=syn ${side}-address=${prefix} tcp-mss=!0-${facts.mss} new-mss=${facts.mss} passthrough=yes comment="${name}"`,
      ),
    ),
    facts.bgp === undefined ? undefined : bgp(facts, tunnels, name),
    '',
    cleanup('#', removal(facts, tunnels, name)),
  );
}

function tunnelLines(facts: DeviceScriptFacts, tunnel: NamedTunnel, name: string): Part {
  const { site, bgp: speaker } = facts;
  const policies: readonly SelectorPair[] = [
    ...(speaker === undefined ? [] : [{ local: `${speaker.siteAddress}/32`, remote: `${bgpAddressOf(tunnel)}/32` }]),
    ...prefixPairs(facts),
  ];
  return [
    '',
    replace('#', 'add local-address=ADDRESS when the router has several ways to the Internet.'),
    `/ip ipsec peer add name=${tunnel.name} address=${tunnel.gatewayAddress}/32 exchange-mode=${facts.ikeVersion === 2 ? 'ike2' : 'main'} profile=${name} passive=${facts.deviceInitiates ? 'no' : 'yes'}`,
    `/ip ipsec identity add peer=${tunnel.name} auth-method=pre-shared-key secret=${quoted(facts.sharedKey)} my-id=${site.type}:${site.value} remote-id=address:${tunnel.gatewayAddress}`,
    policies.map(
      ({ local, remote }) =>
        `/ip ipsec policy add peer=${tunnel.name} proposal=${name} tunnel=yes level=unique src-address=${local} dst-address=${remote} comment="${name}"`,
    ),
  ];
}

/** In RouterOS strings any character is a backslash and two hexadecimal digits. A beginning of 0x would make it a number. */
function quoted(key: string): string {
  const digits = (character: string): string => `\\${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  if (/^0x/i.test(key)) return `"0x${Buffer.from(key, 'ascii').toString('hex')}"`;
  return `"${key.replaceAll(/[^A-Za-z0-9._:/@+=,]/g, digits)}"`;
}

/** `7h30m`. */
function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count}${unit}`])).join('');
}

function bgp(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  if (facts.bgp === undefined) return undefined;
  const { siteAddress, siteAsn, gatewayAsn } = facts.bgp;
  return [
    '',
    commented('#', 'A route learned by BGP carries packets only where a policy above covers it: add a policy for each further network.'),
    replace('#', `bridge1 stands for any interface that may hold ${siteAddress}; leave the line out when one does.`),
    `/ip address add address=${siteAddress}/32 interface=bridge1 comment="${name}"`,
    facts.sitePrefixes.map((prefix) => `/ip firewall address-list add list=${name}-site address=${prefix}`),
    tunnels.map(
      (tunnel) =>
        `/routing bgp connection add name=${tunnel.name} as=${siteAsn} local.role=ebgp local.address=${siteAddress} remote.address=${bgpAddressOf(tunnel)}/32 remote.as=${gatewayAsn} multihop=yes output.network=${name}-site`,
    ),
  ];
}

function removal(facts: DeviceScriptFacts, tunnels: readonly NamedTunnel[], name: string): Part {
  const all = (menu: string): string => `${menu} remove [find comment="${name}"]`;
  return [
    facts.bgp === undefined
      ? undefined
      : [
          tunnels.map((tunnel) => `/routing bgp connection remove [find name=${tunnel.name}]`),
          `/ip firewall address-list remove [find list=${name}-site]`,
          all('/ip address'),
        ],
    ['/ip firewall mangle', '/ip firewall nat', '/ip ipsec policy'].map(all),
    tunnels.map((tunnel) => [`/ip ipsec identity remove [find peer=${tunnel.name}]`, `/ip ipsec peer remove [find name=${tunnel.name}]`]),
    `/ip ipsec proposal remove [find name=${name}]`,
    `/ip ipsec profile remove [find name=${name}]`,
  ];
}
