/**
 * Every kind of limit that ends an SA, soft and hard, by real time and real packets: `ip xfrm monitor` hears of each once, and after
 * the hard one the SA is gone and nothing is sent. Needs root.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { XfrmdClient } from './client.ts';
import { buildDirectory, Testbed } from './testbed.ts';

const testbed = new Testbed('lim');
const [here, there] = ['192.0.2.1', '192.0.2.2'] as const;
const environment = { LD_PRELOAD: join(buildDirectory, 'libxfrmshim.so'), XFRMD_SOCKET: join(testbed.directory, 'xfrm.sock') };
let xfrmd: XfrmdClient;

/** ESP leaves as IP protocol 50 towards an address of loopback: nobody has to take it. */
beforeAll(async () => {
  await testbed.addNamespace('one');
  xfrmd = await testbed.startXfrmd('one');
  await xfrmd.createTunnel({ ifId: 5, name: 'd5', mtu: 1400 });
  await testbed.ip('one', 'address', 'add', `${here}/24`, 'dev', 'lo');
  await testbed.ip('one', 'address', 'add', '10.8.0.1/32', 'dev', 'lo');
  await testbed.ip('one', 'route', 'add', '10.9.0.0/24', 'dev', 'd5', 'src', '10.8.0.1');
  testbed.start('one', 'monitor', ['ip', 'xfrm', 'monitor', 'expire'], environment);
  await until(
    () => xfrmd.health(),
    ({ xfrmClients }) => xfrmClients.some(({ listensToEvents }) => listensToEvents),
    { because: 'the monitor listens', clock: systemClock },
  );
  await xfrm(`policy add src 0.0.0.0/0 dst 10.9.0.0/24 dir out if_id 5 ${template}`);
});
afterAll(async () => {
  await xfrmd?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

const template = `tmpl src ${here} dst ${there} proto esp reqid 1 mode tunnel`;

async function xfrm(command: string): Promise<void> {
  await testbed.exec('one', [
    'env',
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    'ip',
    'xfrm',
    ...command.split(' '),
  ]);
}

/** `soft` and `hard` events of an SA, in the order they were heard. */
function heard(spi: string): readonly string[] {
  const log = readFileSync(join(testbed.directory, 'monitor.log'), 'utf8');
  return [...log.matchAll(/^Expired [^]*?spi (0x[0-9a-f]+)[^]*?hard (\d)/gmu)]
    .filter(([, named]) => named === spi)
    .map(([, , hard]) => (hard === '1' ? 'hard' : 'soft'));
}

async function lives(spi: string): Promise<boolean> {
  return (await xfrmd.statistics()).securityAssociations.some((sa) => `0x${sa.spi}` === spi);
}

const packets = (count: number): Promise<unknown> =>
  testbed.exec('one', ['ping', '-q', '-n', '-c', String(count), '-i', '0.01', '-W', '0.1', '-s', '972', '10.9.0.1'], { okCodes: [1] });

test.each([
  { kind: 'time since it was added', limits: ['time-soft', '1', 'time-hard', '3'], uses: false },
  { kind: 'time since it was used', limits: ['time-use-soft', '1', 'time-use-hard', '3'], uses: true },
  { kind: 'packets', limits: ['packet-soft', '3', 'packet-hard', '6'], uses: true },
  { kind: 'bytes', limits: ['byte-soft', '3000', 'byte-hard', '6000'], uses: true },
])('an SA ends by $kind', async ({ kind, limits, uses }) => {
  const spi = `0x0000${['time since it was added', 'time since it was used', 'packets', 'bytes'].indexOf(kind) + 1}001`;
  const [softName = '', soft = '', hardName = '', hard = ''] = limits;
  const key = '0x000102030405060708090a0b0c0d0e0f10111213';
  await xfrm(
    `state add src ${here} dst ${there} proto esp spi ${spi} reqid 1 mode tunnel if_id 5 ` +
      `aead rfc4106(gcm(aes)) ${key} 128 limit ${softName} ${soft} limit ${hardName} ${hard}`,
  );
  expect(await lives(spi)).toBe(true);
  if (uses) await packets(10);
  await until(
    () => heard(spi),
    (events) => events.includes('hard'),
    { because: `the hard limit in ${kind} is told`, clock: systemClock },
  );
  expect(heard(spi)).toEqual(['soft', 'hard']);
  expect(await lives(spi)).toBe(false);
  const before = (await xfrmd.statistics()).drops;
  await packets(3);
  const after = (await xfrmd.statistics()).drops;
  expect(after.noSa - before.noSa, 'nothing is sent without it').toBe(3);
});

test('a policy whose time is up is gone, and told', async () => {
  await xfrm(`policy add src 0.0.0.0/0 dst 10.10.0.0/24 dir out if_id 5 limit time-hard 1 ${template}`);
  const log = (): string => readFileSync(join(testbed.directory, 'monitor.log'), 'utf8');
  await until(log, (said) => /^Expired src 0\.0\.0\.0\/0 dst 10\.10\.0\.0\/24/mu.test(said), {
    because: 'POLEXPIRE is told',
    clock: systemClock,
  });
  expect((await xfrmd.statistics()).policies).toBe(1);
});
