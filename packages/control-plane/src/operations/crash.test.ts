/**
 * The program is killed at many moments of a create, an update and a delete: what lies on the disk at each is started again and
 * must converge by itself, with every operation that a client was told of known and over.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { buildSiteToSite, idOf, siteGroup } from '../testing/site-to-site.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer } from '../testing/test-server.ts';

const moments = 20;
/** Between two moments: the whole flow takes about ten times as long. */
const everyMs = 5;

type Moment = { readonly directory: string; readonly operations: readonly string[] };

let scratch: string;
const taken: Moment[] = [];
const told: string[] = [];

async function flow(server: TestServer): Promise<void> {
  await buildSiteToSite(server);
  await server.client.run('PUT', `${idOf('connections', 'hq-site')}/sharedkey`, { value: 'Battery.Staple' });
  const { first } = await server.client.run('DELETE', idOf('connections', 'hq-site'));
  told.push(new URL(first.headers['azure-asyncoperation'] ?? '').pathname);
  const deletion = await server.client.send('DELETE', siteGroup);
  told.push(new URL(deletion.headers['location'] ?? '').pathname);
  const head = async (): Promise<number> => (await server.client.send('HEAD', siteGroup)).status;
  await until(head, (status) => status === 404, { because: 'the group is gone', clock: systemClock });
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sp-crash-'));
  const server = await startTestServer({ store: 'sqlite' });
  try {
    await server.startAgent();
    const done = flow(server).then(() => true);
    // Copying is synchronous, so a copy is what a kill at this very moment would leave.
    while (!(await Promise.race([done, systemClock.sleep(everyMs).then(() => false)]))) {
      const directory = join(scratch, String(taken.length));
      cpSync(server.directory, directory, { recursive: true });
      taken.push({ directory, operations: [...told] });
    }
  } finally {
    await server.stop();
  }
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('killed at any moment, it goes on to the end of every operation, and what was asked for is there', { timeout: 120_000 }, async () => {
  const step = Math.max(1, Math.floor(taken.length / moments));
  const chosen = taken.filter((_, index) => index % step === 0).slice(0, moments);
  expect(chosen.length).toBeGreaterThanOrEqual(5);
  for (const { directory, operations } of chosen) {
    const server = await startTestServer({ store: 'sqlite', dataDirectory: directory });
    try {
      const agent = await server.startAgent();
      const status = async (): Promise<{ operations: unknown[]; plan: { number: number } }> =>
        (await server.client.send('GET', '/debug/status')).body;
      await expect.poll(async () => (await status()).operations, { timeout: 20_000 }).toEqual([]);
      for (const operation of operations) expect((await server.client.send('GET', operation)).status).toBeLessThan(300);
      const resources = await server.client.send(
        'GET',
        `/subscriptions/${server.client.file.subscriptionId}/resources?api-version=2021-04-01&$expand=provisioningState`,
      );
      const states = resources.body.value.map(({ provisioningState }: { provisioningState: string }) => provisioningState);
      expect(states.filter((state: string) => state !== 'Succeeded')).toEqual([]);
      // No orphan on the host: a tunnel is there exactly when the connection is.
      await expect.poll(async () => agent.appliedPlan() === (await status()).plan.number).toBe(true);
      const hasConnection = (await server.client.send('GET', idOf('connections', 'hq-site'))).status === 200;
      expect((agent.plan()?.instances ?? []).flatMap(({ tunnels }) => tunnels)).toHaveLength(hasConnection ? 1 : 0);
    } finally {
      await server.stop();
    }
  }
});
