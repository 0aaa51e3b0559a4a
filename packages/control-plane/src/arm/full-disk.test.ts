/** The API on a full disk: what a client gets, that nothing of it is stored, and that all goes on by itself once there is space. */
import { expect, test } from 'vitest';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { fixtureRules } from '../testing/fixture-rules.ts';
import { withStoreDisk } from '../testing/store-disk.ts';
import { startTestServer, testSettings, testSubscription } from '../testing/test-server.ts';

const group = `/subscriptions/${testSubscription}/resourceGroups/rg`;
const idOf = (name: string): string => `${group}/providers/Microsoft.Network/things/${name}`;
const settings = { ...testSettings, operationHoldSeconds: 0 };
/** Larger than what is free in the pages that the store has. */
const body = { location: 'westeurope', properties: { text: 'x'.repeat(100_000) } };

test('a full disk is answered with 507 and nothing is stored; operations go on when there is space again', async () => {
  const { opened: server, disk } = await withStoreDisk(() =>
    startTestServer({ resourceRules: fixtureRules, planner: fixturePlanner, store: 'sqlite', settings }),
  );
  const send = server.client.send;
  try {
    await send('PUT', group, { body: { location: 'westeurope' } });
    const begun = await send('PUT', idOf('begun'), { body });
    expect(begun.status).toBe(201);
    const operation = new URL(begun.headers['azure-asyncoperation'] ?? '').pathname;
    disk.fill();
    const agent = server.startAgent(); // its plan can't be stored before there is space

    const refused = await send('PUT', idOf('refused'), { body });
    const { code, message } = refused.body.error;
    expect([refused.status, code]).toEqual([507, 'InsufficientStorage']);
    expect(message).toBe('Nothing was changed: the disk of the control plane is full. Free some space and send the request again.');
    expect((await send('GET', idOf('refused'))).status).toBe(404);
    expect((await send('GET', operation)).body.status).toBe('InProgress');
    const status = (await send('GET', '/debug/status')).body;
    expect(status.storeFailure).toContain('is full: free some space on it');
    // Its own commits wake the planning task; they must not do so while they fail.
    expect(status.tasks.find(({ name }: { name: string }) => name === 'planning').failuresInARow).toBeLessThan(10);

    disk.free();
    await agent;
    await expect.poll(async () => (await send('GET', operation)).body.status, { timeout: 20_000 }).toBe('Succeeded');
    expect((await send('PUT', idOf('refused'), { body })).status).toBe(201);
    expect((await send('GET', '/debug/status')).body.storeFailure).toBeUndefined();
  } finally {
    await server.stop();
  }
});
