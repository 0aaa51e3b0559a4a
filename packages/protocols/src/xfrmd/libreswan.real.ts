/**
 * Unmodified libreswan 4.10 on xfrmd through the shim, against stock strongSwan with kernel-libipsec and against strongSwan on
 * xfrmd: packets both ways, rekeys by either end, MOBIKE, one socket per address. Needs root, and Debian's archive the first time.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '../vici/session.ts';
import { configure, inner, outer, ping, startCharon, startEngine, startOurs, transfer, wire } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { Libreswan } from './libreswan-testbed.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('lsw');
let xfrmd: XfrmdClient;
let pluto: Libreswan;

beforeAll(async () => {
  await wire(testbed);
  xfrmd = await startEngine(testbed, 'a');
  await xfrmd.createTunnel({ ifId: 0, name: 't0', mtu: 1400, mssClamp: 1350 });
  await testbed.ip('a', 'route', 'add', '10.2.0.0/24', 'dev', 't0', 'src', inner.a);
  pluto = await Libreswan.start(testbed, { esp: 'aes_gcm256' });
});
afterAll(async () => {
  await xfrmd?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

async function currentSpis(): Promise<readonly string[]> {
  return (await xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
}

async function connect(peer: ViciSession, esp: string, onXfrmd: boolean): Promise<void> {
  await pluto.reconfigure({});
  await configure(peer, 'b', { esp, onXfrmd, anyToAny: false });
  expect(await pluto.whack('--name', 'hq', '--initiate')).toContain('established Child SA');
}

async function expectPackets(): Promise<void> {
  for (const end of ['a', 'b'] as const) {
    expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
    const { sent, arrived } = await transfer(testbed, end, 10);
    expect(arrived).toBe(sent);
  }
}

test('pluto hands over one socket for each of its addresses', async () => {
  const addresses = [outer.a, inner.a, '127.0.0.1'];
  const { udpSockets } = await until(
    () => xfrmd.health(),
    ({ udpSockets: now }) => addresses.every((address) => now.some((socket) => socket.address === address)),
    { because: 'pluto found its addresses', clock: systemClock },
  );
  expect(udpSockets.every(({ port }) => port === 4500)).toBe(true);
});

test.each(['libipsec', 'xfrmd'] as const)('with a charon on %s: packets, rekeys by either end, an orderly end', async (device) => {
  const peer =
    device === 'xfrmd' ? await startOurs(testbed, 'b') : { xfrmd: undefined, charon: await startCharon(testbed, 'b', 'libipsec') };
  try {
    await connect(peer.charon, 'aes256gcm16-modp2048', device === 'xfrmd');
    await expectPackets();
    const pings = Promise.all([ping(testbed, 'a', { count: 200 }), ping(testbed, 'b', { count: 200 })]);
    for (const rekey of [() => pluto.whack('--name', 'hq', '--rekey-ipsec'), () => peer.charon.rekey({ child: 'hq' })]) {
      const before = await currentSpis();
      await rekey();
      await until(currentSpis, (now) => now.length === 2 && now.every((spi) => !before.includes(spi)), {
        because: 'the Child SA is a new one',
        clock: systemClock,
      });
    }
    // libreswan sends with a new SA the moment it answers: a packet that overtakes its answer meets nothing that could open it.
    for (const { sent, lost } of await pings) {
      expect(sent).toBe(200);
      expect(lost).toBeLessThanOrEqual(2);
    }
    await pluto.whack('--name', 'hq', '--terminate');
    await until(currentSpis, (now) => now.length === 0, { because: 'pluto deleted its SAs', clock: systemClock });
  } finally {
    await peer.xfrmd?.[Symbol.asyncDispose]();
    await testbed.stop('charon-b');
    await testbed.stop('xfrmd-b');
  }
});

test.each([
  { esp: 'aes256-sha2_256', theirs: 'aes256-sha256-modp2048', raw: false, esn: false },
  { esp: 'aes128-sha1', theirs: 'aes128-sha1-modp2048', raw: false, esn: false },
  { esp: 'aes_gcm256', theirs: 'aes256gcm16-modp2048', raw: true, esn: false },
  { esp: 'aes_gcm128', theirs: 'aes128gcm16-esn-modp2048', raw: false, esn: true },
])('libreswan asks for $esp, raw: $raw, ESN: $esn', async ({ esp, theirs, raw, esn }) => {
  const peer = await startOurs(testbed, 'b');
  try {
    await pluto.reconfigure({ esp, ...(raw ? { encapsulation: 'no' } : {}), esn: esn ? 'yes' : 'no' });
    await configure(peer.charon, 'b', { esp: theirs, onXfrmd: true, anyToAny: false, raw });
    expect(await pluto.whack('--name', 'hq', '--initiate')).toContain('established Child SA');
    await expectPackets();
    const { securityAssociations } = await xfrmd.statistics();
    expect(securityAssociations.map(({ extendedSequence }) => extendedSequence)).toEqual([esn, esn]);
    expect(securityAssociations.every(({ source }) => source.endsWith(raw ? ':0' : ':4500'))).toBe(true);
  } finally {
    await pluto.whack('--name', 'hq', '--terminate');
    await peer.xfrmd[Symbol.asyncDispose]();
    await testbed.stop('charon-b');
    await testbed.stop('xfrmd-b');
  }
});

test('a packet without SA makes pluto negotiate', async () => {
  const peer = await startOurs(testbed, 'b');
  try {
    await pluto.reconfigure({ auto: 'ondemand', esp: 'aes_gcm256', esn: 'no' });
    await configure(peer.charon, 'b', { esp: 'aes256gcm16-modp2048', onXfrmd: true, anyToAny: false });
    await until(
      () => ping(testbed, 'a', { count: 1, waitSeconds: 1 }),
      ({ lost }) => lost === 0,
      { because: 'ACQUIRE brought the tunnel up', clock: systemClock },
    );
    expect(await currentSpis()).toHaveLength(2);
    await expectPackets();
  } finally {
    await pluto.whack('--name', 'hq', '--delete');
    await peer.xfrmd[Symbol.asyncDispose]();
    await testbed.stop('charon-b');
    await testbed.stop('xfrmd-b');
  }
});

test('pluto moves to another address: MIGRATE keeps the SAs', async () => {
  const peer = await startOurs(testbed, 'b');
  try {
    await testbed.exec('a', ['sysctl', '-qw', 'net.ipv4.conf.wire.promote_secondaries=1']);
    // Only an end that goes by its default route, and without NAT, is one that pluto takes for a mobile one.
    await testbed.ip('a', 'route', 'add', 'default', 'via', outer.b, 'dev', 'wire');
    const roaming = { left: '%defaultroute', leftid: outer.a, mobike: 'yes', encapsulation: 'no' };
    await pluto.reconfigure({ ...roaming, esp: 'aes_gcm256', esn: 'no' });
    await configure(peer.charon, 'b', { esp: 'aes256gcm16-modp2048', onXfrmd: true, anyToAny: false, raw: true });
    expect(await pluto.whack('--name', 'hq', '--initiate')).toContain('established Child SA');
    await expectPackets();
    const before = await currentSpis();
    await testbed.ip('a', 'address', 'add', '192.0.2.11/24', 'dev', 'wire');
    await testbed.ip('a', 'address', 'delete', `${outer.a}/24`, 'dev', 'wire');
    await until(
      () => xfrmd.statistics(),
      ({ securityAssociations }) =>
        securityAssociations.every(({ source, destination }) => `${source} ${destination}`.includes('192.0.2.11:')),
      { because: 'pluto migrated its SAs', clock: systemClock },
    );
    expect((await currentSpis()).toSorted()).toEqual(before.toSorted());
    await expectPackets();
  } finally {
    await peer.xfrmd[Symbol.asyncDispose]();
    await testbed.stop('charon-b');
    await testbed.stop('xfrmd-b');
  }
});
