/** What scripts of all vendors are made of: comments, names, masks, keys as hexadecimal digits. */
import { formatAddress, formatCidr, parseCidr, sizeOf } from '@sallyport/model';
import { words } from './algorithms.ts';
import type { DeviceScriptFacts, DeviceTunnel } from './facts.ts';

/** One line of text, several, or nothing. */
export type Part = string | readonly Part[] | undefined;

/** Lines with a line feed after each. */
export function textOf(...parts: readonly Part[]): string {
  return `${flatten(parts).join('\n')}\n`;
}

export function flatten(part: Part): readonly string[] {
  if (part === undefined) return [];
  return typeof part === 'string' ? [part] : part.flatMap(flatten);
}

/** Each line behind a comment sign. */
export function commented(sign: string, ...parts: readonly Part[]): readonly string[] {
  return flatten(parts).map((line) => (line === '' ? sign : `${sign} ${line}`));
}

/** What a person should know before using the script. Never has the key. */
export function opening(sign: string, device: string, facts: DeviceScriptFacts, ...usage: readonly string[]): readonly string[] {
  const { tunnels, site, deadPeer, bgp } = facts;
  return commented(
    sign,
    `${device}: configuration for the VPN connection ${facts.connection}`,
    '',
    `Gateway      ${facts.gateway}: ${tunnels.map(({ gatewayAddress }) => gatewayAddress).join(', ')}`,
    `This device  ${facts.localNetworkGateway}: ${site.value}`,
    `IKE          IKEv${facts.ikeVersion}, ${words(facts.ike)}, ${facts.ikeLifetimeSeconds} s`,
    `IPsec        ESP, ${words(facts.esp)}, ${facts.espLifetimeSeconds} s or ${facts.espLifetimeKilobytes} KB`,
    `Dead peer    after ${deadPeer.timeoutSeconds} s`,
    `Networks     virtual network ${facts.vnetPrefixes.join(', ')}; site ${facts.sitePrefixes.join(', ')}`,
    `Selectors    ${facts.selectors === 'any' ? 'any to any; routes decide' : facts.selectors.map((pair) => `${pair.local} to ${pair.remote}`).join(', ')}`,
    bgp === undefined
      ? undefined
      : `BGP          AS ${bgp.siteAsn} at ${bgp.siteAddress}; gateway AS ${bgp.gatewayAsn} at ${tunnels.map(bgpAddressOf).join(', ')}`,
    '',
    usage,
    'The keyword REPLACE stands before each value that depends on your device: check it. CLEANUP, at the end, undoes everything.',
    'This script holds the shared key of the connection: keep it as you keep the key.',
  );
}

/** The removal of everything a script makes, as comments: it is pasted only by intent. */
export function cleanup(sign: string, ...parts: readonly Part[]): readonly string[] {
  return commented(sign, 'CLEANUP: to remove this configuration, run these lines without the comment sign.', ...parts);
}

export function replace(sign: string, what: string): string {
  return `${sign} REPLACE: ${what}`;
}

export type NamedTunnel = DeviceTunnel & {
  /** Of objects on the device; unique per tunnel of the connection. */
  readonly name: string;
  readonly index: number;
  /** Of the tunnel interface. 11 and up, to leave the low ones to what is there. */
  readonly unit: number;
};

const firstUnit = 11;

/** Tunnels with names of letters, digits and hyphens, beginning with a letter, no longer than the device allows. */
export function namedTunnels(facts: DeviceScriptFacts, maximumLength: number): readonly NamedTunnel[] {
  const name = objectName(facts, maximumLength - (facts.tunnels.length > 1 ? 2 : 0));
  return facts.tunnels.map((tunnel, index) => ({
    ...tunnel,
    name: facts.tunnels.length > 1 ? `${name}-${index + 1}` : name,
    index,
    unit: firstUnit + index,
  }));
}

export function objectName({ connection }: Pick<DeviceScriptFacts, 'connection'>, maximumLength: number): string {
  const letters = connection.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  const name = /^[A-Za-z]/.test(letters) ? letters : `vpn-${letters}`;
  return name.slice(0, maximumLength).replace(/-+$/, '');
}

/** `10.1.0.0/16` as `{ network: '10.1.0.0', mask: '255.255.0.0', wildcard: '0.0.255.255' }`. IPv4 only. */
export function masks(prefix: string): { readonly network: string; readonly mask: string; readonly wildcard: string } {
  const cidr = parseCidr(prefix);
  if (cidr?.family !== 4) throw new Error(`'${prefix}' is no IPv4 prefix`);
  const hosts = Number(sizeOf(cidr) - 1n);
  const quad = (value: number): string => formatAddress({ family: 4, value: BigInt(value) });
  return { network: formatCidr(cidr).split('/')[0] ?? '', mask: quad(0xff_ff_ff_ff - hosts), wildcard: quad(hosts) };
}

/** Addresses inside the tunnel, for devices whose tunnel interface must have one: the pair of a link-local /30. */
export function insideAddresses({ index }: NamedTunnel): { readonly device: string; readonly other: string } {
  const base = 4 * index;
  return { device: `169.254.240.${base + 1}`, other: `169.254.240.${base + 2}` };
}

/** The facts have one for each tunnel when they have BGP. */
export function bgpAddressOf({ gatewayBgpAddress }: DeviceTunnel): string {
  if (gatewayBgpAddress === undefined) throw new Error('a tunnel of a connection with BGP has no BGP address');
  return gatewayBgpAddress;
}

/** Characters no device's command line gives a meaning to, and no beginning that means another notation (`0x`, `0s`, `$9$`). */
export function isPlainKey(key: string): boolean {
  return /^[A-Za-z1-9][A-Za-z0-9._:/@+=,]*$/.test(key);
}

/** Two digits for each byte of the key, which is ASCII. */
export function hexadecimal(key: string): string {
  return Buffer.from(key, 'ascii').toString('hex');
}

export function atMost(value: number, maximum: number): number {
  return Math.min(value, maximum);
}
