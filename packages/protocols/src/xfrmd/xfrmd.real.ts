/** The contract on the built xfrmd in a namespace of its own, and what only the real one can show. Needs root. */
import { connect } from 'node:net';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import type { XfrmdClient } from './client.ts';
import { Testbed } from './testbed.ts';
import { xfrmdContract } from './xfrmd.contract.ts';

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

test('it runs with CAP_NET_ADMIN alone, cannot gain privileges and leaves no core', async () => {
  const { pid } = await client.health();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
    expect(status).toMatch(/CapEff:\s+0000000000001000/);
    expect(status).toMatch(/CapBnd:\s+0000000000001000/);
    expect(status).toMatch(/NoNewPrivs:\s+1/);
  }
  expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size\s+0/);
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

test('two hundred tunnels are made, and gone with xfrmd', async () => {
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
  expect(stdout).toContain('lo:');
  client = await testbed.startXfrmd('one');
});
