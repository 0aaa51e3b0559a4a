/** What the simulated and the real xfrmd must both do. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { XfrmdClient } from './client.ts';
import { xfrmdDropCauses } from './protocol.ts';

export type XfrmdHost = { readonly controlPath: string; readonly dispose: () => Promise<void> };

export function xfrmdContract(name: string, start: () => Promise<XfrmdHost>): void {
  describe(`control socket of ${name}`, () => {
    let host: XfrmdHost;
    let client: XfrmdClient;

    beforeAll(async () => {
      host = await start();
      client = await XfrmdClient.connect(host.controlPath);
    });
    afterAll(async () => {
      await client[Symbol.asyncDispose]();
      await host.dispose();
    });

    test('health says who and how many', async () => {
      const health = await client.health();
      expect(health).toMatchObject({ version: '0.1.0', xfrmClients: [], udpSockets: [] });
      expect(health.pid).toBeGreaterThan(0);
      expect(health.workers).toBeGreaterThanOrEqual(1);
      expect(health.aesGcm.library).toMatch(/^(openssl|ipsec-mb)$/);
      expect(health.aesGcm.version).toMatch(/^(OpenSSL|libIPSec_MB) \d/);
    });

    test('tunnels are made once, changed in place and removed', async () => {
      const made = await client.createTunnel({ ifId: 101, name: 't101', mtu: 1400, mssClamp: 1350 });
      expect(made).toMatchObject({ ifId: 101, name: 't101', mtu: 1400, mssClamp: 1350 });
      expect(await client.createTunnel({ ifId: 101, name: 't101', mtu: 1400, mssClamp: 1350 })).toMatchObject({ mtu: 1400 });
      await client.createTunnel({ ifId: 7, name: 't7', mtu: 1300 });
      await client.createTunnel({ ifId: 101, name: 't101', mtu: 1380 });
      const listed = await client.listTunnels();
      expect(listed.map((tunnel) => [tunnel.ifId, tunnel.name, tunnel.mtu, tunnel.mssClamp])).toEqual([
        [7, 't7', 1300, 0],
        [101, 't101', 1380, 0],
      ]);
      await client.deleteTunnel(101);
      await client.deleteTunnel(101);
      expect((await client.listTunnels()).map((tunnel) => tunnel.ifId)).toEqual([7]);
      await client.deleteTunnel(7);
      expect(await client.listTunnels()).toEqual([]);
    });

    test('a name or if_id of another tunnel is a conflict', async () => {
      await client.createTunnel({ ifId: 1, name: 't1', mtu: 1400 });
      await expect(client.createTunnel({ ifId: 2, name: 't1', mtu: 1400 })).rejects.toMatchObject({ code: 'conflict' });
      await expect(client.createTunnel({ ifId: 1, name: 't2', mtu: 1400 })).rejects.toMatchObject({ code: 'conflict' });
      await client.deleteTunnel(1);
    });

    test.each([
      { ifId: -1, name: 't', mtu: 1400 },
      { ifId: 1, name: '', mtu: 1400 },
      { ifId: 1, name: 'a-name-that-is-too-long', mtu: 1400 },
      { ifId: 1, name: 'a/b', mtu: 1400 },
      { ifId: 1, name: '..', mtu: 1400 },
      { ifId: 1, name: 't', mtu: 100 },
      { ifId: 1, name: 't', mtu: 1400.5 },
      { ifId: 1, name: 't', mtu: 1400, mssClamp: 3 },
    ])('refuses %j', async (settings) => {
      await expect(client.createTunnel(settings)).rejects.toMatchObject({ code: 'invalid-parameter' });
    });

    test('captures are listed until they are stopped, and a name is used once', async () => {
      const started = await client.startCapture({ name: 'one', side: 'outer', ifId: 3 });
      expect(started).toMatchObject({ name: 'one', side: 'outer', ifId: 3, packets: 0, dropped: 0, isFull: false });
      expect(started.paths).toEqual([expect.stringMatching(/captures\/one\.pcapng$/)]);
      expect((await client.listCaptures()).map(({ name: running }) => running)).toEqual(['one']);
      await expect(client.startCapture({ name: 'one', side: 'inner' })).rejects.toMatchObject({ code: 'conflict' });
      expect(await client.stopCapture('one')).toMatchObject({ name: 'one', packets: 0 });
      expect(await client.listCaptures()).toEqual([]);
      await expect(client.stopCapture('one')).rejects.toMatchObject({ code: 'not-found' });
      await expect(client.startCapture({ name: 'one', side: 'inner' })).rejects.toMatchObject({ code: 'conflict' }); // its file is there
      await expect(client.startCapture({ name: '../one', side: 'inner' })).rejects.toMatchObject({ code: 'invalid-parameter' });
    });

    test('statistics name every cause of a drop', async () => {
      const statistics = await client.statistics();
      expect(Object.keys(statistics.drops).toSorted()).toEqual([...xfrmdDropCauses].toSorted());
      expect(statistics.securityAssociations).toEqual([]);
    });

    test('answers come to their requests when many are under way', async () => {
      const names = Array.from({ length: 20 }, (_, index) => ({ ifId: 500 + index, name: `t${500 + index}`, mtu: 1400 }));
      const made = await Promise.all(names.map((settings) => client.createTunnel(settings)));
      expect(made.map((tunnel) => tunnel.name)).toEqual(names.map(({ name: wanted }) => wanted));
      await Promise.all(names.map(({ ifId }) => client.deleteTunnel(ifId)));
    });
  });
}
