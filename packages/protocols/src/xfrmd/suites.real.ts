/**
 * Every ESP suite of xfrmd with real packets: against stock strongSwan's kernel-libipsec where that has the suite, and between
 * two xfrmds for all. The published test vectors are in packages/dataplane/test/esp_test.cc. Needs root.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ViciSession } from '../vici/session.ts';
import { bringUp, configure, ping, startCharon, startOurs, transfer, wire } from './charon-testbed.ts';
import type { XfrmdClient } from './client.ts';
import { Testbed } from './testbed.ts';

const keySizes = [128, 192, 256] as const;
const integrities = ['sha1', 'sha256', 'sha384', 'sha512', 'md5'] as const;

/** As swanctl.conf(5) writes ESP proposals. ICVs of combined modes in octets. */
const libipsecHas = [
  ...keySizes.flatMap((size) => [16, 12, 8].map((icv) => `aes${size}gcm${icv}`)),
  'chacha20poly1305',
  ...keySizes.flatMap((size) => integrities.map((integrity) => `aes${size}-${integrity}`)),
  ...keySizes.map((size) => `aes${size}ctr-sha256`),
  ...integrities.map((integrity) => `3des-${integrity}`),
  'des-sha1',
  ...integrities.map((integrity) => `null-${integrity}`),
];
/** What libipsec 5.9.8 lacks. */
const onlyOurs = keySizes.map((size) => `aes${size}gmac`);

const faults = [
  'integrityFailed',
  'malformedEsp',
  'malformedInner',
  'malformedFrame',
  'inboundPolicy',
  'cipherFailed',
  'replayed',
] as const;

/** Pings and TCP both ways: what was lost, damaged or dropped for a reason that a working suite never gives. */
async function troubles(testbed: Testbed, xfrmds: readonly XfrmdClient[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const end of ['a', 'b'] as const) {
    const { lost } = await ping(testbed, end);
    if (lost > 0) found.push(`${lost} pings from ${end} lost`);
    const { sent, arrived } = await transfer(testbed, end, 1);
    if (sent !== arrived) found.push(`TCP from ${end} damaged`);
  }
  for (const xfrmd of xfrmds) {
    const { drops } = await xfrmd.statistics();
    for (const cause of faults) if (drops[cause] > 0) found.push(`${drops[cause]} ${cause}`);
  }
  return found;
}

/** Debian's libipsec-mb1, for amd64 only; tools/set-up.sh installs it for tests. */
const hasIpsecMb = existsSync('/usr/lib/x86_64-linux-gnu/libIPSec_MB.so.1');

// As it comes, xfrmd takes the faster library for AES-GCM; the other must make and take the same packets.
describe.each([
  { gcm: 'as it comes', options: [], library: hasIpsecMb ? 'ipsec-mb' : 'openssl', suites: libipsecHas },
  { gcm: 'by OpenSSL', options: ['--gcm', 'openssl'], library: 'openssl', suites: libipsecHas.filter((suite) => suite.includes('gcm')) },
])('with stock strongSwan and kernel-libipsec, AES-GCM $gcm', ({ options, library, suites }) => {
  const testbed = new Testbed('suitp');
  let ours: { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
  let peer: ViciSession;

  beforeAll(async () => {
    await wire(testbed);
    ours = await startOurs(testbed, 'a', options);
    peer = await startCharon(testbed, 'b', 'libipsec');
  });
  afterAll(async () => {
    await ours?.xfrmd[Symbol.asyncDispose]();
    await testbed[Symbol.asyncDispose]();
  });

  test('health says which library computes AES-GCM', async () => {
    expect((await ours.xfrmd.health()).aesGcm.library).toBe(library);
  });

  test.each(suites)('%s', async (esp) => {
    await configure(ours.charon, 'a', { esp, onXfrmd: true, anyToAny: true });
    await configure(peer, 'b', { esp, onXfrmd: false, anyToAny: false });
    await bringUp(ours.charon, peer);
    expect(await troubles(testbed, [ours.xfrmd])).toEqual([]);
  });
});

describe('between two xfrmds', () => {
  const testbed = new Testbed('suito');
  let a: { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };
  let b: { readonly xfrmd: XfrmdClient; readonly charon: ViciSession };

  beforeAll(async () => {
    await wire(testbed);
    a = await startOurs(testbed, 'a');
    b = await startOurs(testbed, 'b', ['--gcm', 'openssl']);
  });
  afterAll(async () => {
    for (const end of [a, b]) await end?.xfrmd[Symbol.asyncDispose]();
    await testbed[Symbol.asyncDispose]();
  });

  test.each([...libipsecHas, ...onlyOurs])('%s', async (esp) => {
    await configure(a.charon, 'a', { esp, onXfrmd: true, anyToAny: true });
    await configure(b.charon, 'b', { esp, onXfrmd: true, anyToAny: true });
    await bringUp(a.charon, b.charon);
    expect(await troubles(testbed, [a.xfrmd, b.xfrmd])).toEqual([]);
  });
});
