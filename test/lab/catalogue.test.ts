/** The catalogue's other topologies with real packets: IKEv1, a custom policy, policy-based selectors, two sites. */
import { expect, test } from 'vitest';
import { buildScenario, expectScenario, loadScenario } from '@sallyport/lab';
import { promises } from './promises.ts';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

test.for(Object.entries(promises))('%s holds what it promises', async ([name, promise]) => {
  await using up = await UpProcess.start();
  await withEvidence(up, name, async () => {
    const scenario = loadScenario(name, up.session.arm.file.subscriptionId);
    await buildScenario(up.session, scenario);
    const trips = await expectScenario(up.session, scenario);
    expect(trips).toHaveLength(2 * scenario.expect.flatMap(({ traffic }) => traffic).length);
    expect(trips.length).toBeGreaterThan(0);
    promise((await observedConnections(up.session)).flatMap(({ ikeSas }) => ikeSas));
  });
});
