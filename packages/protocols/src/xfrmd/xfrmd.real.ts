/** The contract on the built xfrmd in a namespace of its own, and what only the real one can show. Needs root. */
import { connect } from 'node:net';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { XfrmdClient } from './client.ts';
import { buildDirectory, Testbed } from './testbed.ts';
import { xfrmdContract } from './xfrmd.contract.ts';

/** Builds with a sanitizer do without system call filters. */
const isInstrumented = /build-(address|thread)$/.test(buildDirectory);
/** TSan has a thread of its own, made before any of xfrmd's. */
const sanitizerThreads = buildDirectory.endsWith('build-thread') ? 1 : 0;

xfrmdContract('xfrmd', async () => {
  const testbed = new Testbed('xfrmd');
  await testbed.addNamespace('one');
  const client = await testbed.startXfrmd('one');
  await client[Symbol.asyncDispose]();
  return { controlPath: join(testbed.directory, 'control.sock'), dispose: () => testbed[Symbol.asyncDispose]() };
});

let testbed: Testbed;
let client: XfrmdClient;
beforeAll(async () => {
  testbed = new Testbed('xfrmr');
  await testbed.addNamespace('one');
  client = await testbed.startXfrmd('one');
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

test('a tunnel is an interface that is up, with its MTU and no address of its own', async () => {
  await client.createTunnel({ ifId: 5, name: 't5', mtu: 1399 });
  const { stdout } = await testbed.ip('one', '-j', 'address', 'show', 'dev', 't5');
  expect(JSON.parse(stdout)).toMatchObject([{ ifname: 't5', mtu: 1399, flags: expect.arrayContaining(['UP']) as unknown, addr_info: [] }]);
});

test('a tunnel whose link somebody deleted is not listed, and made anew when asked for', async () => {
  await client.createTunnel({ ifId: 6, name: 't6', mtu: 1400 });
  await testbed.ip('one', 'link', 'delete', 't6');
  expect((await client.listTunnels()).map((tunnel) => tunnel.ifId)).not.toContain(6);
  await client.createTunnel({ ifId: 6, name: 't6', mtu: 1400 });
  await testbed.ip('one', 'link', 'show', 't6');
});

test('a name that is an interface already is a conflict', async () => {
  await expect(client.createTunnel({ ifId: 8, name: 'lo', mtu: 1400 })).rejects.toMatchObject({
    code: expect.stringMatching(/conflict|system-error/) as unknown,
  });
});

/** `Name:\tvalue` of /proc/PID/task/TID/status for every thread, the control thread first. */
function threadStatuses(pid: number): readonly string[] {
  const threads = readdirSync(`/proc/${pid}/task`).toSorted((a, b) => Number(a) - Number(b));
  return threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8'));
}

test('it keeps CAP_NET_ADMIN for the control thread and nothing for packet threads, cannot gain privileges and leaves no core', async () => {
  const { pid, workers } = await client.health();
  const threads = threadStatuses(pid).toSpliced(1, sanitizerThreads);
  const [control, ...packets] = threads;
  expect(packets).toHaveLength(workers);
  expect(control).toMatch(/CapPrm:\s+0000000000001000\nCapEff:\s+0000000000001000/);
  for (const status of packets) expect(status).toMatch(/CapPrm:\s+0{16}\nCapEff:\s+0{16}/);
  for (const status of threads) {
    expect(status).toMatch(/CapBnd:\s+0000000000001000\nCapAmb:\s+0{16}\nNoNewPrivs:\s+1/);
  }
  expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size\s+0/);
});

test.skipIf(isInstrumented)('it is confined, and says so', async () => {
  const { pid, confinement } = await client.health();
  expect(confinement).toEqual({ systemCalls: true, files: true, missing: '' });
  for (const status of threadStatuses(pid)) expect(status).toMatch(/Seccomp:\s+2/);
});

test('garbage on the control socket ends at most its own connection', async () => {
  const socket = connect(join(testbed.directory, 'control.sock'));
  const closed = new Promise<void>((resolve) => void socket.on('close', () => resolve()));
  socket.on('error', () => {});
  socket.write('}{\n\0\n[]\n"x"\n');
  socket.write('a'.repeat(200_000));
  await closed;
  expect((await client.health()).pid).toBeGreaterThan(0);
});

test('two hundred tunnels are made, and gone with xfrmd; what others made stays', async () => {
  await testbed.ip('one', 'tuntap', 'add', 'dev', 'others', 'mode', 'tun');
  await testbed.ip('one', 'link', 'set', 'others', 'group', '7');
  const mine = Array.from({ length: 200 }, (_, index) => 10_000 + index);
  await Promise.all(mine.map((ifId) => client.createTunnel({ ifId, name: `t${ifId}`, mtu: 1400 })));
  expect((await client.listTunnels()).length).toBeGreaterThanOrEqual(200);
  await Promise.all(mine.slice(0, 100).map((ifId) => client.deleteTunnel(ifId)));
  await testbed.stop('xfrmd');
  const { stdout } = await until(
    () => testbed.ip('one', '-o', 'link'),
    (result) => !/: t\d/.test(result.stdout),
    { because: 'the TUNs went with xfrmd', clock: systemClock },
  );
  expect(stdout).toMatch(/ lo:.* others:/s);
  client = await testbed.startXfrmd('one');
});

test('in a user namespace of its own, as in an unprivileged container, it makes a tunnel and is confined', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-xfrmu-'));
  const argv = ['unshare', '--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  testbed.start('one', 'contained', [...argv, join(buildDirectory, 'xfrmd'), '--directory', directory]);
  await using contained = await until(
    () => XfrmdClient.connect(join(directory, 'control.sock')),
    () => true,
    { because: 'the contained xfrmd answers', clock: systemClock },
  );
  await contained.createTunnel({ ifId: 1, name: 't1', mtu: 1400 });
  expect((await contained.listTunnels()).map(({ name }) => name)).toEqual(['t1']);
  expect((await contained.health()).confinement).toMatchObject({ systemCalls: !isInstrumented });
  await testbed.stop('contained');
  rmSync(directory, { recursive: true });
});
