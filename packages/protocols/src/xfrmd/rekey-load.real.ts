/**
 * CHILD and IKE SAs rekeyed by either end, one after the other, while TCP and UDP fill the tunnel: nothing may be lost. One end has four
 * packet threads. Ten seconds in `npm test`; `npm run soak` does it for a minute (SALLYPORT_SOAK_SECONDS). Needs root.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { text } from '../vici/read.ts';
import type { ViciSession } from '../vici/session.ts';
import { bringUp, configure, ifIds, inner, startOurs, wire, type End } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { xfrmdDropCauses } from './protocol.ts';
import { Testbed } from './testbed.ts';

const seconds = Number(process.env['SALLYPORT_SOAK_SECONDS'] ?? 10);
/** SAs at one end: of three generations, which makes a rekey every two seconds. */
const mostAtOnce = 6;
const testbed = new Testbed('rekey');
type Ours = { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
let ends: Readonly<Record<End, Ours>>;

beforeAll(async () => {
  await wire(testbed);
  ends = { a: await startOurs(testbed, 'a', ['--workers', '4']), b: await startOurs(testbed, 'b') };
  for (const end of ['a', 'b'] as const)
    await configure(ends[end].charon, end, { esp: 'aes256gcm16-modp2048', onXfrmd: true, anyToAny: true });
  await bringUp(ends.a.charon, ends.b.charon);
  // A busy machine answers late: that is no reason to send again here.
  await testbed.exec('a', ['sysctl', '-q', '-w', 'net.ipv4.tcp_early_retrans=0']);
  await testbed.ip('a', 'route', 'replace', '10.2.0.0/24', 'dev', `t${ifIds.a}`, 'src', inner.a, 'rto_min', '10s');
  for (const [name, port] of [
    ['tcp', '5201'],
    ['udp', '5202'],
  ] as const)
    testbed.start('b', `iperf-${name}`, ['iperf3', '-s', '-B', inner.b, '-p', port]);
  await until(
    () => testbed.exec('b', ['ss', '-Hltn']),
    ({ stdout }) => stdout.includes(':5201') && stdout.includes(':5202'),
    { because: 'iperf3 listens', clock: systemClock },
  );
});
afterAll(async () => {
  for (const { xfrmd } of Object.values(ends ?? {})) await xfrmd[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

/** What iperf3 says at the end of a stream from a to b. */
async function stream(port: string, ...more: readonly string[]): Promise<{ readonly packets?: number; readonly lost_packets?: number }> {
  const argv = ['iperf3', '-J', '-c', inner.b, '-B', inner.a, '-p', port, '-t', String(seconds), ...more];
  const { stdout } = await testbed.exec('a', argv, { timeoutMs: (seconds + 60) * 1000 });
  return (JSON.parse(stdout) as { end: { sum: { packets?: number; lost_packets?: number } } }).end.sum; // iperf3's own format
}

/** TCP segments that an end sent again. Its timers and probes are off, so it did because the other one missed something. */
async function resent(): Promise<number> {
  const { stdout } = await testbed.exec('a', ['cat', '/proc/net/snmp']);
  const [names = [], values = []] = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([group]) => group === 'Tcp:');
  return Number(values[names.indexOf('RetransSegs')]);
}

/** Packets that an engine or a tunnel's queue did not pass on. */
async function dropped(): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const end of ['a', 'b'] as const) {
    const { drops } = await ends[end].xfrmd.statistics();
    for (const cause of xfrmdDropCauses) if (cause !== 'keepAlive') found[`${end} ${cause}`] = drops[cause];
    const { stdout } = await testbed.ip(end, '-s', '-j', 'link', 'show', 'dev', `t${ifIds[end]}`);
    const [link] = JSON.parse(stdout) as readonly { readonly stats64: { readonly tx: { readonly dropped: number } } }[]; // iproute2's format
    found[`${end} queue`] = link?.stats64.tx.dropped ?? Number.NaN;
  }
  return found;
}

const spis = async (end: End): Promise<readonly string[]> =>
  (await ends[end].xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
const ikeSpis = async (end: End): Promise<readonly string[]> =>
  (await ends[end].charon.listSas()).map(({ body }) => text(body, 'initiator-spi') ?? '');

test('nothing is lost while CHILD and IKE SAs are rekeyed again and again', { timeout: (seconds + 200) * 1000 }, async () => {
  const before = { drops: await dropped(), resent: await resent() };
  let isRunning = true;
  // A thousand UDP packets a second: after a pause iperf3 sends at once what it missed, and a TUN's queue takes two thousand.
  const streams = Promise.all([stream('5201', '-b', '400M'), stream('5202', '-u', '-b', '8M', '-l', '1000', '-w', '4M')]).finally(() => {
    isRunning = false;
  });
  streams.catch(() => {}); // awaited below
  const rekeys = { child: 0, ike: 0 };
  for (let turn = 0; isRunning; turn += 1) {
    const end = turn % 2 === 0 ? 'a' : 'b';
    const what = turn % 4 < 3 ? 'child' : 'ike';
    const identify = what === 'child' ? spis : ikeSpis;
    const old = await identify(end);
    await ends[end].charon.connection.request('rekey', { [what]: 'hq' });
    await until(
      () => identify(end),
      (now) => now.some((spi) => !old.includes(spi)),
      { because: `the ${what} SA is a new one`, clock: systemClock },
    );
    rekeys[what] += 1;
    await until(
      () => spis(end),
      (now) => now.length <= mostAtOnce,
      { because: 'replaced SAs are deleted, five seconds later by default', clock: systemClock },
    );
  }
  const [, udp] = await streams;
  expect(udp.packets ?? 0).toBeGreaterThan(1000);
  expect(rekeys.child).toBeGreaterThan(0);
  expect(rekeys.ike).toBeGreaterThan(0);
  expect(await dropped()).toEqual(before.drops);
  expect(udp.lost_packets).toBe(0);
  expect(await resent()).toBe(before.resent);
});
