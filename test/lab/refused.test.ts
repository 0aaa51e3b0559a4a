/** Tunnels that can't come up: the status is honest and one sentence says why, in `sallyport status` and in the connection itself. */
import { expect, test } from 'vitest';
import { buildScenario, loadScenario, member } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

test.for([
  { name: 's2s-wrong-key', says: /key/i },
  { name: 's2s-no-common-proposal', says: /proposal/i },
  { name: 's2s-unreachable-peer', says: /answer|respond|silent|reach/i },
])('$name is not Connected and says why in one sentence', async ({ name, says }) => {
  await using up = await UpProcess.start();
  await withEvidence(up, name, async () => {
    const { session } = up;
    const scenario = loadScenario(name, session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    for (const { connection, connectionStatus, reason } of scenario.expect) {
      const properties = await until(
        async () => member(await session.arm.get(connection), 'properties'),
        (seen) => member(seen, 'connectionStatus') === connectionStatus && member(seen, 'connectionStatusReason', 'code') === reason,
        { because: `${name}: ${connectionStatus} because of ${reason ?? 'nothing'}`, clock: systemClock, timeoutMs: 90_000 },
      );
      const message = String(member(properties, 'connectionStatusReason', 'message'));
      expect(message).toMatch(says);
      expect(message).not.toContain('\n');
      expect(message).not.toContain('Sallyport.Example.Key');
      const shown = await ports.run([cli, 'status', '--data-dir', session.fabric.dataDirectory], { okCodes: [1] });
      expect(shown.stdout).toContain(message);
    }
  });
});
