/** The program as a whole: help, exit codes and one-sentence errors, without root. */
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemCommands } from '@sallyport/runtime';
import { expect, test } from 'vitest';
import { commands } from './commands/all.ts';

const program = join(import.meta.dirname, '..', 'bin', 'sallyport');
const run = (...args: readonly string[]): ReturnType<typeof systemCommands.run> =>
  systemCommands.run([program, ...args], { okCodes: [0, 1, 2] });

test('every command is in the help and has its own', async () => {
  const { stdout } = await run('--help');
  for (const [name, load] of Object.entries(commands)) {
    expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect((await load()).help).toContain(`Usage:`);
  }
  const one = await run('status', '--help');
  expect([one.code, one.stdout.startsWith('Usage: sallyport status')]).toEqual([0, true]);
});

test('what is compiled is kept where only who may change the program may write', async () => {
  await run('--help');
  const cache = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'sallyport');
  expect(statSync(cache).mode & 0o022).toBe(0);
});

test.for([
  [['frob'], "there is no command 'frob'"],
  [['up', '--frob'], "Unknown option '--frob'"],
  [['up', '--fabric', 'cloud'], "--fabric can be lab; 'cloud' is not known"],
  [['plan'], 'plan needs one or two of'],
  [['lab', '--data-dir', '/nonexistent'], 'holds no fabric'],
] as const)('%j is refused in one sentence', async ([args, sentence]) => {
  const { stderr, stdout, code } = await run(...args);
  expect(stderr).toContain(`sallyport: `);
  expect(stderr).toContain(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(code).toBe(sentence.includes('holds no') ? 1 : 2);
});

test('a plan is printed offline, and a difference between two', async () => {
  const one = await run('plan', 's2s-ikev2-psk');
  expect(one.code).toBe(0);
  expect(one.stdout).toContain('connection hq-site1');
  const difference = await run('plan', 's2s-ikev2-psk', 's2s-ikev2-psk');
  expect(difference.stdout).toContain('nothing changes');
  const json = JSON.parse((await run('plan', 's2s-ikev2-psk', '--json')).stdout) as { plan: { number: number }; refused: unknown[] };
  expect([json.plan.number, json.refused]).toEqual([1, []]);
});

test('a plan of a file says which member is refused, and which file is no JSON', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-plan-'));
  const file = join(folder, 'resources.json');
  try {
    const put = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/localNetworkGateways/site';
    writeFileSync(file, JSON.stringify([{ put, body: { location: 'westeurope', properties: { gatewayIpAdress: '203.0.113.1' } } }]));
    const refused = await run('plan', file);
    expect(refused.stdout).toContain(
      "Could not find member 'gatewayIpAdress' on the object. Path 'properties.gatewayIpAdress'. [InvalidReq",
    );
    expect(refused.code).toBe(1);
    writeFileSync(file, '[{},]');
    expect((await run('plan', file)).stderr).toContain(`sallyport: ${file} can't be read: `);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('it runs through a symbolic link from any folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sp-link-'));
  try {
    symlinkSync(program, join(folder, 'sallyport'));
    const { code } = await systemCommands.run(['sh', '-c', 'cd / && exec "$0" status --help', join(folder, 'sallyport')]);
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
