/** The contract on the fake, and what only we decide: timeouts, broken connections, hostile servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { connectVici } from './connection.ts';
import { FakeCharon, type FakePeerAnswer } from './fake-charon.ts';
import { encodePacket } from './packet.ts';
import { openSession } from './session.ts';
import { viciContract } from './vici.contract.ts';

viciContract('the fake charon', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-vici-'));
  const peer: { answer: FakePeerAnswer } = { answer: 'accepts' };
  const fake = await FakeCharon.listen(join(directory, 'vici'), { clock: systemClock, answer: () => peer.answer });
  return {
    socketPath: fake.socketPath,
    localAddress: '198.51.100.10',
    remoteAddress: '198.51.100.20',
    setPeer: (answer) => {
      peer.answer = answer;
      return Promise.resolve();
    },
    dispose: async () => {
      await fake[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
    },
  };
});

describe('a VICI connection', () => {
  const cleanUps: (() => void)[] = [];
  afterEach(() => cleanUps.splice(0).forEach((cleanUp) => cleanUp()));

  /** A server that does as told with each chunk it gets. */
  async function serve(onData: (socket: Socket) => void): Promise<string> {
    const directory = mkdtempSync(join(tmpdir(), 'sp-vici-'));
    const path = join(directory, 'vici');
    const sockets: Socket[] = [];
    const server: Server = createServer((socket) => {
      sockets.push(socket);
      socket.on('data', () => onData(socket));
      socket.on('error', () => {}); // the client may be gone first
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    cleanUps.push(() => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      rmSync(directory, { recursive: true });
    });
    return path;
  }

  it('is unreachable where nobody listens', async () => {
    await expect(connectVici('/nonexistent/vici', { clock: systemClock })).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('times out and closes, so that a late answer is nobody else’s', async () => {
    const path = await serve(() => {});
    using connection = await connectVici(path, { clock: systemClock, timeoutMs: 30 });
    const second = connection.request('version');
    await expect(connection.request('stats')).rejects.toMatchObject({ code: 'disconnected' });
    await expect(second).rejects.toMatchObject({ code: 'timed-out', message: 'version: no answer from charon in 30 ms' });
    expect(connection.isOpen).toBe(false);
    expect(await connection.closed).toMatchObject({ code: 'timed-out' });
  });

  it('fails what waits when charon goes away', async () => {
    const path = await serve((socket) => socket.destroy());
    using connection = await connectVici(path, { clock: systemClock });
    await expect(connection.request('version')).rejects.toMatchObject({ code: 'disconnected' });
    await expect(connection.request('version')).rejects.toMatchObject({ code: 'disconnected' });
  });

  it.each([
    ['bytes that are no packet', Buffer.from('0000000109', 'hex')],
    ['a frame over the limit', Buffer.from('ffffffff', 'hex')],
    ['an answer nobody asked for', Buffer.concat([encodePacket('response'), encodePacket('response'), encodePacket('response')])],
  ])('closes on %s', async (_what, bytes) => {
    const path = await serve((socket) => socket.write(bytes));
    using connection = await connectVici(path, { clock: systemClock });
    await connection.request('version').catch(() => undefined);
    expect(await connection.closed).toMatchObject({ code: 'malformed' });
  });

  it('never lets a key into an error', async () => {
    const path = await serve(() => {});
    using session = await openSession(path, { clock: systemClock, timeoutMs: 20 });
    const load = session.loadShared({ id: 'hq', key: Buffer.from('Top.Secret'), owners: [] });
    await expect(load).rejects.not.toThrow(/Top/);
  });
});
