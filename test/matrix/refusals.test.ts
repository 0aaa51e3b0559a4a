/**
 * What must not connect does not, and one sentence says which field differs. All refusals at once: as many connections of one gateway, and
 * one stock strongSwan that has them all, each with an address of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSite, deviceDirectory, ipBatch, member, namespaceOf, startDevice, swanctl } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, ports } from '../lab/up-process.ts';
import { forEach } from './each.ts';
import { MatrixGateway, sharedKey, vnetPrefix } from './gateway.ts';
import { policy, refusals } from './refusals.ts';
import type { Refusal } from './refusals.ts';
import { renderDevice } from './swanctl-conf.ts';

type Case = Refusal & {
  readonly name: string;
  readonly version: 1 | 2;
  readonly begins: 'gateway' | 'peer';
  readonly publicAddress: string;
  readonly prefix: string;
  readonly says: RegExp;
};

const cases: readonly Case[] = refusals
  .flatMap((refusal) =>
    refusal.versions.flatMap((version) =>
      (['gateway', 'peer'] as const).flatMap((begins) => {
        const says = begins === 'gateway' ? refusal.asInitiator : refusal.asResponder;
        return says === undefined ? [] : [{ ...refusal, version, begins, says }];
      }),
    ),
  )
  .map((one, index) => ({
    ...one,
    name: `f${index + 12}`,
    publicAddress: `203.0.113.${index + 12}`,
    prefix: `192.168.${index + 12}.0/24`,
  }));
const device = 'refusing';

let up: UpProcess;
let gateway: MatrixGateway;

beforeAll(async () => {
  up = await UpProcess.start();
  gateway = await MatrixGateway.create(up.session);
  await startRefusingDevice();
  await forEach(cases, 8, (one) =>
    gateway.connect({
      ...one,
      policy,
      properties: {
        connectionMode: one.begins === 'gateway' ? 'InitiatorOnly' : 'ResponderOnly',
        ...(one.hasOtherSelectors === undefined ? {} : { usePolicyBasedTrafficSelectors: true }),
      },
    }),
  );
});
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
});

/** One daemon with all the addresses. */
async function startRefusingDevice(): Promise<void> {
  const { fabric } = up;
  const site = await addSite(ports, fabric, { name: device, prefixes: ['192.168.11.0/24'], publicAddress: '203.0.113.11' });
  const addresses = cases.map(({ publicAddress }) => publicAddress);
  await ipBatch(
    ports,
    namespaceOf(fabric, 'public'),
    addresses.map((address) => ['route', 'replace', `${address}/32`, 'dev', `s${site.link}`]),
  );
  await ipBatch(
    ports,
    namespaceOf(fabric, `site-${device}`),
    addresses.map((address) => ['address', 'add', `${address}/32`, 'dev', 'public']),
  );
  mkdirSync(deviceDirectory(fabric, device), { recursive: true, mode: 0o700 });
  writeFileSync(join(deviceDirectory(fabric, device), 'swanctl.conf'), configuration(), { mode: 0o600 });
  await startDevice(ports, fabric, { name: device });
}

function configuration(): string {
  return renderDevice(
    cases.map((one) => ({
      name: one.name,
      version: one.speaksOtherVersion === undefined ? one.version : one.version === 1 ? 2 : 1,
      localAddress: one.publicAddress,
      remoteAddress: gateway.publicAddress,
      ...(one.localId === undefined ? {} : { localId: one.localId }),
      ...(one.remoteId === undefined ? {} : { remoteId: one.remoteId }),
      ike: one.ike,
      localPrefix: one.hasOtherSelectors === undefined ? one.prefix : '172.20.0.0/16',
      remotePrefix: vnetPrefix,
      children: [{ name: one.name, esp: one.esp }],
      sharedKey: one.hasWrongKey === undefined ? sharedKey : 'Wrong.Key.1',
    })),
  );
}

async function reasonOf({ name }: Case): Promise<string> {
  const properties = await gateway.properties(name);
  const reason = member(properties, 'connectionStatusReason');
  return `${String(member(reason, 'code'))} ${String(member(reason, 'message'))}`;
}

const title = ({ what, version, begins }: Case): string => `${what}, IKEv${version}, the ${begins} begins`;

describe('a gateway whose device differs in', () => {
  test.for(cases.map((one) => [title(one), one] as const))('%s', async ([, one]) => {
    // What the device says of its failure is not asked here.
    if (one.begins === 'peer')
      await swanctl(ports, up.fabric, device, ['--initiate', '--child', one.name, '--timeout', '8']).catch(() => undefined);
    const reason = await until(
      () => reasonOf(one),
      (said) => one.says.test(said),
      { because: `the reason is like ${String(one.says)}`, clock: systemClock, timeoutMs: 40_000, everyMs: 200 },
    );
    expect(reason).not.toContain('Key.1');
    expect(await gateway.status(one.name)).toBe('NotConnected');
  });

  test('anything has no CHILD SA', async () => {
    const { stdout } = await swanctl(ports, up.fabric, device, ['--list-sas']);
    expect(stdout).not.toContain('INSTALLED');
  });
});
