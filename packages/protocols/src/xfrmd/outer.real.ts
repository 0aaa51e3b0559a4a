/**
 * The outside of the tunnel: UDP and raw ESP over IPv4 and IPv6, DF, and paths with a smaller MTU, between two xfrmds with a
 * router in the middle on which everything is seen. Needs root.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '../vici/session.ts';
import { bringUp, configure, inner, inner6, outer, outer6, ping, startOurs, transfer, type End } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { sniff } from './sniff.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('outer');
const both = ['a', 'b'] as const;
type Ours = { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
let ends: Readonly<Record<End, Ours>>;

/** a - r - b; the outer addresses are routed, so that the router decides what fits. */
async function wireThroughRouter(): Promise<void> {
  await testbed.addNamespace('r');
  await testbed.exec('r', ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  for (const end of both) {
    const namespace = await testbed.addNamespace(end);
    for (const address of [`${inner[end]}/32`, `${inner6[end]}/128`, `${outer[end]}/32`, `${outer6[end]}/128`])
      await testbed.ip(end, 'address', 'add', address, 'dev', 'lo');
    await testbed.ip('r', 'link', 'add', `to-${end}`, 'type', 'veth', 'peer', 'name', 'wire', 'netns', namespace);
    const [v4, v6] = end === 'a' ? ['198.51.100', 'fd0a::'] : ['203.0.113', 'fd0b::'];
    for (const [place, device, host] of [
      ['r', `to-${end}`, '1'],
      [end, 'wire', '2'],
    ] as const) {
      await testbed.ip(place, 'address', 'add', `${v4}.${host}/24`, 'dev', device);
      await testbed.ip(place, 'address', 'add', `${v6}${host}/64`, 'dev', device, 'nodad');
      await testbed.ip(place, 'link', 'set', device, 'up');
    }
    await testbed.ip('r', 'route', 'add', `${outer[end]}/32`, 'via', `${v4}.2`);
    await testbed.ip('r', 'route', 'add', `${outer6[end]}/128`, 'via', `${v6}2`);
    const there = end === 'a' ? 'b' : 'a';
    await testbed.ip(end, 'route', 'add', `${outer[there]}/32`, 'via', `${v4}.1`, 'src', outer[end]);
    await testbed.ip(end, 'route', 'add', `${outer6[there]}/128`, 'via', `${v6}1`, 'src', outer6[end]);
  }
}

beforeAll(async () => {
  await wireThroughRouter();
  ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

type Outside = { readonly outside: 4 | 6; readonly raw: boolean };
const outsides: readonly Outside[] = [
  { outside: 4, raw: false },
  { outside: 4, raw: true },
  { outside: 6, raw: false },
  { outside: 6, raw: true },
];

async function connect(options: Outside, child: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const end of both) await configure(ends[end].charon, end, { esp: 'aes256gcm16', onXfrmd: true, anyToAny: true, ...options, child });
  await bringUp(ends.a.charon, ends.b.charon);
}

/** What tcpdump prints of packets that leave the router towards b meanwhile. */
function passing(filter: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  return sniff(testbed, 'r', ['-v', '-Q', 'out', '-i', 'to-b', filter], work);
}

const isEsp = (line: string): boolean => line.includes('ESP(spi=') || line.includes('UDP-encap');

test.each(outsides)('IPv4 and IPv6 inside, IPv$outside outside, raw: $raw', async (options) => {
  await connect(options);
  const seen = await passing('not port 500', async () => {
    for (const end of both)
      for (const version of [4, 6] as const) {
        expect(await ping(testbed, end, { version })).toEqual({ sent: 3, lost: 0 });
        // Larger than the tunnel takes: fragments inside.
        expect(await ping(testbed, end, { version, size: 5000 })).toEqual({ sent: 3, lost: 0 });
        const { sent, arrived } = await transfer(testbed, end, 5, version);
        expect(arrived).toBe(sent);
      }
  });
  const esp = seen.filter(isEsp);
  expect(esp.length).toBeGreaterThan(100);
  for (const line of esp) {
    expect(line).toContain(options.outside === 4 ? 'IP (tos' : 'IP6 (');
    expect(line.includes('UDP-encap')).toBe(!options.raw);
  }
  const { securityAssociations } = await ends.a.xfrmd.statistics();
  expect(securityAssociations.every(({ destination }) => destination.endsWith(options.raw ? ':0' : ':4500'))).toBe(true);
});

/** Path MTU discovery of the inner sender: -M do sets DF, dont clears it. */
function pingWith(end: End, mode: 'do' | 'dont', size: number, count = 1): ReturnType<Testbed['exec']> {
  const there = end === 'a' ? 'b' : 'a';
  const argv = ['ping', '-n', '-c', String(count), '-i', '0.1', '-W', '3', '-M', mode, '-s', String(size), '-I', inner[end], inner[there]];
  return testbed.exec(end, argv, { okCodes: [0, 1] });
}

describe('DF of the outer IPv4 header', () => {
  const flags = async (mode: 'do' | 'dont'): Promise<readonly string[]> => {
    const seen = await passing(`host ${outer.b}`, async () => expect((await pingWith('a', mode, 100)).stdout).toContain(' 0% packet loss'));
    return seen.filter(isEsp).map((line) => /flags \[(.*?)\]/.exec(line)?.[1] ?? '');
  };

  test.each([false, true])('follows the inner packet, raw: %s', async (raw) => {
    await connect({ outside: 4, raw });
    expect(await flags('do')).toEqual(['DF']);
    expect(await flags('dont')).toEqual(['none']);
  });

  test('is clear when the SA says so', async () => {
    await connect({ outside: 4, raw: false }, { copy_df: 'no' });
    expect(await flags('do')).toEqual(['none']);
    expect(await flags('dont')).toEqual(['none']);
  });
});

test('a router that signals congestion is heard inside, or costs the packet of a sender who could not hear', async () => {
  await connect({ outside: 4, raw: false });
  await testbed.exec('r', ['nft', 'add table ip sp; add chain ip sp forward { type filter hook forward priority 0; }']);
  try {
    await testbed.exec('r', ['nft', 'add rule ip sp forward udp dport 4500 ip ecn set ce']);
    const before = (await ends.b.xfrmd.statistics()).drops.ecnConflict;
    expect(await pingMarked('a', 2)).toContain(' 0% packet loss');
    expect(await pingMarked('a', 0)).toContain(' 100% packet loss');
    expect((await ends.b.xfrmd.statistics()).drops.ecnConflict).toBe(before + 1);
  } finally {
    await testbed.exec('r', ['nft', 'delete table ip sp']);
  }
});

async function pingMarked(from: End, ecn: number): Promise<string> {
  const there = from === 'a' ? 'b' : 'a';
  const argv = ['ping', '-n', '-c', '1', '-W', '3', '-Q', String(ecn), '-I', inner[from], inner[there]];
  return (await testbed.exec(from, argv, { okCodes: [0, 1] })).stdout;
}

describe('a path with a smaller MTU', () => {
  const mtu = 1300;
  const setMtu = async (value: number): Promise<void> => {
    await testbed.ip('r', 'link', 'set', 'to-b', 'mtu', String(value));
    await testbed.ip('b', 'link', 'set', 'wire', 'mtu', String(value));
  };
  /** New engines know nothing of paths; what the kernels know goes as well. */
  beforeEach(async () => {
    for (const end of both) {
      await ends[end].xfrmd[Symbol.asyncDispose]();
      await testbed.stop(`xfrmd-${end}`);
      await until(
        () => testbed.isRunning(`charon-${end}`),
        (isRunning) => !isRunning,
        { because: 'charon ends with its engine', clock: systemClock },
      );
    }
    ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
    for (const end of both) for (const family of ['-4', '-6']) await testbed.ip(end, family, 'route', 'flush', 'cache');
  });
  afterEach(() => setMtu(1500));

  test.each(outsides)('is learned and told to the sender inside: IPv$outside outside, raw: $raw', async (options) => {
    const around = (options.outside === 4 ? 20 : 40) + (options.raw ? 0 : 8) + 8 + 8 + 16;
    const fits = Math.floor((mtu - around) / 4) * 4 - 2;
    await connect(options);
    await setMtu(mtu);
    const before = (await ends.a.xfrmd.statistics()).drops.packetTooBig;
    // The first is lost on the way, and the router says why. ping(8) prints what it is told, once by ICMP and then by its own kernel.
    const said = await until(
      async () => {
        const { stdout, stderr } = await pingWith('a', 'do', 1370);
        return stdout + stderr;
      },
      (output) => /mtu ?= ?\d+/.test(output),
      { because: 'the sender inside is told', clock: systemClock },
    );
    expect(/mtu ?= ?(\d+)/.exec(said)?.[1]).toBe(String(fits));
    const { securityAssociations, drops } = await ends.a.xfrmd.statistics();
    expect(securityAssociations.find(({ destination }) => !destination.includes(options.outside === 4 ? outer.a : outer6.a))?.pathMtu).toBe(
      mtu,
    );
    expect(drops.packetTooBig).toBeGreaterThan(before);
    expect((await pingWith('a', 'do', fits - 28)).stdout).toContain(' 0% packet loss');
    for (const version of [4, 6] as const) {
      const { sent, arrived } = await transfer(testbed, 'a', 5, version);
      expect(arrived).toBe(sent);
    }
  });

  test('refuses UDP_SEGMENT for packets that may be fragmented: they go one by one, whole inside', async () => {
    await connect({ outside: 4, raw: false }, { copy_df: 'no' });
    await testbed.ip('a', 'link', 'set', 'wire', 'mtu', '1200');
    const before = (await ends.a.xfrmd.statistics()).segmentationFallbacks;
    const seen = await passing('ip[6:2] & 0x3fff != 0', async () => {
      const { sent, arrived } = await transfer(testbed, 'a', 5);
      expect(arrived).toBe(sent);
    });
    await testbed.ip('a', 'link', 'set', 'wire', 'mtu', '1500');
    expect((await ends.a.xfrmd.statistics()).segmentationFallbacks).toBeGreaterThan(before);
    expect(seen.length).toBeGreaterThan(100);
  });
});
