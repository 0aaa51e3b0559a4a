/** The lab's name server with stock dnsmasq: a port that another program has is not the end of it. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import { NameServer } from './name-server.ts';

const ports = { run: systemCommands.run, clock: systemClock, daemons: systemDaemons(systemClock) };
const names = { 'site1.example.net': '203.0.113.11' };

/** A program that listens over TCP alone, so that the port looks free to who asks over UDP. */
async function takePort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

test('a port that somebody else has is changed for another', async () => {
  await using taken = await takePort();
  const released = await takePort();
  await released[Symbol.asyncDispose]();
  const choices = [taken.port, released.port];
  await using server = await NameServer.start(ports, names, () => Promise.resolve(choices.shift() ?? 0));
  expect(server.address).toBe(`127.0.0.1:${released.port}`);
  await server.change({ 'site2.example.net': '203.0.113.12' });
});

test('what dnsmasq says when it ends is told at once', async () => {
  await using taken = await takePort();
  await expect(NameServer.start(ports, names, () => Promise.resolve(taken.port))).rejects.toThrow(
    /dnsmasq has ended: .*Address already in use/,
  );
});
