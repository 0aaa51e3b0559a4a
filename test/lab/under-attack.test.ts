/**
 * A gateway with 24 sites that are right and 76 whose keys are wrong, strangers that ask for tunnels nobody configured, ike-scan in every
 * mode, and a flood of IKE packets of every shape: who is up stays up, who is right comes up, and nothing grows without end.
 */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Attackers, connectSdk, crowdSite, inside, namespaceOf, putResource } from '@sallyport/lab';
import type { Crowd, LabSession } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { buildCrowd, echoes, startCrowd, statusOf, waitForConnected } from './crowd-of-sites.ts';
import { UpProcess, withEvidence } from './up-process.ts';

const right = Array.from({ length: 24 }, (_, index) => index + 1);
const wrongKeys = Array.from({ length: 76 }, (_, index) => index + 25);
/** Have addresses like sites, and no connection. */
const strangers = Array.from({ length: 24 }, (_, index) => index + 101);
const seconds = 20;

test('wrong keys, strangers, scans and floods: tunnels stay, new ones come up, memory and logs are bounded', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'under-attack', async () => {
    const { session } = up;
    const built = await buildCrowd(session, 99);
    await using crowd = await startCrowd(session, 124, built.gatewayAddress, { keyOf });
    await waitForConnected(session, right.length);
    await using attackers = await Attackers.start(session.ports, session.fabric, 100, built.gatewayAddress);
    const charon = (): number => session.ports.daemons.find(instanceFile(session, 'charon.pid'))?.pid ?? 0;
    const [pid, bytesBefore] = [charon(), session.ports.daemons.residentBytes(charon()) ?? 0];

    const echoing = echoes(session, right.slice(1), { seconds, everyMs: 250 });
    const stop = new AbortController();
    const wrong = attack(crowd, stop.signal);
    const flooding = attackers.flood(3000, seconds);
    const scanning = attackers.scan();

    // While all that goes on: a site calls again, and a connection is added.
    await crowd.terminate(1);
    await crowd.initiate(1);
    await until(() => crowd.isUp(1), Boolean, {
      because: 'site 1 comes in again during the attack',
      clock: systemClock,
      timeoutMs: 30_000,
    });
    // Counted before the plan changes: a new table counts from zero.
    const isHeldBack = (packets: number): boolean => packets > 10_000;
    await until(() => droppedPackets(session), isHeldBack, {
      because: 'the filter keeps the flood from charon',
      clock: systemClock,
      timeoutMs: 60_000,
    });
    await crowd.load(100, crowdSite(100).key);
    const sdk = await connectSdk(session.arm.file);
    for (const { put, body } of built.site(100)) await putResource(sdk, put, body);
    await waitForConnected(session, right.length + 1, 30_000);

    const { lost } = await echoing;
    const sent = await flooding;
    const scanned = await scanning;
    stop.abort();
    const attempts = await wrong;
    expect([...lost], 'packets lost by site').toEqual([]);
    expect(sent).toBeGreaterThan(seconds * 1000);
    expect(attempts).toBeGreaterThan(wrongKeys.length);

    expect(charon(), 'the same charon').toBe(pid);
    expect((session.ports.daemons.residentBytes(pid) ?? 0) - bytesBefore).toBeLessThan(64e6);
    const logs = ['charon.log', 'charon.log.old', 'xfrmd.log', 'xfrmd.log.old']
      .map((name) => instanceFile(session, name))
      .filter(existsSync);
    expect(Math.max(...logs.map((file) => statSync(file).size)), 'bytes of the longest log').toBeLessThan(24e6);
    expect(scanned.aggressive, 'no hash of a key is ever sent').not.toContain('Aggressive Mode Handshake returned');

    const { connections } = await statusOf(session);
    const reasons = connections.filter(({ connectionStatus }) => connectionStatus !== 'Connected').map(({ reason }) => reason?.code);
    expect(new Set(reasons)).toEqual(new Set(['WrongKey']));
  });
});

/** From the start: a site that had the right key for a moment would be up, and counted. */
function keyOf(number: number): string {
  return right.includes(number) ? crowdSite(number).key : 'Not.The.Key';
}

/** Every attacker calls once a second, until told to stop. @returns how many calls. */
async function attack(crowd: Crowd, signal: AbortSignal): Promise<number> {
  let attempts = 0;
  while (!signal.aborted) {
    const began = systemClock.monotonic();
    for (const number of [...wrongKeys, ...strangers].filter((other) => other !== 100)) {
      if (signal.aborted) break;
      await crowd.initiate(number);
      attempts += 1;
    }
    await systemClock.sleep(Math.max(0, 1000 - (systemClock.monotonic() - began)), signal);
  }
  return attempts;
}

function instanceFile(session: LabSession, name: string): string {
  return join(session.fabric.runDirectory, 'gw-hq-gateway-0', name);
}

async function droppedPackets(session: LabSession): Promise<number> {
  const namespace = namespaceOf(session.fabric, 'gw-hq-gateway-0');
  const { stdout } = await session.ports.run(inside(namespace, ['nft', 'list', 'table', 'inet', 'sallyport']));
  return [...stdout.matchAll(/counter packets (\d+) bytes \d+ drop/g)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
