/**
 * As many connections as VpnGw4 allows, on one gateway, through the API; the sites are one stock strongSwan with a hundred addresses.
 * One is changed, one comes and goes, the program is killed: the others lose no packet.
 */
import { expect, test } from 'vitest';
import { connectSdk, putResource } from '@sallyport/lab';
import { systemClock } from '@sallyport/runtime';
import { buildCrowd, echoes, startCrowd, waitForConnected } from './crowd-of-sites.ts';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

const count = 100;
const all = Array.from({ length: count }, (_, index) => index + 1);
const but = (number: number): readonly number[] => all.filter((other) => other !== number);

test('a hundred connections: one changed, one flapping, the program killed, and the others lose nothing', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'hundred-connections', async () => {
    const { session } = up;
    const built = await buildCrowd(session, count);
    await using crowd = await startCrowd(session, count, built.gatewayAddress);
    await waitForConnected(session, count);
    expect(crowd.upCount).toBe(count);

    const during = async (what: string, others: readonly number[], seconds: number, work: () => Promise<void>): Promise<void> => {
      const echoing = echoes(session, others, { seconds, everyMs: 500 });
      await work();
      const { sent, lost } = await echoing;
      expect(sent, `${what}: packets sent`).toBe(others.length * seconds * 2);
      expect([...lost], `${what}: packets lost by site`).toEqual([]);
    };

    await during('site 42 changed', but(42), 10, async () => {
      const [, connection] = built.site(42);
      const properties = { ...(connection?.body['properties'] as object), dpdTimeoutSeconds: 60 };
      await putResource(await connectSdk(session.arm.file), built.connection(42), { ...connection?.body, properties });
    });
    await waitForConnected(session, count);

    let flaps = 0;
    await during('site 7 comes and goes', but(7), 12, async () => {
      for (flaps = 0; flaps < 10; flaps += 1) {
        await crowd.terminate(7);
        await crowd.initiate(7);
        await systemClock.sleep(1000);
      }
    });
    expect(flaps).toBe(10);
    await waitForConnected(session, count);

    const idsOf = async (): Promise<readonly string[]> =>
      (await observedConnections(session)).flatMap(({ ikeSas }) => ikeSas.map(({ initiatorSpi }) => initiatorSpi)).toSorted();
    const before = await idsOf();
    await during('the program was killed and started again', all, 20, async () => {
      await up.kill();
      await up.begin();
      await waitForConnected(up.session, count);
    });
    expect(await idsOf()).toEqual(before);
  });
});
