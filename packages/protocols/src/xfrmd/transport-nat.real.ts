/** Transport mode when one end is behind a NAT: found by IKE, so ESP is in UDP, and checksums inside no longer fit the addresses. Needs root. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ifIds, inner, inner6, outer, ping, startOurs, type End } from './charon-testbed.ts';
import { Testbed } from './testbed.ts';
import {
  both,
  configure,
  datagrams,
  hopLimits,
  inClear,
  isUdpEsp,
  other,
  passing,
  routeThroughTun,
  troubles,
  type Ours,
} from './transport-testbed.ts';

const testbed = new Testbed('trnat');
const nat = '192.0.2.254';
const inside = { a: '10.9.0.2', r: '10.9.0.1' } as const;
/** As each end sees the two. */
const seenBy = { a: { a: inside.a, b: outer.b }, b: { a: nat, b: outer.b } } as const;
let ends: Readonly<Record<End, Ours>>;

beforeAll(async () => {
  for (const namespace of ['a', 'r', 'b']) await testbed.addNamespace(namespace);
  for (const [end, device, own, theirs] of [
    ['a', 'to-a', inside.a, inside.r],
    ['b', 'to-b', outer.b, nat],
  ] as const) {
    await testbed.ip('r', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'wire', 'netns', testbed.namespace(end));
    for (const [place, link, address] of [
      [end, 'wire', own],
      ['r', device, theirs],
    ] as const) {
      await testbed.ip(place, 'address', 'add', `${address}/24`, 'dev', link);
      await testbed.ip(place, 'link', 'set', link, 'up');
    }
    await testbed.ip(end, 'address', 'add', `${inner[end]}/32`, 'dev', 'lo');
    await testbed.ip(end, 'address', 'add', `${inner6[end]}/128`, 'dev', 'lo');
  }
  await testbed.exec('r', ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await testbed.exec('r', [
    'nft',
    'add table ip sp; add chain ip sp out { type nat hook postrouting priority 100; }; add rule ip sp out oifname to-b masquerade',
  ]);
  ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
  const ways = { a: ['via', inside.r], b: ['dev', 'wire'] } as const;
  for (const end of both)
    await routeThroughTun(testbed, end, { own: seenBy[end][end], peer: seenBy[end][other[end]], tun: `t${ifIds[end]}`, way: ways[end] });
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

test('packets pass both ways, with checksums that are right where they arrive', async () => {
  await configure(ends.a.charon, 'a', { addresses: seenBy.a, raw: true });
  await configure(ends.b.charon, 'b', { addresses: seenBy.b, raw: true, anybody: true });
  const seen = await passing(testbed, 'b', 'wire', async () => {
    await ends.a.charon.initiate({ ike: 'hq', child: 'hq', timeoutMs: 10_000 });
    expect(await troubles(testbed, seenBy.a, seenBy.b)).toEqual([]);
  });
  expect(inClear(seen)).toEqual([]);
  expect(seen.filter(isUdpEsp).length).toBeGreaterThan(100);
  // Echoes go one at a time: each is a packet of its own, with its own checksum.
  const inside = await passing(testbed, 'b', `t${ifIds.b}`, () => datagrams(testbed, 'a', seenBy.a));
  const arrived = inside.filter((line) => line.includes(`> ${outer.b}.5002:`));
  expect(arrived).toHaveLength(20);
  expect(arrived.filter((line) => !line.includes('[udp sum ok]'))).toEqual([]);
});

test('a router on the way counts as one, and ends what has one hop left', async () => {
  const arriving = { end: 'b', device: `t${ifIds.b}`, to: outer.b, of: 'echo' } as const;
  expect(await hopLimits(testbed, arriving, () => ping(testbed, 'a', { addresses: seenBy.a, hopLimit: 255 }))).toEqual([254, 254, 254]);
  expect(await hopLimits(testbed, arriving, () => ping(testbed, 'a', { addresses: seenBy.a, hopLimit: 1, waitSeconds: 1 }))).toEqual([]);
  // What a router says of one packet ends nothing else.
  expect(await ping(testbed, 'a', { addresses: seenBy.a })).toEqual({ sent: 3, lost: 0 });
});
