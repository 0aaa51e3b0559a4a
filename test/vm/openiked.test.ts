/**
 * OpenBSD's iked on the Linux kernel's ESP against the whole product: default and custom policies, whoever begins, new keys under
 * traffic, a wrong policy told in words. A third IKEv2 beside strongSwan's and libreswan's, with habits of its own.
 * By PF_KEY it gives Linux nothing but CBC with SHA-1 (it says `unsupported integrity algorithm` of others): so has every cell for ESP.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EchoStream } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess } from '../lab/up-process.ts';
import { MatrixGateway } from '../matrix/gateway.ts';
import type { Policy } from '../matrix/policies.ts';
import { OpenikedGuest, site } from './openiked-guest.ts';
import type { OpenikedSettings } from './openiked-guest.ts';

type Cell = OpenikedSettings & {
  readonly title: string;
  readonly policy: Policy | undefined;
};

const policy = (ike: string, esp: string): Policy => {
  const [ikeEncryption = '', ikeIntegrity = '', dhGroup = ''] = ike.split(' ');
  const [ipsecEncryption = '', ipsecIntegrity = '', pfsGroup = ''] = esp.split(' ');
  return { ikeEncryption, ikeIntegrity, dhGroup, ipsecEncryption, ipsecIntegrity, pfsGroup };
};
const cells: readonly Cell[] = [
  {
    title: 'default policy',
    policy: undefined,
    ikesa: 'enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp1024',
    childsa: 'enc aes-256 auth hmac-sha1',
    begins: 'peer',
  },
  {
    title: 'default policy',
    policy: undefined,
    ikesa: 'enc aes-256 prf hmac-sha1 auth hmac-sha1 group modp1024',
    childsa: 'enc aes-256 auth hmac-sha1',
    begins: 'gateway',
  },
  {
    title: 'elliptic curves',
    policy: policy('AES256 SHA384 ECP384', 'AES256 SHA1 ECP384'),
    ikesa: 'enc aes-256 prf hmac-sha2-384 auth hmac-sha2-384 group ecp384',
    childsa: 'enc aes-256 auth hmac-sha1 group ecp384',
    begins: 'peer',
  },
  {
    title: 'GCM for IKE',
    policy: policy('GCMAES256 SHA384 ECP256', 'AES128 SHA1 ECP256'),
    ikesa: 'enc aes-256-gcm prf hmac-sha2-384 group ecp256',
    childsa: 'enc aes-128 auth hmac-sha1 group ecp256',
    begins: 'gateway',
  },
  {
    title: 'group 14',
    policy: policy('AES256 SHA256 DHGroup14', 'AES256 SHA1 PFS2048'),
    ikesa: 'enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048',
    childsa: 'enc aes-256 auth hmac-sha1 group modp2048',
    begins: 'peer',
  },
];

let up: UpProcess;
let gateway: MatrixGateway;
let device: OpenikedGuest;

beforeAll(async () => {
  up = await UpProcess.start();
  gateway = await MatrixGateway.create(up.session);
  device = await OpenikedGuest.boot(gateway);
});
afterAll(async () => {
  await device?.[Symbol.asyncDispose]();
  await up?.[Symbol.asyncDispose]();
});

/** The connection with this policy, then an iked for it: one that is called in between keeps the half of an IKE SA for a minute. */
async function bringUp(cell: Cell): Promise<void> {
  await device.stop();
  const connectionMode = cell.begins === 'peer' ? 'ResponderOnly' : 'InitiatorOnly';
  await gateway.connect({ ...site, version: 2, policy: cell.policy, properties: { connectionMode } });
  await device.start(cell);
}

test.for(cells.map((cell) => [`${cell.title}, the ${cell.begins} begins`, cell] as const))('%s', async ([, cell]) => {
  await bringUp(cell);
  const both = await device.waitForAssociations();
  expect(both.map(({ suite, isUdpEncapsulated }) => [suite, isUdpEncapsulated])).toEqual([
    ['cbc(aes) hmac(sha1)', true],
    ['cbc(aes) hmac(sha1)', true],
  ]);
  expect(await device.ping(gateway.vm.addresses[0] ?? '')).toBe(true);
  await until(
    () => gateway.status(site.name),
    (status) => status === 'Connected',
    { because: 'the connection is Connected', clock: systemClock, timeoutMs: 30_000 },
  );
  const { ikeSas = [] } = (await gateway.observed()).get(site.name) ?? {};
  expect(ikeSas).toMatchObject([{ isInitiator: cell.begins === 'gateway' }]);
});

test('iked asks for new keys under traffic: lost is what comes to iked after it deleted the former SA, as it does at once', async () => {
  const cell = cells.find(({ title }) => title === 'elliptic curves');
  if (cell === undefined) throw new Error('no such cell');
  await bringUp({ ...cell, lifetimeSeconds: 40 });
  const spis = async (): Promise<string> => (await device.spis()).join();
  await device.waitForAssociations();
  await using stream = new EchoStream(up.session, gateway.vm, { ...gateway.vm, name: site.name, addresses: [site.host] });
  await stream.waitForAnswer();
  const [before, hadNoState] = [await spis(), await device.packetsWithoutState()];
  for (const round of [1, 2]) {
    const former = await spis();
    await until(spis, (now) => now !== former && now.split(',').length === 2, {
      because: `round ${round}: iked has other associations`,
      clock: systemClock,
      timeoutMs: 90_000,
      everyMs: 500,
    });
    await stream.waitForAnswer();
  }
  expect(await spis()).not.toBe(before);
  expect(stream.read().lost.length).toBe((await device.packetsWithoutState()) - hadNoState);
  expect(stream.read().lost.length).toBeLessThanOrEqual(2);
});

test('another group: refused, and the reason names the field', async () => {
  const cell = cells.find(({ title }) => title === 'group 14');
  if (cell === undefined) throw new Error('no such cell');
  await bringUp({ ...cell, begins: 'gateway', ikesa: cell.ikesa.replace('modp2048', 'modp4096') });
  const { because } = await until(
    async () => ({ because: JSON.stringify((await gateway.observed()).get(site.name)?.reason ?? {}) }),
    // Silent at first: iked is still beginning.
    (seen) => seen.because !== '{}' && !seen.because.includes('PeerSilent'),
    { because: 'the agent has a reason', clock: systemClock, timeoutMs: 60_000 },
  );
  expect(because).toMatch(/proposal/i);
  expect(await device.associations()).toEqual([]);
});
