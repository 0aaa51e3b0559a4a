/**
 * Debian's `ip xfrm`, unmodified, on xfrmd through the shim: what it prints is what it prints on Debian's kernel. The two files in
 * recorded/ were made by running the lines that begin with `$` in a virtual machine with 6.1.0-56; what follows each is its
 * output, errors included. Left out is what this engine refuses on purpose (xfrm_errno_cases.cc lists it). Needs root.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { XfrmdClient } from './client.ts';
import { buildDirectory, Testbed } from './testbed.ts';

const testbed = new Testbed('ipx');
let xfrmd: XfrmdClient;
beforeAll(async () => {
  await testbed.addNamespace('one');
  xfrmd = await testbed.startXfrmd('one');
  await xfrmd.createTunnel({ ifId: 0, name: 'd0', mtu: 1400 });
  await testbed.ip('one', 'address', 'add', '10.8.0.1/32', 'dev', 'lo');
  await testbed.ip('one', 'route', 'add', '10.9.0.0/24', 'dev', 'd0', 'src', '10.8.0.1');
});
afterAll(async () => {
  await xfrmd?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

const environment = (): Readonly<Record<string, string>> => ({
  LD_PRELOAD: join(buildDirectory, 'libxfrmshim.so'),
  XFRMD_SOCKET: join(testbed.directory, 'xfrm.sock'),
});

const recorded = (name: string): readonly string[] => readFileSync(join(import.meta.dirname, 'recorded', name), 'utf8').split('\n');

/** Runs one recorded command line; its output in lines. */
async function output(command: string): Promise<readonly string[]> {
  const assignments = Object.entries(environment()).map(([name, value]) => `${name}=${value}`);
  const any = Array.from({ length: 256 }, (_, code) => code);
  const { stdout } = await testbed.exec('one', ['env', ...assignments, 'sh', '-c', `{ ${command}; } 2>&1`], { okCodes: any });
  return stdout
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => line !== '' || stdout.includes('\n\n'));
}

/**
 * Where xfrmd differs on purpose: the kernel keeps a larval SA without an SPI for a while when ALLOCSPI finds the range full, and
 * counts it. It serves nobody, so here there is none.
 */
const withoutLarvalOfFullRange = (recording: string): string =>
  recording.replace(
    'state deleteall reqid 9\n$ ip xfrm state count\n\t SAD count 4',
    'state deleteall reqid 9\n$ ip xfrm state count\n\t SAD count 3',
  );

/** The recording as it would read here: each command, then what it printed. */
async function replay(lines: readonly string[]): Promise<string> {
  const replayed: string[] = [];
  for (const line of lines)
    if (line.startsWith('$ ')) replayed.push(line, ...(await output(line.slice(2))));
    else if (line.startsWith('#')) replayed.push(line);
  return replayed.join('\n');
}

test('states, policies, defaults and errors read as on a kernel', async () => {
  const lines = recorded('ip-xfrm.txt');
  expect(await replay(lines)).toBe(withoutLarvalOfFullRange(lines.join('\n').trimEnd()));
}, 120_000);

// What charon sets (165 seconds) is for negotiations that need every retransmission; the confined xfrmd must see it too.
test('an allotted SPI waits as long as net.core.xfrm_acq_expires says at that time', async () => {
  for (const seconds of [30, 165]) {
    await testbed.exec('one', ['sysctl', '-qw', `net.core.xfrm_acq_expires=${seconds}`]);
    const spi = `0x${(0x7000 + seconds).toString(16)}`;
    await output(`ip xfrm state allocspi src 192.0.2.2 dst 192.0.2.1 proto esp mode tunnel min ${spi} max ${spi}`);
    const shown = (await output(`ip -s xfrm state get src 192.0.2.2 dst 192.0.2.1 proto esp spi ${spi}`)).join('\n');
    expect(shown).toContain(`expire add: soft 0(sec), hard ${seconds}(sec)`);
    await output(`ip xfrm state delete src 192.0.2.2 dst 192.0.2.1 proto esp spi ${spi}`);
  }
  await testbed.exec('one', ['sysctl', '-qw', 'net.core.xfrm_acq_expires=30']);
});

// As of newer kernels and programs, or of hardware: each would mean other traffic than asked for.
test('what this engine does not have is refused and leaves nothing', async () => {
  const sa = (spi: string, ...more: readonly string[]): string =>
    `ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi ${spi} reqid 7 mode tunnel ` +
    `aead 'rfc4106(gcm(aes))' 0x000102030405060708090a0b0c0d0e0f10111213 128 encap espinudp 4500 4500 0.0.0.0 ${more.join(' ')}`;
  for (const beyond of ['output-mark 5', 'output-mark 5 mask 0xff', 'tfcpad 100', 'offload dev lo dir out', 'extra-flag oseq-may-wrap'])
    expect((await output(sa('0x9001', beyond))).join(' ')).toMatch(/that this engine does not have/);
  expect((await output(sa('0x9001', 'sel dev lo'))).join(' ')).toContain('another interface than the tunnel is not supported');
  expect(await output('ip xfrm state get src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x9001')).toEqual([
    'RTNETLINK answers: No such process',
  ]);
  expect(await output(sa('0x9002', 'extra-flag dont-encap-dscp'))).toEqual([]);
  await output('ip xfrm state delete src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x9002');
});

test('a monitor hears what it hears of a kernel', async () => {
  const all = recorded('ip-xfrm-monitor.txt');
  const end = all.indexOf('# Heard');
  testbed.start('one', 'monitor', ['ip', 'xfrm', 'monitor'], environment());
  await until(
    () => xfrmd.health(),
    ({ xfrmClients }) => xfrmClients.some(({ listensToEvents }) => listensToEvents),
    { because: 'the monitor listens', clock: systemClock },
  );
  expect(await replay(all.slice(0, end))).toBe(all.slice(0, end).join('\n'));
  const heard = all
    .slice(end + 1)
    .join('\n')
    .trimEnd();
  await until(
    () => readFileSync(join(testbed.directory, 'monitor.log'), 'utf8'),
    (said) => said.trimEnd().split('\n').length >= heard.split('\n').length,
    { because: 'the last event arrives', clock: systemClock },
  );
  expect(readFileSync(join(testbed.directory, 'monitor.log'), 'utf8').trimEnd()).toBe(heard);
}, 60_000);
