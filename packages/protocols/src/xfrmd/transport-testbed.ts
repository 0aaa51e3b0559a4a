/**
 * Two ends in transport mode: what they need beside xfrmd (docs/how-to/use-transport-mode.md), a charon's connection, packets of every kind,
 * and what tells whether any went in clear.
 */
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '../vici/session.ts';
import { ifIds, outer, ping, shimEnvironment, transfer, type Addresses, type End } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { sniff } from './sniff.ts';
import type { Testbed } from './testbed.ts';

export const both = ['a', 'b'] as const;
export const other = { a: 'b', b: 'a' } as const;
export type Ours = { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };

const table = '213';

/** Packets to `peer` go into `tun`, or nowhere; those of IKE and ESP take `way`, as `ip route` words it. */
export async function routeThroughTun(
  testbed: Testbed,
  end: string,
  path: { readonly own: string; readonly peer: string; readonly tun: string; readonly way: readonly string[] },
): Promise<void> {
  const family = path.peer.includes(':') ? '-6' : '-4';
  const host = `${path.peer}/${family === '-6' ? 128 : 32}`;
  for (const outside of [
    ['ipproto', 'esp'],
    ['ipproto', 'udp', 'sport', '500'],
    ['ipproto', 'udp', 'sport', '4500'],
  ])
    await testbed.ip(end, family, 'rule', 'add', 'pref', '100', ...outside, 'lookup', table);
  await testbed.ip(end, family, 'route', 'add', host, ...path.way, 'table', table);
  await testbed.ip(end, family, 'route', 'add', host, 'dev', path.tun, 'src', path.own);
  await testbed.ip(end, family, 'route', 'add', 'blackhole', host, 'metric', '4000');
}

/** The second lock: nothing but IKE and ESP to or from `peer` passes `device`, whoever bound itself to it. */
export async function filterClear(testbed: Testbed, end: string, device: string, peer: string): Promise<void> {
  const family = peer.includes(':') ? 'ip6' : 'ip';
  const rules = `add table ${family} transport
    add chain ${family} transport only_ipsec
    add rule ${family} transport only_ipsec meta l4proto esp accept
    add rule ${family} transport only_ipsec udp dport { 500, 4500 } accept
    add rule ${family} transport only_ipsec udp sport { 500, 4500 } accept
    ${family === 'ip6' ? `add rule ip6 transport only_ipsec icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept` : ''}
    add rule ${family} transport only_ipsec counter drop
    add chain ${family} transport in { type filter hook input priority 0; }
    add rule ${family} transport in iifname ${device} ${family} saddr ${peer} jump only_ipsec
    add chain ${family} transport out { type filter hook output priority 0; }
    add rule ${family} transport out oifname ${device} ${family} daddr ${peer} jump only_ipsec`;
  await testbed.exec(end, ['nft', rules]);
}

/** Lines of tcpdump about what passed `device` of an end meanwhile, but ARP and neighbour discovery. */
export function passing(testbed: Testbed, end: string, device: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const filter = '(ip or ip6) and not ip6 multicast and not (icmp6 and ip6[40] >= 133 and ip6[40] <= 137)';
  return sniff(testbed, end, ['-vv', '-i', device, filter], work);
}

export const isRawEsp = (line: string): boolean => line.includes('ESP(spi=') && !line.includes('UDP-encap');
export const isUdpEsp = (line: string): boolean => line.includes('UDP-encap');
const isIke = (line: string): boolean => line.includes('isakmp');
/** Neither ESP nor IKE. */
export const inClear = (lines: readonly string[]): readonly string[] =>
  lines.filter((line) => !isRawEsp(line) && !isUdpEsp(line) && !isIke(line));

/** `local` and `remote`: selectors as swanctl.conf(5) writes them; `dynamic` is the end's address. */
export type Child = { readonly local?: string; readonly remote?: string; readonly settings?: Readonly<Record<string, string>> };

export async function configure(
  charon: ViciSession,
  end: End,
  options: {
    readonly addresses: Addresses;
    readonly raw: boolean;
    readonly child?: Child;
    readonly anybody?: boolean;
    readonly esp?: string;
  },
): Promise<void> {
  const { addresses, child = {} } = options;
  await charon.loadConnection('hq', {
    version: '2',
    mobike: 'no',
    local_addrs: [addresses[end]],
    remote_addrs: [options.anybody === true ? '%any' : addresses[other[end]]],
    proposals: ['aes256-sha256-modp2048'],
    encap: options.raw ? 'no' : 'yes',
    local: { auth: 'psk', id: outer[end] },
    remote: { auth: 'psk', id: outer[other[end]] },
    children: {
      hq: {
        mode: 'transport',
        esp_proposals: [options.esp ?? 'aes256gcm16'],
        local_ts: [child.local ?? 'dynamic'],
        remote_ts: [child.remote ?? 'dynamic'],
        if_id_in: String(ifIds[end]),
        if_id_out: String(ifIds[end]),
        ...child.settings,
      },
    },
  });
  await charon.loadShared({ id: 'hq', key: Buffer.from('Contract.Key.1'), owners: Object.values(outer) });
}

/** Numbered datagrams there and back, one at a time; how many came back as they were sent. */
export async function datagrams(testbed: Testbed, from: End, addresses: Addresses, count = 20): Promise<number> {
  const listen = `const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes, peer) => socket.send(bytes, peer.port, peer.address)).bind(5002);`;
  const ask = `const [, to, own, count] = process.argv, { randomBytes } = require('node:crypto');
    const socket = require('node:dgram').createSocket(to.includes(':') ? 'udp6' : 'udp4');
    let sent, returned = 0;
    const next = () => { if (returned === Number(count)) { console.log(returned); process.exit(); }
      sent = randomBytes(1 + returned * 60); socket.send(sent, 5002, to); };
    setTimeout(() => { console.log(returned); process.exit(); }, 10_000);
    socket.on('message', (bytes) => { if (bytes.equals(sent)) returned += 1; next(); }).bind(0, own, next);`;
  const name = `echo-${from}`;
  testbed.start(other[from], name, [process.execPath, '-e', listen, addresses[other[from]]]);
  try {
    await until(
      () => testbed.exec(other[from], ['ss', '-Hlun']),
      ({ stdout }) => stdout.includes(':5002'),
      { because: 'the echo listens', clock: systemClock },
    );
    const argv = [process.execPath, '-e', ask, addresses[other[from]], addresses[from], String(count)];
    return Number((await testbed.exec(from, argv, { timeoutMs: 60_000 })).stdout);
  } finally {
    await testbed.stop(name, 0);
  }
}

/** Pings, datagrams and TCP both ways: what of them was lost or damaged. `atB`: as b knows the two, if otherwise than a. */
export async function troubles(testbed: Testbed, addresses: Addresses, atB: Addresses = addresses): Promise<readonly string[]> {
  const seenBy = { a: addresses, b: atB };
  const found: string[] = [];
  for (const end of both) {
    const { lost } = await ping(testbed, end, { addresses: seenBy[end] });
    if (lost > 0) found.push(`${lost} pings from ${end} lost`);
    const returned = await datagrams(testbed, end, seenBy[end]);
    if (returned !== 20) found.push(`${returned} of 20 datagrams from ${end} came back`);
    const { sent, arrived } = await transfer(testbed, end, 5, seenBy[end]);
    if (sent !== arrived) found.push(`TCP from ${end} damaged`);
  }
  return found;
}

/** Of the echo requests that passed `device` of an end meanwhile, or of the ESP there. */
export async function hopLimits(
  testbed: Testbed,
  at: { readonly end: string; readonly device: string; readonly to: string; readonly of: 'esp' | 'echo' },
  work: () => Promise<unknown>,
): Promise<readonly number[]> {
  const lines = await passing(testbed, at.end, at.device, work);
  const isWanted = (line: string): boolean => (at.of === 'esp' ? isRawEsp(line) || isUdpEsp(line) : line.includes('echo request'));
  return lines
    .filter((line) => isWanted(line) && [':', '.', ' '].some((end) => line.includes(`> ${at.to}${end}`)))
    .map((line) => Number(/\b(?:ttl|hlim) (\d+)/.exec(line)?.[1]));
}

export const ipXfrm = async (testbed: Testbed, end: End, ...argv: readonly string[]): Promise<string> => {
  const environment = Object.entries(shimEnvironment(testbed, end)).map(([name, value]) => `${name}=${value}`);
  return (await testbed.exec(end, ['env', ...environment, 'ip', 'xfrm', ...argv])).stdout;
};
