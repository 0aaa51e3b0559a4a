/** The contract on the simulated xfrmd, and what a client does when its peer misbehaves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '@sallyport/runtime';
import { XfrmdClient } from './client.ts';
import { FakeXfrmd } from './fake-server.ts';
import { xfrmdContract } from './xfrmd.contract.ts';

xfrmdContract('the simulated xfrmd', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-xfrmd-'));
  const fake = await FakeXfrmd.start(join(directory, 'control.sock'));
  return {
    controlPath: fake.path,
    dispose: async () => {
      await fake[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
});

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-xfrmd-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('nobody there', async () => {
  await expect(XfrmdClient.connect(join(directory, 'none.sock'))).rejects.toMatchObject({ code: 'unreachable' });
});

test('the end of xfrmd fails what is outstanding and everything after', async () => {
  const fake = await FakeXfrmd.start(join(directory, 'control.sock'));
  await using client = await XfrmdClient.connect(fake.path);
  await client.health();
  await fake[Symbol.asyncDispose]();
  await expect(client.health()).rejects.toMatchObject({ code: 'disconnected' });
  expect(client.isOpen).toBe(false);
});

async function serve(path: string, reply: string): Promise<Server> {
  const server = createServer((socket) => void socket.on('data', () => void (reply === '' || socket.write(reply))));
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return server;
}

test('no answer in time', async () => {
  const server = await serve(join(directory, 'control.sock'), '');
  const clock = new ManualClock();
  await using client = await XfrmdClient.connect(join(directory, 'control.sock'), { clock, timeoutMs: 1000 });
  const health = client.health();
  await Promise.all([expect(health).rejects.toMatchObject({ code: 'timed-out' }), clock.advance(1000)]);
  server.close();
});

test('an answer that is not JSON', async () => {
  const server = await serve(join(directory, 'control.sock'), 'hello\n');
  await using client = await XfrmdClient.connect(join(directory, 'control.sock'));
  await expect(client.health()).rejects.toMatchObject({ code: 'malformed' });
  server.close();
});

test('a charon shows in the health of the simulated xfrmd', async () => {
  await using fake = await FakeXfrmd.start(join(directory, 'control.sock'));
  await using client = await XfrmdClient.connect(fake.path);
  fake.model.connectCharon(42);
  expect((await client.health()).xfrmClients).toEqual([{ pid: 42, connections: 4, ikeChannels: 2, listensToEvents: true }]);
  fake.model.disconnectCharon();
  expect((await client.health()).udpSockets).toEqual([]);
});
