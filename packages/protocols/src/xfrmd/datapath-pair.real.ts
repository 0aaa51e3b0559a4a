/**
 * xfrmd on both ends, for what kernel-libipsec lacks: ESN, any-to-any selectors with IPv6 inside, traps, limits in bytes, and
 * a peer that sends what it must not. Also `ip xfrm` through the shim. Needs root.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '../vici/session.ts';
import { bringUp, configure, ifIds, inner, outer, ping, shimEnvironment, startOurs, transfer, wire, type End } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { sniff } from './sniff.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('xfrm2');
type Ours = { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
let ends: Readonly<Record<End, Ours>>;

beforeAll(async () => {
  await wire(testbed);
  ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

async function load(esp: string, child: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const end of ['a', 'b'] as const) await configure(ends[end].charon, end, { esp, onXfrmd: true, anyToAny: true, child });
}

async function connectWith(esp: string, child: Readonly<Record<string, string>> = {}): Promise<void> {
  await load(esp, child);
  await bringUp(ends.a.charon, ends.b.charon);
}

async function expectPackets(): Promise<void> {
  for (const end of ['a', 'b'] as const)
    for (const version of [4, 6] as const) expect(await ping(testbed, end, { version })).toEqual({ sent: 3, lost: 0 });
}

test.each([
  'aes256gcm16-esn',
  'aes256gcm8',
  'aes128gcm12',
  'aes256-sha256-esn',
  'aes128ctr-sha1',
  'chacha20poly1305-esn',
  'aes128-md5',
  '3des-sha512',
])('%s, any to any, IPv4 and IPv6 inside', async (esp) => {
  await connectWith(esp, { replay_window: '1024' });
  await expectPackets();
  const { securityAssociations } = await ends.a.xfrmd.statistics();
  expect(securityAssociations.map(({ extendedSequence }) => extendedSequence)).toEqual([esp.endsWith('-esn'), esp.endsWith('-esn')]);
  expect(securityAssociations.map(({ replayWindow }) => replayWindow)).toContain(1024);
});

test.each([4, 6] as const)('TCP over IPv%i with segmentation and coalescing on both ends', async (version) => {
  await connectWith('aes256gcm16');
  for (const end of ['a', 'b'] as const) {
    const { sent, arrived } = await transfer(testbed, end, 100, version);
    expect(arrived).toBe(sent);
  }
});

test('a replay window of 0 takes repeated packets (protection off), and says so', async () => {
  await connectWith('aes256gcm16', { replay_window: '0' });
  await expectPackets();
  const { securityAssociations } = await ends.a.xfrmd.statistics();
  expect(securityAssociations.map(({ replayWindow }) => replayWindow)).toEqual([0, 0]);
});

test('a packet without SA brings the tunnel up when a trap is set', async () => {
  for (const { charon } of Object.values(ends)) await charon.terminate({ ike: 'hq', force: true, timeoutMs: 0 });
  await load('aes256gcm16', { start_action: 'trap' });
  expect(await currentSpis()).toEqual([]);
  await until(
    () => ping(testbed, 'a', { count: 1, waitSeconds: 1 }),
    ({ lost }) => lost === 0,
    { because: 'ACQUIRE made charon negotiate', clock: systemClock },
  );
  await expectPackets();
  for (const end of ['a', 'b'] as const) await ends[end].charon.connection.request('unload-conn', { name: 'hq' });
});

test('a limit in bytes rekeys before it is reached, and ends the SA when it is', async () => {
  await connectWith('aes256gcm16', { life_bytes: '400000', rekey_bytes: '100000', rand_bytes: '0' });
  const first = await currentSpis();
  expect(await ping(testbed, 'a', { count: 200, size: 1000, intervalSeconds: 0.005 })).toEqual({ sent: 200, lost: 0 });
  await until(currentSpis, (now) => now.length >= 2 && now.every((spi) => !first.includes(spi)), {
    because: 'rekeyed by bytes',
    clock: systemClock,
  });
  await connectWith('aes256gcm16', { life_bytes: '20000', rekey_bytes: '0', rand_bytes: '0' });
  const short = await currentSpis();
  await ping(testbed, 'a', { count: 40, size: 1000, intervalSeconds: 0.005, waitSeconds: 1 });
  await until(currentSpis, (now) => short.some((spi) => !now.includes(spi)), {
    because: 'the hard limit removed the SA',
    clock: systemClock,
  });
});

async function currentSpis(): Promise<readonly string[]> {
  return (await ends.a.xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
}

test('an authentic packet that its policy does not allow is dropped', async () => {
  for (const end of ['a', 'b'] as const) await configure(ends[end].charon, end, { esp: 'aes256gcm16', onXfrmd: true, anyToAny: false });
  await bringUp(ends.a.charon, ends.b.charon);
  expect(await ping(testbed, 'b')).toEqual({ sent: 3, lost: 0 });
  // The peer turns bad: it sends everything into the SA, from an address that was not agreed on.
  const { stdout } = await ipXfrm('b', ['policy', 'list', 'dir', 'out']);
  const reqid = /reqid (\d+)/.exec(stdout)?.[1] ?? '';
  await ipXfrm('b', [
    'policy',
    'add',
    'src',
    '0.0.0.0/0',
    'dst',
    '0.0.0.0/0',
    'dir',
    'out',
    'if_id',
    '201',
    'tmpl',
    'src',
    outer.b,
    'dst',
    outer.a,
    'proto',
    'esp',
    'reqid',
    reqid,
    'mode',
    'tunnel',
  ]);
  await testbed.ip('b', 'address', 'add', '10.66.0.1/32', 'dev', 'lo');
  const before = (await ends.a.xfrmd.statistics()).drops.inboundPolicy;
  await testbed.exec('b', ['ping', '-q', '-n', '-c', '3', '-i', '0.02', '-W', '1', '-I', '10.66.0.1', inner.a], { okCodes: [1] });
  expect((await ends.a.xfrmd.statistics()).drops.inboundPolicy).toBe(before + 3);
  expect(await ping(testbed, 'b')).toEqual({ sent: 3, lost: 0 });
});

test('ip xfrm through the shim prints what the kernel would', async () => {
  await connectWith('aes256-sha256', { replay_window: '64' });
  const state = (await ipXfrm('a', ['state'])).stdout;
  expect(state).toMatch(/src 192\.0\.2\.1 dst 192\.0\.2\.2\n\tproto esp spi 0x[0-9a-f]{8} reqid \d+ mode tunnel/);
  expect(state).toMatch(/auth-trunc hmac\(sha256\) 0x[0-9a-f]{64} 128/);
  expect(state).toContain('encap type espinudp sport 4500 dport 4500 addr 0.0.0.0');
  expect(state).toContain('if_id 0x65');
  const policy = (await ipXfrm('a', ['policy'])).stdout;
  for (const direction of ['out', 'in', 'fwd'])
    expect(policy).toMatch(new RegExp(`src 0\\.0\\.0\\.0/0 dst 0\\.0\\.0\\.0/0 \\n\tdir ${direction} priority \\d+`));
  expect((await ipXfrm('a', ['state', 'count'])).stdout).toContain('SAD count 2');
});

const ipXfrm = (end: End, argv: readonly string[]): ReturnType<Testbed['exec']> => {
  const environment = Object.entries(shimEnvironment(testbed, end)).map(([name, value]) => `${name}=${value}`);
  return testbed.exec(end, ['env', ...environment, 'ip', 'xfrm', ...argv]);
};

test('SYNs are clamped both ways and markings survive the tunnel', async () => {
  await connectWith('aes256gcm16');
  for (const from of ['a', 'b'] as const) {
    const seen = await arriving('b', () => transfer(testbed, from, 1));
    expect([...seen.matchAll(/mss (\d+)/g)].map(([, value]) => value)).toEqual(['1350']);
  }
  const marked = await arriving('b', () => testbed.exec('a', ['ping', '-q', '-n', '-c', '1', '-Q', '0xb9', '-I', inner.a, inner.b]));
  expect(marked).toContain('tos 0xb9');
});

/** What tcpdump prints of packets that come out of the tunnel meanwhile. */
async function arriving(end: End, work: () => Promise<unknown>): Promise<string> {
  return (await sniff(testbed, end, ['-v', '-Q', 'in', '-i', `t${ifIds[end]}`], work)).join('\n');
}
