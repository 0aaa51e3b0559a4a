/**
 * Captures of both sides of a tunnel between two charons on xfrmd, with tshark as the reader: clear packets in the inner file, ESP
 * in the outer one, and the same packets in both once tshark has decrypted them with the SAs' keys. Needs root.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ViciSession } from '../vici/session.ts';
import {
  bringUp,
  configure,
  ifIds,
  inner,
  outer,
  ping,
  shimEnvironment,
  startOurs,
  transfer,
  wire,
  xfrmdDirectory,
  type End,
} from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import type { XfrmdCapture } from './protocol.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('cap');
let ends: Readonly<Record<End, { readonly xfrmd: XfrmdClient; readonly charon: ViciSession }>>;
beforeAll(async () => {
  await wire(testbed);
  ends = { a: await startOurs(testbed, 'a'), b: await startOurs(testbed, 'b') };
  for (const end of ['a', 'b'] as const)
    await configure(ends[end].charon, end, { esp: 'aes256gcm16', onXfrmd: true, anyToAny: true, child: { rekey_time: '0' } });
  await bringUp(ends.a.charon, ends.b.charon);
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

type Echo = { readonly source: string; readonly kind: string; readonly sequence: string };

async function tshark(file: string | undefined, argv: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await testbed.exec('a', ['tshark', '-n', '-r', file ?? '', ...argv]);
  return stdout.split('\n').filter((line) => line !== '');
}

async function echoes(file: string | undefined, options: readonly string[] = []): Promise<readonly Echo[]> {
  const lines = await tshark(file, [...options, '-Y', 'icmp', '-T', 'fields', '-e', 'ip.src', '-e', 'icmp.type', '-e', 'icmp.seq']);
  return lines.map((line) => {
    const [source = '', kind = '', sequence = ''] = line.split('\t');
    return { source: source.split(',').at(-1) ?? '', kind, sequence };
  });
}

/** In the order of the questions; what belongs to one stays as it came. */
const bySequence = (all: readonly Echo[]): readonly Echo[] => all.toSorted((a, b) => Number(a.sequence) - Number(b.sequence));

/** Tells tshark the keys, as `ip xfrm state` shows them through the shim. */
async function decryption(): Promise<readonly string[]> {
  const environment = Object.entries(shimEnvironment(testbed, 'a')).map(([name, value]) => `${name}=${value}`);
  const { stdout } = await testbed.exec('a', ['env', ...environment, 'ip', 'xfrm', 'state']);
  const states = [
    ...stdout.matchAll(/src (\S+) dst (\S+)\n\s+proto esp spi (0x[0-9a-f]+)[^]*?aead rfc4106\(gcm\(aes\)\) (0x[0-9a-f]+) 128/g),
  ];
  expect(states).toHaveLength(2);
  const rows = states.flatMap(([, source, destination, spi, key]) => {
    const fields = ['IPv4', source, destination, spi, 'AES-GCM with 16 octet ICV [RFC4106]', key, 'NULL', '', '32-bit', ''];
    return ['-o', `uat:esp_sa:${fields.map((field) => `"${field}"`).join(',')}`];
  });
  return ['-o', 'esp.enable_encryption_decode:TRUE', ...rows];
}

async function captured<T>(
  names: Readonly<Record<'inner' | 'outer', object>>,
  traffic: () => Promise<T>,
): Promise<readonly [XfrmdCapture, XfrmdCapture, T]> {
  const stamp = `${Date.now()}`;
  for (const side of ['inner', 'outer'] as const) await ends.a.xfrmd.startCapture({ name: `${side}-${stamp}`, side, ...names[side] });
  const result = await traffic();
  return [await ends.a.xfrmd.stopCapture(`inner-${stamp}`), await ends.a.xfrmd.stopCapture(`outer-${stamp}`), result];
}

test('the inner file has the packets in clear, the outer one the ESP that carries them, and tshark decrypts it to the same', async () => {
  const [clear, sealed, lost] = await captured({ inner: { ifId: ifIds.a }, outer: { ifId: ifIds.a } }, () =>
    ping(testbed, 'a', { count: 20 }),
  );
  expect(lost).toEqual({ sent: 20, lost: 0 });
  expect([clear, sealed].map(({ packets, dropped, isFull }) => ({ packets, dropped, isFull }))).toEqual([
    { packets: 40, dropped: 0, isFull: false },
    { packets: 40, dropped: 0, isFull: false },
  ]);
  expect(clear.paths).toEqual([join(xfrmdDirectory(testbed, 'a'), 'captures', `${clear.name}.pcapng`)]);
  expect(statSync(clear.paths[0] ?? '').mode & 0o777).toBe(0o600);
  const seen = await echoes(clear.paths[0]);
  // An answer may come after the next question; it never comes before its own.
  expect(bySequence(seen)).toEqual(
    Array.from({ length: 20 }, (_, index) => [
      { source: inner.a, kind: '8', sequence: String(index + 1) },
      { source: inner.b, kind: '0', sequence: String(index + 1) },
    ]).flat(),
  );
  expect(await echoes(sealed.paths[0])).toEqual([]);
  const wrapped = await tshark(sealed.paths[0], [
    '-T',
    'fields',
    '-e',
    'ip.src',
    '-e',
    'udp.dstport',
    '-e',
    'frame.protocols',
    '-e',
    'ip.checksum.status',
  ]);
  expect(new Set(wrapped.map((line) => line.split('\t').slice(0, 3).join(' ')))).toEqual(
    new Set([`${outer.a} 4500 raw:ip:udp:udpencap:esp`, `${outer.b} 4500 raw:ip:udp:udpencap:esp`]),
  );
  expect(bySequence(await echoes(sealed.paths[0], await decryption()))).toEqual(bySequence(seen));
});

test('headers made for the outer file have right checksums', async () => {
  const [, sealed] = await captured({ inner: {}, outer: {} }, () => ping(testbed, 'a'));
  const checked = ['-o', 'ip.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'];
  const lines = await tshark(sealed.paths[0], [...checked, '-T', 'fields', '-e', 'ip.checksum.status', '-e', 'udp.checksum.status']);
  expect(new Set(lines)).toEqual(new Set(['1\t1']));
});

test('a filter, a snap length and another tunnel leave out what they say', async () => {
  const others = await ends.a.xfrmd.startCapture({ name: 'others', side: 'inner', ifId: 999 });
  expect(others).toMatchObject({ ifId: 999 });
  const filter = { protocol: 1, address: inner.b };
  const [clear, sealed] = await captured({ inner: { filter, snapLength: 64 }, outer: { filter: { port: 500 } } }, async () => {
    await ping(testbed, 'a', { size: 1000 });
    await ping(testbed, 'a', { version: 6 });
  });
  expect([clear.packets, sealed.packets, (await ends.a.xfrmd.stopCapture('others')).packets]).toEqual([6, 0, 0]);
  const lines = await tshark(clear.paths[0], ['-T', 'fields', '-e', 'frame.cap_len', '-e', 'frame.len']);
  expect(new Set(lines)).toEqual(new Set(['64\t1028']));
});

test('captures that begin and end under load cost no packet', async () => {
  const before = (await ends.a.xfrmd.statistics()).drops;
  let isDone = false;
  const begun: string[] = [];
  const load = Promise.all([transfer(testbed, 'a', 200), ping(testbed, 'b', { count: 300, intervalSeconds: 0.01 })]).finally(
    () => (isDone = true),
  );
  while (!isDone) {
    const names = (['inner', 'outer'] as const).map((side) => ({ name: `load-${begun.length}-${side}`, side }));
    for (const { name, side } of names) await ends.a.xfrmd.startCapture({ name, side, maxBytes: 1 << 20, files: 2 });
    for (const { name } of names) begun.push((await ends.a.xfrmd.stopCapture(name)).paths[0] ?? '');
  }
  const [{ sent, arrived }, pings] = await load;
  expect(arrived).toBe(sent);
  expect(pings.lost).toBe(0);
  expect((await ends.a.xfrmd.statistics()).drops).toEqual(before);
  expect(begun.length).toBeGreaterThan(10);
  for (const file of begun.slice(0, 6)) await tshark(file, ['-c', '1']); // well-formed, however short
});

test('a file that is full ends the capture, not the traffic', async () => {
  const [clear, , { sent, arrived }] = await captured({ inner: { maxBytes: 1 << 20 }, outer: { maxBytes: 1 << 20, files: 4 } }, () =>
    transfer(testbed, 'a', 20),
  );
  expect(arrived).toBe(sent);
  expect(clear).toMatchObject({ isFull: true });
  expect(clear.dropped).toBeGreaterThan(0);
  expect(statSync(clear.paths[0] ?? '').size).toBeLessThanOrEqual(1 << 20);
});
