/**
 * VGW-OPS-006: tunnels of a gateway share the bandwidth its tag gives it: what is over it is dropped, counted, and nobody's tunnel is touched.
 * Asserted are counts of packets: how fast a machine is does not matter.
 */
import { expect, test } from 'vitest';
import { buildScenario, connectSdk, expectScenario, findPlace, loadScenario } from '@sallyport/lab';
import type { LabSession, Place } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { answers, bandwidthTag as tag, dropped, flood, limits } from './echo-flood.ts';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

const echoes = 500;

test('two sites share 64 kbit/s, and have all they want without the tag', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'bandwidth', async (evidence) => {
    const { session } = up;
    const scenario = loadScenario('s2s-two-sites', session.arm.file.subscriptionId);
    await evidence.startCapture();
    await buildScenario(session, scenario);
    await expectScenario(session, scenario);
    const [vm, one, two] = ['vm1', 'site1-host', 'site2-host'].map((name) => findPlace(session.fabric, name)) as [Place, Place, Place];
    const before = await allSas(session);
    const group = scenario.expect[0]?.connection.split('/')[4] ?? '';
    const { virtualNetworkGateways } = await connectSdk(session.arm.file);
    const give = async (tags: Record<string, string>, rules: number): Promise<void> => {
      const former = await limits(session);
      await virtualNetworkGateways.updateTags(group, 'hq-gateway', { tags });
      // One limit for another is as many rules.
      await until(
        () => limits(session),
        (found) => found.length === rules && found.join() !== former.join(),
        { because: `${rules} other rules of bandwidth are loaded`, clock: systemClock },
      );
    };
    await expect(virtualNetworkGateways.updateTags(group, 'hq-gateway', { tags: { [tag]: 'much' } })).rejects.toMatchObject({
      code: 'InvalidBandwidth',
    });

    // Some 12 of 1,000: one site takes from the other, and the answers of both count the other way.
    await give({ [tag]: '64kbps' }, 2);
    const answersBefore = await answers(vm);
    await Promise.all([flood(vm, one, echoes), flood(vm, two, echoes)]);
    const { answered, lost } = await until(
      async () => ({
        answered: (await answers(vm)) - answersBefore,
        lost: (await dropped(session)).reduce((sum, packets) => sum + packets, 0),
      }),
      (seen) => seen.answered + seen.lost >= 2 * echoes,
      { because: 'every echo is answered or dropped', clock: systemClock },
    );
    expect(answered).toBeGreaterThan(0);
    expect(answered + lost).toBe(2 * echoes);
    expect(lost).toBeGreaterThan(echoes);
    // What a user sees of it: the agent's reading of the next pass, through the API.
    await until(
      () => toldDropped(session, `${scenario.expect[0]?.connection.split('/connections/')[0] ?? ''}/virtualNetworkGateways/hq-gateway`),
      (told) => told === lost,
      { because: `the gateway's conditions tell ${lost} dropped packets`, clock: systemClock },
    );

    await give({ [tag]: 'sku' }, 2);
    await floodIsAnswered(vm, one);
    expect(await dropped(session)).toEqual([0, 0]);

    await give({}, 0);
    await floodIsAnswered(two, vm);
    expect(await allSas(session)).toEqual(before);

    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16')).toBe(0);
  });
});

async function floodIsAnswered(from: Place, to: Place): Promise<void> {
  const before = await answers(from);
  await flood(from, to, echoes);
  await until(
    async () => (await answers(from)) - before,
    (count) => count === echoes,
    { because: `all ${echoes} echoes are answered`, clock: systemClock },
  );
}

async function toldDropped(session: LabSession, gateway: string): Promise<number | undefined> {
  const { value } = (await session.arm.get(`${gateway}/providers/Sallyport.Health/conditions`)) as {
    value: { code: string; text: string }[];
  };
  const told = value.find(({ code }) => code === 'BandwidthExceeded')?.text;
  const counts = /: (\d+) packets to sites, (\d+) from sites$/.exec(told ?? '');
  return counts === null ? undefined : Number(counts[1]) + Number(counts[2]);
}

async function allSas(session: LabSession): Promise<readonly string[]> {
  const seen = await observedConnections(session);
  return seen.flatMap(({ ikeSas }) => ikeSas.map((sa) => `${sa.initiatorSpi} ${sa.responderSpi}`)).toSorted();
}
