/**
 * MOBIKE (RFC 4555): an end gets another address while the tunnel is up. charon on xfrmd moves its SAs by deleting and adding
 * them with their counters, libreswan by MIGRATE; either way packets go on and no sequence number is used twice. Needs root.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '../vici/session.ts';
import { ifIds, outer, outer6, ping, startCharon, startOurs, wire, type End } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { Testbed } from './testbed.ts';

const testbed = new Testbed('mobi');
const moved = { a: '192.0.2.11', b: '192.0.2.12' } as const;
const networks = { a: '10.1.0.0/24', b: '10.2.0.0/24' } as const;
const other = { a: 'b', b: 'a' } as const;
let ours: { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };

beforeAll(async () => {
  await wire(testbed);
  for (const end of ['a', 'b'] as const) {
    // One way alone: charon would take IPv6 when an IPv4 address goes.
    await testbed.ip(end, 'address', 'delete', `${outer6[end]}/64`, 'dev', 'wire');
    // The new address stays when the old one goes.
    await testbed.exec(end, ['sysctl', '-qw', 'net.ipv4.conf.wire.promote_secondaries=1']);
  }
  ours = await startOurs(testbed, 'a');
});
afterAll(async () => {
  await ours?.xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const end of ['a', 'b'] as const) await testbed.ip(end, 'address', 'replace', `${outer[end]}/24`, 'dev', 'wire');
  for (const end of ['a', 'b'] as const)
    await testbed.exec(end, ['ip', 'address', 'delete', `${moved[end]}/24`, 'dev', 'wire'], { okCodes: [0, 2] });
});

/** A connection that takes its peer wherever it is; only the initiator knows an address. */
async function configure(
  charon: ViciSession,
  end: End,
  options: { readonly initiates: boolean; readonly onXfrmd: boolean },
): Promise<void> {
  await charon.loadConnection('hq', {
    version: '2',
    remote_addrs: options.initiates ? [outer[other[end]]] : ['%any'],
    proposals: ['aes256-sha256-modp2048'],
    encap: 'yes',
    local: { auth: 'psk', id: outer[end] },
    remote: { auth: 'psk', id: outer[other[end]] },
    children: {
      hq: {
        esp_proposals: ['aes256gcm16'],
        local_ts: [networks[end]],
        remote_ts: [networks[other[end]]],
        ...(options.onXfrmd ? { if_id_in: String(ifIds[end]), if_id_out: String(ifIds[end]) } : {}),
      },
    },
  });
  await charon.loadShared({ id: 'hq', key: Buffer.from('Contract.Key.1'), owners: Object.values(outer) });
}

async function move(end: End): Promise<void> {
  await testbed.ip(end, 'address', 'add', `${moved[end]}/24`, 'dev', 'wire');
  await testbed.ip(end, 'address', 'delete', `${outer[end]}/24`, 'dev', 'wire');
}

/** SAs as xfrmd has them: address of the peer to the SPI and the counters. */
async function associations(
  xfrmd: XfrmdClient,
): Promise<readonly { spi: string; source: string; destination: string; lastSent: number }[]> {
  return (await xfrmd.statistics()).securityAssociations;
}

async function expectMoved(xfrmd: XfrmdClient, address: string): Promise<void> {
  await until(
    () => associations(xfrmd),
    (now) => now.length === 2 && now.every(({ source, destination }) => `${source} ${destination}`.includes(`${address}:`)),
    { because: `the SAs moved to ${address}`, clock: systemClock },
  );
}

test.each([
  { device: 'xfrmd', mover: 'b' },
  { device: 'xfrmd', mover: 'a' },
  { device: 'libipsec', mover: 'b' },
] as const)('with a charon on $device, end $mover moves', async ({ device, mover }) => {
  const onXfrmd = device === 'xfrmd';
  const peer = onXfrmd ? await startOurs(testbed, 'b') : { xfrmd: undefined, charon: await startCharon(testbed, 'b', 'libipsec') };
  try {
    const initiator = { a: ours.charon, b: peer.charon }[mover];
    await configure(ours.charon, 'a', { initiates: mover === 'a', onXfrmd: true });
    await configure(peer.charon, 'b', { initiates: mover === 'b', onXfrmd });
    await initiator.initiate({ ike: 'hq', child: 'hq', timeoutMs: 10_000 });
    for (const end of ['a', 'b'] as const) expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
    const before = await associations(ours.xfrmd);
    await move(mover);
    await expectMoved(ours.xfrmd, moved[mover]);
    if (peer.xfrmd !== undefined) await expectMoved(peer.xfrmd, moved[mover]);
    for (const end of ['a', 'b'] as const) expect(await ping(testbed, end)).toEqual({ sent: 3, lost: 0 });
    if (!onXfrmd) return; // kernel-libipsec can't move an SA: its charon makes new ones
    const after = await associations(ours.xfrmd);
    expect(after.map(({ spi }) => spi).toSorted()).toEqual(before.map(({ spi }) => spi).toSorted());
    for (const { spi, lastSent } of before) expect(after.find((sa) => sa.spi === spi)?.lastSent).toBeGreaterThanOrEqual(lastSent);
  } finally {
    await ours.charon.terminate({ ike: 'hq', force: true, timeoutMs: 0 });
    await peer.xfrmd?.[Symbol.asyncDispose]();
    await testbed.stop('charon-b');
    await testbed.stop('xfrmd-b');
  }
});
