/**
 * What a VICI server has to do for us, run on the fake (vici.test.ts) and on charon 5.9.8 in a namespace (vici.real.ts): the
 * fake may not drift from the real one, and a new strongSwan may not surprise us.
 */
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ViciInput } from './codec.ts';
import { plain, text } from './read.ts';
import { childSas, openSession, readUpDown, type LogLine, type ViciSession } from './session.ts';

export type ContractHost = {
  readonly socketPath: string;
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** How the peer takes starts from now on. */
  readonly setPeer: (answer: 'accepts' | 'silent' | 'wrong-key') => Promise<void>;
  readonly dispose: () => Promise<void>;
};

export const contractKey = 'Contract.Key.1';

export function viciContract(what: string, open: () => Promise<ContractHost>): void {
  describe(`VICI of ${what}`, () => {
    let host: ContractHost;
    let session: ViciSession;

    const connection = (change: Readonly<Record<string, string | readonly string[]>> = {}): ViciInput => ({
      version: '2',
      local_addrs: [host.localAddress],
      remote_addrs: [host.remoteAddress],
      proposals: ['aes256-sha256-modp1024'],
      encap: 'yes',
      local: { auth: 'psk', id: host.localAddress },
      remote: { auth: 'psk', id: host.remoteAddress },
      children: new Map([
        ['net', { esp_proposals: ['aes256gcm16'], local_ts: ['0.0.0.0/0'], remote_ts: ['0.0.0.0/0'] }],
        ['7', { esp_proposals: ['aes256gcm16'], local_ts: ['10.1.0.0/16'], remote_ts: ['10.2.0.0/16'] }],
      ]),
      ...change,
    });
    const load = async (): Promise<void> => {
      await session.loadConnection('hq', connection());
      await session.loadShared({ id: 'hq', key: Buffer.from(contractKey), owners: [host.localAddress, host.remoteAddress] });
    };

    beforeAll(async () => {
      host = await open();
      session = await openSession(host.socketPath, { clock: systemClock });
    });
    afterAll(async () => {
      session[Symbol.dispose]();
      await host.dispose();
    });
    beforeEach(async () => {
      await host.setPeer('accepts');
      await session.terminate({ ike: 'hq', force: true, timeoutMs: 0 });
      for (const name of await session.connectionNames()) await session.unloadConnection(name);
      for (const id of await session.sharedKeyIds()) await session.unloadShared(id);
    });

    it('says what it is', async () => {
      expect(await session.version()).toEqual({ daemon: 'charon-systemd', version: '5.9.8' });
      expect(plain(await session.stats())).toMatchObject({ workers: { total: '16' } });
    });

    it('refuses commands and events it does not know', async () => {
      await expect(session.connection.request('make-coffee')).rejects.toMatchObject({ code: 'unknown' });
      await expect(session.connection.subscribe('coffee', () => {})).rejects.toMatchObject({ code: 'unknown' });
    });

    it('keeps connections by name, and their children in order', async () => {
      await session.loadConnection('hq', connection());
      await session.loadConnection('hq', connection({ remote_addrs: ['198.51.100.99'] }));
      expect(await session.connectionNames()).toEqual(['hq']);
      const [listed] = await session.listConnections();
      const seen = plain(listed?.body ?? new Map());
      expect(seen).toMatchObject({ version: 'IKEv2', remote_addrs: ['198.51.100.99'] });
      expect([...((listed?.body.get('children') as ReadonlyMap<string, unknown> | undefined)?.keys() ?? [])]).toEqual(['net', '7']); // a section
      await session.unloadConnection('hq');
      expect(await session.connectionNames()).toEqual([]);
    });

    it('refuses a connection with a proposal it does not know, and says which member', async () => {
      const load = session.loadConnection('hq', connection({ proposals: ['rot13-sha256-modp1024'] }));
      await expect(load).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('proposals') as unknown });
      expect(await session.connectionNames()).toEqual([]);
    });

    it('keeps shared keys by id', async () => {
      const owners = [host.localAddress, host.remoteAddress];
      for (const id of ['a#1', 'b#1', 'a#1']) await session.loadShared({ id, key: Buffer.from('k'), owners });
      expect((await session.sharedKeyIds()).toSorted()).toEqual(['a#1', 'b#1']);
      await session.unloadShared('a#1');
      expect(await session.sharedKeyIds()).toEqual(['b#1']);
    });

    it('takes the removal of what is not there as done', async () => {
      await session.unloadConnection('nobody');
      await session.unloadShared('nothing');
      expect(await session.terminate({ ike: 'nobody' })).toBe(0);
      expect(await session.rekey({ child: 'nobody' })).toBe(0);
    });

    it('refuses to start what is not loaded', async () => {
      const start = session.initiate({ ike: 'nobody', child: 'net', timeoutMs: 1000 });
      await expect(start).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('not found') as unknown });
    });

    it('starts a connection, tells how it went, and lists the SA', async () => {
      await load();
      const lines: LogLine[] = [];
      await session.initiate({ ike: 'hq', child: 'net', timeoutMs: 5000, onLog: (line) => lines.push(line) });
      expect(lines.map((line) => line.message)).toContainEqual(expect.stringMatching(/^initiating IKE_SA hq\[\d+\] to /));
      expect(lines.map((line) => line.message)).toContainEqual(expect.stringMatching(/^CHILD_SA net\{\d+\} established with/));
      expect(lines.find((line) => line.message.startsWith('IKE_SA'))).toMatchObject({
        connection: 'hq',
        ikeSaId: expect.stringMatching(/^\d+$/) as unknown,
      });
      const [sa] = await session.listSas();
      expect(plain(sa?.body ?? new Map())).toMatchObject({
        state: 'ESTABLISHED',
        version: '2',
        initiator: 'yes',
        'local-host': host.localAddress,
        'remote-host': host.remoteAddress,
        'encr-alg': 'AES_CBC',
        'encr-keysize': '256',
        'integ-alg': 'HMAC_SHA2_256_128',
        'dh-group': 'MODP_1024',
      });
      const [child] = sa === undefined ? [] : childSas(sa);
      expect(child?.name).toBe('net');
      expect(plain(child?.body ?? new Map())).toMatchObject({
        state: 'INSTALLED',
        encap: 'yes',
        'encr-alg': 'AES_GCM_16',
        'local-ts': ['0.0.0.0/0'],
      });
    });

    it('tells of SAs that come and go', async () => {
      const seen: string[] = [];
      using other = await openSession(host.socketPath, { clock: systemClock });
      for (const event of ['ike-updown', 'child-updown'] as const)
        await other.subscribe(event, (message) => {
          const { isUp, sa } = readUpDown(message);
          seen.push(`${event} ${sa?.name ?? ''} ${isUp ? 'up' : 'down'}`);
        });
      await load();
      await session.initiate({ ike: 'hq', child: 'net', timeoutMs: 5000 });
      expect(await session.terminate({ ike: 'hq', force: true, timeoutMs: 0 })).toBe(1);
      expect(await session.listSas()).toEqual([]);
      await until(
        () => seen,
        (events) => events.length >= 4,
        { because: 'four events', clock: systemClock, timeoutMs: 3000 },
      );
      expect(seen.toSorted()).toEqual(['child-updown hq down', 'child-updown hq up', 'ike-updown hq down', 'ike-updown hq up']);
    });

    it('tells no more of what was unsubscribed from', async () => {
      const seen = { up: 0, others: 0 };
      using other = await openSession(host.socketPath, { clock: systemClock });
      const handler = (): void => void (seen.up += 1);
      await other.subscribe('ike-updown', handler);
      await other.subscribe('child-updown', () => void (seen.others += 1));
      await load();
      await session.initiate({ ike: 'hq', child: 'net', timeoutMs: 5000 });
      await until(
        () => seen,
        ({ up, others }) => up === 1 && others === 1,
        { because: 'two events', clock: systemClock, timeoutMs: 3000 },
      );
      await other.unsubscribe('ike-updown', handler);
      await session.terminate({ ike: 'hq', force: true, timeoutMs: 0 });
      // Sent after the other one would have been.
      await until(
        () => seen.others,
        (others) => others === 2,
        { because: 'the child is told to be gone', clock: systemClock, timeoutMs: 3000 },
      );
      expect((await other.version()).daemon).not.toBe('');
      expect(seen.up).toBe(1);
    });

    it('does not wait for the outcome when told not to', async () => {
      await load();
      await session.initiate({ ike: 'hq', child: 'net', timeoutMs: -1 });
      const up = await until(
        () => session.listSas({ ike: 'hq' }),
        ([sa]) => text(sa?.body, 'state') === 'ESTABLISHED',
        { because: 'the SA comes up', clock: systemClock, timeoutMs: 5000 },
      );
      expect(up).toHaveLength(1);
    });

    it('says why a peer refused', async () => {
      await host.setPeer('wrong-key');
      await load();
      const lines: string[] = [];
      using other = await openSession(host.socketPath, { clock: systemClock });
      await other.subscribeLog((line) => lines.push(line.message));
      await expect(session.initiate({ ike: 'hq', child: 'net', timeoutMs: 5000 })).rejects.toMatchObject({ code: 'refused' });
      await until(
        () => lines,
        (seen) => seen.includes('received AUTHENTICATION_FAILED notify error'),
        { because: 'the log says so', clock: systemClock, timeoutMs: 3000 },
      );
      expect(await session.listSas()).toEqual([]);
    });

    it('goes on trying a silent peer after the caller has stopped waiting, until told to end', async () => {
      await host.setPeer('silent');
      await load();
      const start = session.initiate({ ike: 'hq', child: 'net', timeoutMs: 300 });
      await expect(start).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('not established after 300ms') as unknown,
      });
      const [sa] = await session.listSas();
      expect(text(sa?.body, 'state')).toBe('CONNECTING');
      expect(await session.terminate({ ike: 'hq', force: true, timeoutMs: 0 })).toBe(1);
      expect(await session.listSas()).toEqual([]);
    });

    it('rekeys a child: a new one with a new id', async () => {
      await load();
      await session.initiate({ ike: 'hq', child: 'net', timeoutMs: 5000 });
      const idOf = async (): Promise<string | undefined> => {
        const [sa] = await session.listSas();
        const installed = sa === undefined ? [] : childSas(sa).filter(({ body }) => text(body, 'state') === 'INSTALLED');
        return text(installed[0]?.body, 'uniqueid');
      };
      const before = await idOf();
      expect(await session.rekey({ child: 'net' })).toBe(1);
      await until(idOf, (id) => id !== undefined && id !== before, {
        because: 'a new child is installed',
        clock: systemClock,
        timeoutMs: 5000,
      });
    });

    it('answers concurrent callers each with their own answer', async () => {
      await load();
      const [names, keys, version, again] = await Promise.all([
        session.connectionNames(),
        session.sharedKeyIds(),
        session.version(),
        session.connectionNames(),
      ]);
      expect([names, keys, version.version, again]).toEqual([['hq'], ['hq'], '5.9.8', ['hq']]);
    });
  });
}
