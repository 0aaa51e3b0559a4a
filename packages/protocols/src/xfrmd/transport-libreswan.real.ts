/** Unmodified libreswan with type=transport on xfrmd through the shim, against a charon on xfrmd. Needs root, and Debian's archive the first time. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { ifIds, outer, startEngine, startOurs, wire } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { Libreswan } from './libreswan-testbed.ts';
import { Testbed } from './testbed.ts';
import {
  both,
  configure,
  inClear,
  ipXfrm,
  isRawEsp,
  isUdpEsp,
  other,
  passing,
  routeThroughTun,
  troubles,
  type Ours,
} from './transport-testbed.ts';

const testbed = new Testbed('trlsw');
let xfrmd: XfrmdClient;
let peer: Ours;
let pluto: Libreswan;
const hostToHost = { type: 'transport', leftsubnet: undefined, leftsourceip: undefined, rightsubnet: undefined, esp: 'aes_gcm256' };

beforeAll(async () => {
  await wire(testbed);
  xfrmd = await startEngine(testbed, 'a');
  await xfrmd.createTunnel({ ifId: 0, name: 't0', mtu: 1400, mssClamp: 1350 });
  peer = await startOurs(testbed, 'b');
  const tuns = { a: 't0', b: `t${ifIds.b}` };
  for (const end of both)
    await routeThroughTun(testbed, end, {
      own: outer[end],
      peer: outer[other[end]],
      tun: tuns[end],
      way: ['dev', 'wire', 'src', outer[end]],
    });
  pluto = await Libreswan.start(testbed, hostToHost);
});
afterAll(async () => {
  for (const client of [xfrmd, peer?.xfrmd]) await client?.[Symbol.asyncDispose]();
  await testbed[Symbol.asyncDispose]();
});

test.each([true, false])('packets and rekeys, raw: %s', async (raw) => {
  await pluto.reconfigure({ ...hostToHost, encapsulation: raw ? 'no' : 'yes' });
  await configure(peer.charon, 'b', { addresses: outer, raw, esp: 'aes256gcm16-modp2048' });
  const seen = await passing(testbed, 'b', 'wire', async () => {
    expect(await pluto.whack('--name', 'hq', '--initiate')).toContain('established Child SA');
    expect(await troubles(testbed, outer)).toEqual([]);
    for (const rekey of [() => pluto.whack('--name', 'hq', '--rekey-ipsec'), () => peer.charon.rekey({ child: 'hq' })]) {
      const spis = async (): Promise<readonly string[]> => (await xfrmd.statistics()).securityAssociations.map(({ spi }) => spi);
      const before = await spis();
      await rekey();
      await until(spis, (now) => now.length === 2 && now.every((spi) => !before.includes(spi)), {
        because: 'the Child SA is a new one',
        clock: systemClock,
      });
      expect(await troubles(testbed, outer)).toEqual([]);
    }
  });
  expect(inClear(seen)).toEqual([]);
  const [inIp, inUdp] = [seen.filter(isRawEsp).length, seen.filter(isUdpEsp).length];
  expect(raw ? inIp : inUdp, `${inIp} raw and ${inUdp} in UDP of ${seen.length} packets`).toBeGreaterThan(100);
  expect((await ipXfrm(testbed, 'a', 'state')).match(/mode transport/g)).toHaveLength(2);
  await pluto.whack('--name', 'hq', '--terminate');
  await until(
    () => peer.charon.listSas(),
    (sas) => sas.length === 0,
    { because: 'both ends are done', clock: systemClock },
  );
});
