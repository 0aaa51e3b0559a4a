/** The catalogue's other topologies with real packets: IKEv1, a custom policy, policy-based selectors, two sites. */
import { expect, test } from 'vitest';
import { promises } from './promises.ts';
import { standing } from './standing.ts';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

test.for(Object.entries(promises))('%s holds what it promises', async ([name, promise]) => {
  await using up = await UpProcess.start();
  await withEvidence(up, name, async () => {
    const { scenario, trips } = await standing(up.session, name);
    expect(trips).toHaveLength(2 * scenario.expect.flatMap(({ traffic }) => traffic).length);
    expect(trips.length).toBeGreaterThan(0);
    promise((await observedConnections(up.session)).flatMap(({ ikeSas }) => ikeSas));
  });
});
