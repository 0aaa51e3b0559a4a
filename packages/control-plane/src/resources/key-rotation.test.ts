/** A shared key with a window: what the host is given and until when, what is kept and what is erased, by a clock the test moves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConnectionObservation } from '@sallyport/model';
import { randomIds, silentLogger, systemClock } from '@sallyport/runtime';
import type { FakeAgent } from '../agents/fake-agent.ts';
import { buildSiteToSite, idOf } from '../testing/site-to-site.ts';
import type { TestClient } from '../testing/test-client.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer } from '../testing/test-server.ts';

const connection = idOf('connections', 'hq-site');
const gateway = idOf('virtualNetworkGateways', 'gw');
const tag = 'sallyport:key-rotation-window';
const minute = 60_000;

let server: TestServer;
let client: TestClient;
let agent: FakeAgent;
let ahead = 0;
let reported: Partial<ConnectionObservation> = {};
let number = 0;

beforeAll(async () => {
  const clock = { ...systemClock, now: () => systemClock.now() + ahead };
  server = await startTestServer({ ports: { clock, ids: randomIds, log: silentLogger } });
  client = server.client;
  agent = await server.startAgent({ connection: () => reported });
  await buildSiteToSite(server);
});
beforeEach(async () => {
  reported = {};
  await tagged(connection, {});
  await tagged(gateway, {});
  ahead += minute; // any window of an earlier test is over
  await settled(1);
});
afterAll(() => server.stop());

async function tagged(resource: string, tags: Readonly<Record<string, string>>): Promise<void> {
  expect((await client.send('PATCH', resource, { body: { tags } })).status).toBe(200);
}
async function changeKey(): Promise<string> {
  number += 1;
  const value = `Key.Number.${number}`;
  expect((await client.run('PUT', `${connection}/sharedkey`, { value })).last?.body.status).toBe('Succeeded');
  return value;
}
const key = async (): Promise<string> => (await client.send('GET', `${connection}/sharedkey`)).body.value;
const keysOfHost = (): readonly string[] => [...agent.secrets().values()];
const settled = (count: number): Promise<void> => expect.poll(() => keysOfHost().length).toBe(count);

test('without the tag the old key is gone at once', async () => {
  await changeKey();
  const value = await changeKey();
  expect(keysOfHost()).toEqual([value]);
});

test('with the tag the host has both keys until the window ends, and a GET shows the new one', async () => {
  const old = await changeKey();
  await tagged(connection, { [tag]: 'PT30S' });
  const value = await changeKey();
  expect([keysOfHost(), await key()]).toEqual([[value, old], value]);
  const { ike } = agent.plan()?.instances[0]?.tunnels[0] ?? {};
  expect(ike).toMatchObject({ sharedKey: { version: (ike?.previousSharedKey?.version ?? 0) + 1 } });
  expect(JSON.stringify(agent.plan())).not.toMatch(/Key\.Number/);
  ahead += 31_000;
  await settled(1);
  expect(keysOfHost()).toEqual([value]);
  expect(agent.plan()?.instances[0]?.tunnels[0]?.ike.previousSharedKey).toBeUndefined();
});

test("the gateway's tag is for all its connections, and a connection's own goes before it", async () => {
  const old = await changeKey();
  await tagged(gateway, { 'Sallyport:Key-Rotation-Window': 'P1D' });
  const value = await changeKey();
  expect(keysOfHost()).toEqual([value, old]);
  await tagged(connection, { [tag]: 'PT0S' });
  const last = await changeKey();
  expect(keysOfHost()).toEqual([last]);
});

test('a second change within the window drops the first of three keys', async () => {
  await tagged(connection, { [tag]: 'PT30S' });
  const [, second, third] = [await changeKey(), await changeKey(), await changeKey()];
  expect(keysOfHost()).toEqual([third, second]);
});

test('a generated key is rotated as any other', async () => {
  const old = await changeKey();
  await tagged(connection, { [tag]: 'PT30S' });
  expect((await client.run('POST', `${connection}/sharedkey/reset`, { keyLength: 64 })).last?.body.status).toBe('Succeeded');
  const value = await key();
  expect([value.length, keysOfHost()]).toEqual([64, [value, old]]);
});

test('it is said while the tunnel stands on the old key', async () => {
  await tagged(connection, { [tag]: 'PT30S' });
  await changeKey();
  const version = agent.plan()?.instances[0]?.tunnels[0]?.ike.sharedKey?.version ?? 0;
  await changeKey();
  const conditions = async (): Promise<readonly { code: string; text: string }[]> =>
    (await client.send('GET', `${connection}/providers/Sallyport.Health/conditions`)).body.value;
  reported = { sharedKeyVersion: version };
  await agent.report();
  expect(await conditions()).toMatchObject([
    { code: 'OldKeyInUse', text: expect.stringMatching(/old shared key, which is refused from 2/) },
  ]);
  reported = { sharedKeyVersion: version + 1 };
  await agent.report();
  expect(await conditions()).toEqual([]);
});

test.each(['1 hour', 'P1M', 'PT', 'P', 'PT1.5H', 'P31D', ''])('a window of "%s" is refused, wherever a tag is set', async (value) => {
  const body = { tags: { [tag]: value } };
  const patched = await client.send('PATCH', connection, { body });
  expect([patched.status, patched.body.error.code]).toEqual([400, 'InvalidKeyRotationWindow']);
  const merged = { operation: 'Merge', properties: body };
  const path = `${connection}/providers/Microsoft.Resources/tags/default`;
  expect((await client.send('PATCH', path, { body: merged })).body.error.code).toBe('InvalidKeyRotationWindow');
  const { body: whole } = await client.send('GET', connection);
  expect((await client.send('PUT', connection, { body: { ...whole, tags: body.tags } })).body.error.code).toBe('InvalidKeyRotationWindow');
});

test('the old key is on disk only sealed, and not at all after the window', async () => {
  const old = await changeKey();
  await tagged(connection, { [tag]: 'PT30S' });
  await changeKey();
  const text = (): string => ['', '-wal'].map((end) => read(join(server.directory, `store.sqlite${end}`))).join('');
  expect([text().includes('#sharedKey'), text().includes(old)]).toEqual([true, false]);
  ahead += 31_000;
  await settled(1);
  expect(text()).not.toContain(old);
});

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // not there: nothing in it
  }
}
