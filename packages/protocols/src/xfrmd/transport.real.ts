/**
 * Transport mode between the addresses of two hosts, each a charon on xfrmd: raw ESP and in UDP, IPv4 and IPv6, selectors of single
 * protocols, VXLAN inside, and what happens when there is no SA, no policy or no engine. Needs root.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { bringUp, ifIds, outer, outer6, ping, startOurs, transfer, wire, type Addresses, type End } from './charon-testbed.ts';
import type { XfrmdStatistics } from './protocol.ts';
import { Testbed } from './testbed.ts';
import {
  both,
  configure,
  filterClear,
  hopLimits,
  inClear,
  ipXfrm,
  isRawEsp,
  isUdpEsp,
  other,
  passing,
  routeThroughTun,
  troubles,
  type Child,
  type Ours,
} from './transport-testbed.ts';

const testbed = new Testbed('trans');
let ends: Readonly<Record<End, Ours>>;

beforeAll(async () => {
  await wire(testbed);
  ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
  for (const end of both)
    for (const addresses of [outer, outer6]) {
      const path = {
        own: addresses[end],
        peer: addresses[other[end]],
        tun: `t${ifIds[end]}`,
        way: ['dev', 'wire', 'src', addresses[end]],
      };
      await routeThroughTun(testbed, end, path);
      await filterClear(testbed, end, 'wire', path.peer);
    }
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

async function connect(addresses: Addresses, raw: boolean, children: Readonly<Partial<Record<End, Child>>> = {}): Promise<void> {
  for (const end of both) await configure(ends[end].charon, end, { addresses, raw, child: children[end] ?? {} });
  await bringUp(ends.a.charon, ends.b.charon);
}

test.each([
  { outside: 4, raw: true },
  { outside: 4, raw: false },
  { outside: 6, raw: true },
  { outside: 6, raw: false },
] as const)('ping, UDP and TCP both ways, IPv$outside, raw: $raw', async ({ outside, raw }) => {
  const addresses = outside === 4 ? outer : outer6;
  const seen = await passing(testbed, 'b', 'wire', async () => {
    await connect(addresses, raw);
    expect(await troubles(testbed, addresses)).toEqual([]);
  });
  expect(inClear(seen)).toEqual([]);
  expect(seen.filter(raw ? isRawEsp : isUdpEsp).length).toBeGreaterThan(100);
  expect(seen.filter(raw ? isUdpEsp : isRawEsp)).toEqual([]);
});

// RFC 5082: a packet with 255 can only come from next door. The engine's own 64 would say the same of every packet.
test.each([
  { outside: 4, raw: true },
  { outside: 4, raw: false },
  { outside: 6, raw: true },
  { outside: 6, raw: false },
] as const)("a packet's hop limit is its own on the wire and behind it, IPv$outside, raw: $raw", async ({ outside, raw }) => {
  const addresses = outside === 4 ? outer : outer6;
  await connect(addresses, raw);
  const family = outside === 4 ? 'ip' : 'ip6';
  for (const hopLimit of [255, 254, 1]) {
    const pings = (): Promise<unknown> => ping(testbed, 'a', { addresses, hopLimit });
    const onTheWire = { end: 'b', device: 'wire', to: addresses.b, of: 'esp' } as const;
    expect(await hopLimits(testbed, onTheWire, pings)).toEqual([hopLimit, hopLimit, hopLimit]);
    const behindIt = { end: 'b', device: `t${ifIds.b}`, to: addresses.b, of: 'echo' } as const;
    expect(await hopLimits(testbed, behindIt, pings)).toEqual([hopLimit, hopLimit, hopLimit]);
  }
  const limit = family === 'ip' ? 'ip ttl' : 'ip6 hoplimit';
  const rules = `add table ${family} gtsm; add chain ${family} gtsm in { type filter hook input priority 0; }`;
  await testbed.exec('b', ['nft', `${rules}; add rule ${family} gtsm in iifname t${ifIds.b} ${limit} != 255 counter drop`]);
  const near = await ping(testbed, 'a', { addresses, hopLimit: 255 });
  const passed = (await testbed.exec('b', ['nft', 'list', 'table', family, 'gtsm'])).stdout;
  const far = await ping(testbed, 'a', { addresses, hopLimit: 254, waitSeconds: 1 });
  const dropped = (await testbed.exec('b', ['nft', 'list', 'table', family, 'gtsm'])).stdout;
  await testbed.exec('b', ['nft', `delete table ${family} gtsm`]);
  expect([near, far]).toEqual([
    { sent: 3, lost: 0 },
    { sent: 3, lost: 3 },
  ]);
  expect(passed).toContain('counter packets 0 ');
  expect(dropped).toMatch(/counter packets [1-9]/);
});

test('ip xfrm prints it as of a kernel', async () => {
  await connect(outer, true);
  const state = await ipXfrm(testbed, 'a', 'state');
  expect(state).toMatch(/src 192\.0\.2\.1 dst 192\.0\.2\.2\n\tproto esp spi 0x[0-9a-f]{8} reqid \d+ mode transport\n/);
  expect(state).toMatch(/\tsel src 192\.0\.2\.1\/32 dst 192\.0\.2\.2\/32 \n/);
  const policy = await ipXfrm(testbed, 'a', 'policy');
  for (const direction of ['out', 'in']) expect(policy).toMatch(new RegExp(`/32 \\n\tdir ${direction} priority \\d+`));
  expect(policy).toMatch(/\tproto esp (spi 0x[0-9a-f]{8} )?reqid \d+ mode transport\n/);
});

test('SAs are rekeyed by either end without the loss of a packet', async () => {
  await connect(outer, true);
  const spis = async (): Promise<readonly string[]> => (await ends.a.xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
  const pings = Promise.all(both.map((end) => ping(testbed, end, { addresses: outer, count: 200 })));
  for (const end of both) {
    const before = await spis();
    await ends[end].charon.rekey({ child: 'hq' });
    await until(spis, (now) => now.filter((spi) => !before.includes(spi)).length === 2, {
      because: 'there are new SAs', // the old ones stay for some seconds, for what is on its way
      clock: systemClock,
    });
  }
  expect(await pings).toEqual([
    { sent: 200, lost: 0 },
    { sent: 200, lost: 0 },
  ]);
});

test('without an SA nothing leaves, and a trap brings one up', async () => {
  await connect(outer, false);
  await ends.a.charon.terminate({ ike: 'hq', timeoutMs: 5000 });
  const before = (await ends.a.xfrmd.statistics()).drops.noPolicy;
  const refused = await passing(testbed, 'b', 'wire', async () => {
    expect(await ping(testbed, 'a', { addresses: outer, waitSeconds: 1 })).toMatchObject({ lost: 3 });
  });
  expect(inClear(refused)).toEqual([]);
  expect((await ends.a.xfrmd.statistics()).drops.noPolicy).toBeGreaterThanOrEqual(before + 3);

  const trap = { settings: { start_action: 'trap' } };
  const seen = await passing(testbed, 'b', 'wire', async () => {
    await configure(ends.b.charon, 'b', { addresses: outer, raw: false });
    await configure(ends.a.charon, 'a', { addresses: outer, raw: false, child: trap });
    await until(
      () => ping(testbed, 'a', { addresses: outer, count: 1, waitSeconds: 1 }),
      ({ lost }) => lost === 0,
      { because: 'ACQUIRE made charon negotiate', clock: systemClock },
    );
    expect(await troubles(testbed, outer)).toEqual([]);
  });
  expect(inClear(seen)).toEqual([]);
  for (const end of both) await ends[end].charon.connection.request('unload-conn', { name: 'hq' });
});

test('a policy for one service carries nothing else, in either direction', async () => {
  await connect(outer, true, {
    a: { local: 'dynamic[tcp]', remote: 'dynamic[tcp/5001]' },
    b: { local: 'dynamic[tcp/5001]', remote: 'dynamic[tcp]' },
  });
  const seen = await passing(testbed, 'b', 'wire', async () => {
    const { sent, arrived } = await transfer(testbed, 'a', 5, outer);
    expect(arrived).toBe(sent);
    const before = (await ends.a.xfrmd.statistics()).drops.noPolicy;
    expect(await ping(testbed, 'a', { addresses: outer, waitSeconds: 1 })).toMatchObject({ lost: 3 });
    expect((await ends.a.xfrmd.statistics()).drops.noPolicy).toBeGreaterThanOrEqual(before + 3);
    // The peer turns bad: it sends everything into the SA.
    const reqid = /reqid (\d+)/.exec(await ipXfrm(testbed, 'b', 'policy', 'list', 'dir', 'out'))?.[1] ?? '';
    const everything = ['src', `${outer.b}/32`, 'dst', `${outer.a}/32`, 'dir', 'out', 'if_id', String(ifIds.b)];
    await ipXfrm(testbed, 'b', 'policy', 'add', ...everything, 'tmpl', 'proto', 'esp', 'reqid', reqid, 'mode', 'transport');
    const { inboundPolicy } = (await ends.a.xfrmd.statistics()).drops;
    expect(await ping(testbed, 'b', { addresses: outer, waitSeconds: 1 })).toMatchObject({ lost: 3 });
    expect((await ends.a.xfrmd.statistics()).drops.inboundPolicy).toBeGreaterThanOrEqual(inboundPolicy + 3);
    await ipXfrm(testbed, 'b', 'policy', 'delete', ...everything);
  });
  expect(inClear(seen)).toEqual([]);
});

test('a program bound to the device sends nothing in clear, and a peer that does is not heard', async () => {
  await connect(outer, true);
  const pingDevice = async (): Promise<string> => {
    const argv = ['ping', '-q', '-n', '-c', '3', '-i', '0.02', '-W', '1', '-I', 'wire', outer.b];
    return (await testbed.exec('a', argv, { okCodes: [0, 1, 2] })).stdout;
  };
  const held = await passing(testbed, 'b', 'wire', async () => expect(await pingDevice()).toContain(' 100% packet loss'));
  expect(inClear(held)).toEqual([]);
  await testbed.exec('a', ['nft', 'delete chain ip transport out']);
  const sent = await passing(testbed, 'b', 'wire', async () => expect(await pingDevice()).toContain(' 100% packet loss'));
  expect(inClear(sent).filter((line) => line.includes('echo request'))).toHaveLength(3);
  expect(inClear(sent).filter((line) => line.includes('echo reply'))).toEqual([]);
  expect((await testbed.exec('b', ['nft', 'list', 'table', 'ip', 'transport'])).stdout).toContain('counter packets 3 ');
  await testbed.exec('a', [
    'nft',
    `add chain ip transport out { type filter hook output priority 0; }; add rule ip transport out oifname wire ip daddr ${outer.b} jump only_ipsec`,
  ]);
});

test('VXLAN between the hosts', async () => {
  await connect(outer, false, {
    a: { local: 'dynamic[udp]', remote: 'dynamic[udp]' },
    b: { local: 'dynamic[udp]', remote: 'dynamic[udp]' },
  });
  const bridged = { a: '10.66.0.1', b: '10.66.0.2' };
  for (const end of both) {
    const link = ['type', 'vxlan', 'id', '7', 'local', outer[end], 'remote', outer[other[end]], 'dstport', '4789'];
    await testbed.ip(end, 'link', 'add', 'vx', 'mtu', '1350', ...link);
    await testbed.ip(end, 'address', 'add', `${bridged[end]}/24`, 'dev', 'vx');
    await testbed.ip(end, 'link', 'set', 'vx', 'up');
  }
  const seen = await passing(testbed, 'b', 'wire', async () => expect(await troubles(testbed, bridged)).toEqual([]));
  expect(inClear(seen)).toEqual([]);
  expect(seen.filter(isUdpEsp).length).toBeGreaterThan(100);
  for (const end of both) await testbed.ip(end, 'link', 'delete', 'vx');
});

test('what is larger than the path: fragments of ESP, never of what is inside', async () => {
  const mtu = (octets: number): Promise<unknown> =>
    Promise.all(both.map((end) => ends[end].xfrmd.createTunnel({ ifId: ifIds[end], name: `t${ifIds[end]}`, mtu: octets, mssClamp: 1350 })));
  const drops = async (): Promise<XfrmdStatistics['drops']> => (await ends.a.xfrmd.statistics()).drops;
  await connect(outer, true, { a: { settings: { copy_df: 'no' } }, b: { settings: { copy_df: 'no' } } });
  // Beyond the TUN's MTU the host itself makes fragments, and ESP takes whole packets only.
  await mtu(1400);
  const before = await drops();
  expect(await ping(testbed, 'a', { addresses: outer, size: 2000, waitSeconds: 1 })).toMatchObject({ lost: 3 });
  expect((await drops()).transportFragment).toBeGreaterThanOrEqual(before.transportFragment + 6);
  await mtu(65_535);
  const whole = await drops();
  for (const size of [2000, 8000, 60_000])
    for (const end of both) expect(await ping(testbed, end, { addresses: outer, size })).toEqual({ sent: 3, lost: 0 });
  expect(await troubles(testbed, outer)).toEqual([]);
  // The largest of all have no room for ESP.
  expect(await ping(testbed, 'a', { addresses: outer, size: 65_507, waitSeconds: 1 })).toMatchObject({ lost: 3 });
  const after = await drops();
  expect(after.transportFragment).toBe(whole.transportFragment);
  expect(after.packetTooBig).toBeGreaterThanOrEqual(whole.packetTooBig + 3);
  await mtu(1400);
});

test('IPv6 destination options go through ESP; options for routers are refused', async () => {
  await connect(outer6, true);
  // Eight octets of padding: what any host skips. 59 is IPV6_DSTOPTS, 54 IPV6_HOPOPTS.
  const send = `my ($option, $to) = @ARGV; socket(S, AF_INET6, SOCK_DGRAM, 0) or die $!;
    setsockopt(S, 41, $option, pack('C8', 0, 0, 1, 4, 0, 0, 0, 0)) or die $!;
    send(S, 'sallyport', 0, pack_sockaddr_in6(5009, inet_pton(AF_INET6, $to))) or die $!;`;
  const datagram = (option: number): Promise<unknown> => testbed.exec('a', ['perl', '-MSocket=:all', '-e', send, String(option), outer6.b]);
  const arrived = await passing(testbed, 'b', `t${ifIds.b}`, async () => {
    await datagram(59);
    expect(await ping(testbed, 'a', { addresses: outer6 })).toMatchObject({ lost: 0 });
  });
  expect(arrived.filter((line) => line.includes('DSTOPT') && line.includes('> 5009:'))).toHaveLength(1);
  // Nobody listens: the host read past the options to the port, and answers.
  expect(arrived.filter((line) => line.includes('unreachable port'))).toHaveLength(1);
  const { transportOptions } = (await ends.a.xfrmd.statistics()).drops;
  const seen = await passing(testbed, 'b', 'wire', async () => {
    await datagram(54);
    expect(await ping(testbed, 'a', { addresses: outer6 })).toMatchObject({ lost: 0 });
  });
  expect((await ends.a.xfrmd.statistics()).drops.transportOptions).toBe(transportOptions + 1);
  expect(inClear(seen)).toEqual([]);
});

test('an engine that is killed leaves nothing that sends in clear', async () => {
  await connect(outer, true);
  const seen = await passing(testbed, 'b', 'wire', async () => {
    const argv = ['ping', '-q', '-n', '-c', '100', '-i', '0.02', '-W', '1', '-I', outer.a, outer.b];
    const pings = testbed.exec('a', argv, { okCodes: [0, 1, 2] });
    await until(
      () => ends.a.xfrmd.statistics(),
      ({ securityAssociations }) => securityAssociations.some(({ packets }) => packets > 20),
      { because: 'pings are on their way', clock: systemClock },
    );
    await testbed.stop('xfrmd-a', 0);
    await pings;
  });
  expect(seen.filter(isRawEsp).length).toBeGreaterThan(20);
  expect(inClear(seen)).toEqual([]);
});
