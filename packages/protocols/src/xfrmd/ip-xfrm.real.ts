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
