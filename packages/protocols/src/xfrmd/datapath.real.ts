/**
 * xfrmd under an unmodified charon against stock strongSwan with kernel-libipsec, a third party that shares no code with our
 * data path: suites, rekeys, replayed and forged packets, and what is seen on the wire. Needs root.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { text } from '../vici/read.ts';
import type { ViciSession } from '../vici/session.ts';
import { bringUp, configure, inner, outer, ping, startCharon, startOurs, transfer, wire } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('xfrmp');
let ours: { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
let peer: ViciSession;

beforeAll(async () => {
  await wire(testbed);
  ours = await startOurs(testbed, 'a');
  peer = await startCharon(testbed, 'b', 'libipsec');
});
afterAll(async () => {
  await ours?.xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

async function connectWith(esp: string): Promise<void> {
  await configure(ours.charon, 'a', { esp, onXfrmd: true, anyToAny: true });
  await configure(peer, 'b', { esp, onXfrmd: false, anyToAny: false });
  await bringUp(ours.charon, peer);
}

const drops = async (): Promise<Readonly<Record<string, number>>> => (await ours.xfrmd.statistics()).drops;

test('charon speaks to xfrmd and not to the kernel', async () => {
  const health = await ours.xfrmd.health();
  expect(health.xfrmClients).toMatchObject([{ listensToEvents: true }]);
  expect(health.udpSockets.map(({ port }) => port)).toEqual(health.udpSockets.map(() => 4500));
  expect(health.udpSockets.length).toBeGreaterThan(0);
});

// Azure's default proposals first, then what its policies allow besides.
test.each([
  'aes256gcm16',
  'aes256-sha1',
  '3des-sha1',
  'aes256-sha256',
  'aes128-sha1',
  '3des-sha256',
  'aes128gcm16',
  'aes192gcm16',
  'aes128-sha256',
  'aes192-sha384',
  'aes256-sha512',
  'null-sha256',
  'chacha20poly1305',
])('%s carries packets of every size both ways', async (esp) => {
  await connectWith(esp);
  for (const end of ['a', 'b'] as const) {
    expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
    for (const size of [0, 1, 2, 3, 1372]) expect(await ping(testbed, end, { count: 1, size })).toEqual({ sent: 1, lost: 0 });
  }
});

test.each(['aes256gcm16', 'aes256-sha256'])('TCP both ways with %s', async (esp) => {
  await connectWith(esp);
  for (const end of ['a', 'b'] as const) {
    const { sent, arrived } = await transfer(testbed, end, 30);
    expect(arrived).toBe(sent);
  }
  expect(await drops()).toMatchObject({ integrityFailed: 0, malformedEsp: 0, malformedInner: 0, malformedFrame: 0, inboundPolicy: 0 });
});

test('over IPv6 outside', async () => {
  for (const [charon, end, onXfrmd] of [
    [ours.charon, 'a', true],
    [peer, 'b', false],
  ] as const)
    await configure(charon, end, { esp: 'aes256gcm16', onXfrmd, anyToAny: onXfrmd, outside: 6 });
  await bringUp(ours.charon, peer);
  for (const end of ['a', 'b'] as const) expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
  const { sent, arrived } = await transfer(testbed, 'a', 10);
  expect(arrived).toBe(sent);
  expect((await ours.xfrmd.statistics()).securityAssociations.map(({ source }) => source).toSorted()).toEqual([
    '[2001:db8::1]:4500',
    '[2001:db8::2]:4500',
  ]);
});

test('rekeys of CHILD and IKE SA by either end lose nothing', async () => {
  await connectWith('aes256gcm16');
  const pings = Promise.all([ping(testbed, 'a', { count: 300 }), ping(testbed, 'b', { count: 300 })]);
  const seen = new Set<string>();
  for (const [charon, what, identify] of [
    [ours.charon, { child: 'hq' }, currentSpis],
    [peer, { child: 'hq' }, currentSpis],
    [ours.charon, { ike: 'hq' }, currentIke],
    [peer, { ike: 'hq' }, currentIke],
    [ours.charon, { child: 'hq' }, currentSpis],
  ] as const) {
    const before = await identify();
    await charon.connection.request('rekey', what);
    const after = await until(identify, (now) => now.length === 2 && now.every((id) => !before.includes(id)), {
      because: `the old SAs of ${JSON.stringify(what)} are gone and new ones in place`,
      clock: systemClock,
    });
    for (const id of after) seen.add(id);
  }
  expect(await pings).toEqual([
    { sent: 300, lost: 0 },
    { sent: 300, lost: 0 },
  ]);
  expect(seen.size).toBe(10);
});

/** The IKE SA as each end has it; none while two exist. */
async function currentIke(): Promise<readonly string[]> {
  const lists = await Promise.all([ours.charon.listSas(), peer.listSas()]);
  if (lists.some((list) => list.length !== 1)) return [];
  return lists.map((list, end) => `${end} ${list[0] === undefined ? '' : text(list[0].body, 'initiator-spi')}`);
}

async function currentSpis(): Promise<readonly string[]> {
  return (await ours.xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
}

test('replayed and forged packets are dropped and counted, and disturb nothing', async () => {
  await connectWith('aes256gcm16');
  const packets = await captured(async () => void (await ping(testbed, 'b', { count: 5 })));
  const esp = packets.filter(({ source, payload }) => source === outer.b && !payload.startsWith('00000000'));
  expect(esp.length).toBeGreaterThanOrEqual(5);
  const before = await drops();
  await inject(esp.map(({ payload }) => payload));
  await until(drops, (now) => now['replayed'] === (before['replayed'] ?? 0) + esp.length, {
    because: 'replays are counted',
    clock: systemClock,
  });
  const last = Buffer.from(esp.at(-1)?.payload ?? '', 'hex');
  const forged = Buffer.from(last);
  forged.writeUInt32BE(forged.readUInt32BE(4) + 100, 4); // a number that was not seen yet
  const damaged = Buffer.from(forged);
  damaged.writeUInt8(damaged.readUInt8(30) ^ 1, 30);
  const stranger = Buffer.from(forged);
  stranger.writeUInt32BE(0x12345678, 0);
  await inject([forged, damaged, stranger, forged.subarray(0, 20), forged.subarray(0, 9)].map((bytes) => bytes.toString('hex')));
  await until(
    drops,
    (now) => now['integrityFailed'] === (before['integrityFailed'] ?? 0) + 2 && now['malformedEsp'] === (before['malformedEsp'] ?? 0) + 2,
    { because: 'forgeries are counted', clock: systemClock },
  );
  expect((await drops())['unknownSpi']).toBeGreaterThan(before['unknownSpi'] ?? 0);
  for (const end of ['a', 'b'] as const) expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
});

test('on the wire there is nothing but UDP 500 and 4500', async () => {
  const packets = await captured(async () => {
    await connectWith('aes256gcm16');
    await ping(testbed, 'a', { count: 20 });
    await transfer(testbed, 'a', 5);
  });
  expect(packets.length).toBeGreaterThan(100);
  for (const { protocol, ports } of packets) {
    expect(protocol).toBe('17');
    expect(ports.every((port) => port === '500' || port === '4500')).toBe(true);
  }
  const inClear = [inner.a, inner.b].map((address) => Buffer.from(address.split('.').map(Number)).toString('hex')).join('|');
  expect(packets.filter(({ payload }) => new RegExp(`^(..)*45..(..){10}(${inClear})`).test(payload))).toEqual([]);
});

test('an IKE daemon that dies leaves no SA and no socket behind, and its successor works', async () => {
  await connectWith('aes256gcm16');
  for (const graceMs of [0, 2000]) {
    await testbed.stop('charon-a', graceMs);
    await until(
      () => ours.xfrmd.health(),
      (health) => health.xfrmClients.length === 0 && health.udpSockets.length === 0,
      {
        because: 'xfrmd saw charon end',
        clock: systemClock,
      },
    );
    expect(await ours.xfrmd.statistics()).toMatchObject({ securityAssociations: [], policies: 0, tunnels: [{ ifId: 101 }] });
    ours = { ...ours, charon: await startCharon(testbed, 'a', 'xfrmd') };
    await connectWith('aes256gcm16');
    expect(await ping(testbed, 'a')).toEqual({ sent: 3, lost: 0 });
  }
});

test('an engine that is killed ends its charon, and both come back', async () => {
  await testbed.stop('xfrmd-a', 0);
  await until(
    () => testbed.isRunning('charon-a'),
    (isRunning) => !isRunning,
    { because: 'charon shares the fate of xfrmd', clock: systemClock },
  );
  ours = await startOurs(testbed, 'a');
  await connectWith('aes256-sha256');
  expect(await ping(testbed, 'b')).toEqual({ sent: 3, lost: 0 });
});

type Captured = { readonly source: string; readonly protocol: string; readonly ports: readonly string[]; readonly payload: string };

/** IPv4 packets on our end of the wire while `work` runs; payloads of UDP in hexadecimal. */
async function captured(work: () => Promise<void>): Promise<readonly Captured[]> {
  const file = join(testbed.directory, 'wire.pcap');
  testbed.start('a', 'tcpdump', ['tcpdump', '--immediate-mode', '-Uni', 'wire', '-w', file, 'ip']);
  const log = join(testbed.directory, 'tcpdump.log');
  await until(
    () => readFileSync(log, 'utf8'),
    (said) => said.includes('listening on'),
    { because: 'tcpdump listens', clock: systemClock },
  );
  await work();
  await testbed.stop('tcpdump');
  rmSync(log);
  const fields = ['ip.src', 'ip.proto', 'udp.srcport', 'udp.dstport', 'data.data'].flatMap((field) => ['-e', field]);
  const undissected = ['udp.port==4500,data', 'udp.port==500,data'].flatMap((rule) => ['-d', rule]);
  const { stdout } = await testbed.exec('a', ['tshark', '-r', file, ...undissected, '-T', 'fields', ...fields]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [source = '', protocol = '', from = '', to = '', payload = ''] = line.split('\t');
      return { source, protocol, ports: [from, to], payload };
    });
}

/** Sends UDP payloads from the peer's address to our NAT-T port, one after the other. */
async function inject(payloads: readonly string[]): Promise<void> {
  const script = `const s = require('node:dgram').createSocket('udp4');
    const all = process.argv.slice(1);
    s.bind(0, '${outer.b}', async () => {
      for (const hex of all) await new Promise((done) => s.send(Buffer.from(hex, 'hex'), 4500, '${outer.a}', done));
      s.close();
    });`;
  await testbed.exec('b', [process.execPath, '-e', script, ...payloads]);
}
