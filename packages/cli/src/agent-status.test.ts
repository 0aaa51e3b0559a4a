/** The agent's status is there for who asks, also after its socket was removed under it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentStatus } from '@sallyport/agent';
import { ManualClock, silentLogger, systemClock, until } from '@sallyport/runtime';
import { expect, test } from 'vitest';
import { readStatus, serveStatus } from './agent-status.ts';

const status: AgentStatus = { host: 'vm', acceptedPlan: 1, appliedPlan: 1, ipsec: 'xfrmd', isLinked: true };

test('the socket is made again when its folder was removed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-status-'));
  const socket = join(directory, 'run', 'agent.sock');
  const clock = new ManualClock();
  const answers = (): Promise<AgentStatus | undefined> =>
    until(
      () => readStatus(socket),
      (found) => found !== undefined,
      { because: 'the agent answers', clock: systemClock, everyMs: 5 },
    );
  try {
    await using _served = serveStatus(socket, () => status, { clock, log: silentLogger });
    expect(await answers()).toEqual(status);
    rmSync(join(directory, 'run'), { recursive: true });
    expect(await readStatus(socket)).toBeUndefined();
    await clock.advance(2000);
    expect(await answers()).toEqual(status);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
