/** A gateway's bandwidth shared by its two sites, on the kernel's ESP: what test/lab/bandwidth.test.ts sees, in short. Judging is scenarios.test.ts. */
import { expectSuccess, findPlace } from '@sallyport/lab';
import type { LabSession, Place, Scenario } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { answers, bandwidthTag, dropped, flood, limits } from '../../lab/echo-flood.ts';
import type { BandwidthReport } from './report.ts';

const echoesEach = 200;

export async function floodOverBandwidth(session: LabSession, scenario: Scenario): Promise<BandwidthReport> {
  const { clock } = session.ports;
  const [vm, one, two] = ['vm1', 'site1-host', 'site2-host'].map((name) => findPlace(session.fabric, name)) as [Place, Place, Place]; // the scenario's
  const gateway = scenario.resources.find(({ put }) => put.endsWith('/virtualNetworkGateways/hq-gateway'))?.put ?? '';
  expectSuccess('PATCH', await session.arm.send('PATCH', gateway, { tags: { [bandwidthTag]: '64kbps' } }));
  await until(
    () => limits(session),
    (rules) => rules.length === 2,
    { because: 'the rules of bandwidth are loaded', clock, everyMs: 500 },
  );
  const before = await answers(vm);
  await Promise.all([flood(vm, one, echoesEach), flood(vm, two, echoesEach)]);
  const sent = 2 * echoesEach;
  return until(
    async () => ({
      sent,
      answered: (await answers(vm)) - before,
      dropped: (await dropped(session)).reduce((sum, count) => sum + count, 0),
    }),
    (seen) => seen.answered + seen.dropped >= sent,
    { because: 'every echo is answered or dropped', clock, everyMs: 500 },
  );
}
