/** The catalogue's other topologies with real packets: IKEv1, a custom policy, policy-based selectors, two sites. */
import { expect, test } from 'vitest';
import { buildScenario, expectScenario, loadScenario } from '@sallyport/lab';
import type { ConnectionObservation } from '@sallyport/model';
import { UpProcess, observedConnections, withEvidence } from './up-process.ts';

type Sas = ConnectionObservation['ikeSas'];

/** What the scenario's README says must hold of the SAs. */
const promises: Readonly<Record<string, (sas: Sas) => void>> = {
  's2s-ikev1-psk': (sas) => expect(sas.map(({ version }) => version)).toEqual([1]),
  's2s-custom-policy': (sas) => {
    expect(sas.map(({ encryption, integrity, dhGroup }) => `${encryption} ${integrity} ${dhGroup}`)).toEqual(['AES256 SHA384 DHGroup24']);
    const children = sas.flatMap(({ childSas }) => childSas);
    expect(children.map(({ encryption, integrity }) => `${encryption} ${integrity}`)).toEqual(['AES256 SHA256']);
  },
  's2s-policy-selectors': (sas) => {
    const pairs = sas
      .flatMap(({ childSas }) => childSas)
      .map(({ localSelectors, remoteSelectors }) => `${localSelectors.join()} ${remoteSelectors.join()}`);
    expect(new Set(pairs).size).toBe(4);
  },
  's2s-two-sites': (sas) => expect(sas).toHaveLength(2),
};

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
