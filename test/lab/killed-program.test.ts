/**
 * kill -9 of the whole program at twenty moments of creates, updates and deletes of a connection and of a gateway. After the
 * restart it converges by itself: operations known, states true, nothing orphaned, and the neighbour's tunnel never noticed.
 */
import { expect, test } from 'vitest';
import { EchoStream, expectScenario, findPlace, inside, listNamespaces, member, putResource, connectSdk } from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { standing } from './standing.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

/** Milliseconds between sending the request and the kill: before the answer, in the middle of the work, after it. */
const moments = [0, 3, 6, 10, 15, 20, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 350, 500, 800, 1500];

type Change = { readonly method: 'PUT' | 'DELETE'; readonly id: string; readonly body?: object };

test('the program is killed at 20 moments of creates, updates and deletes and always converges', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'killed-program', async () => {
    const { scenario } = await standing(up.session, 'two-gateways');
    const traffic = scenario.expect[0]?.traffic[0];
    await using neighbour = new EchoStream(
      up.session,
      findPlace(up.fabric, traffic?.networkInterface ?? ''),
      findPlace(up.fabric, `${traffic?.site ?? ''}-host`),
    );
    await neighbour.waitForAnswer();
    const whole = listNamespaces(up.fabric);

    const operations: string[] = [];
    for (const [round, moment] of moments.entries()) {
      const change = changeOf(scenario, round);
      const label = `round ${round}: ${change.method} ${change.id.split('/').slice(-2).join('/')}, killed after ${moment} ms`;
      const operation = await changeAndKill(up, change, moment);
      await up.begin();
      operations.push(await finish(up.session, change, operation, label));
      await expectConverged(up.session, scenario, change, whole, label);
    }
    for (const url of operations) expect((await up.session.arm.send('GET', url)).status, `operation ${url} is still known`).toBe(200);
    await putResource(await connectSdk(up.session.arm.file), lastConnection(scenario).put, lastConnection(scenario).body);
    await expectScenario(up.session, scenario);
    expect(neighbour.read().sent).toBeGreaterThan(200);
    expect(neighbour.read().lost, 'the first gateway’s tunnel through all kills').toEqual([]);
  });
});

/** In turn: update of the second connection, its delete, delete and create of its gateway, create of the connection. */
function changeOf(scenario: Scenario, round: number): Change {
  const connection = lastConnection(scenario);
  const gateway = scenario.resources.filter(({ put }) => put.includes('/virtualNetworkGateways/')).at(-1);
  if (gateway === undefined) throw new Error('two-gateways has gateways');
  const timeout = { ...connection.body, properties: { ...(connection.body['properties'] as object), dpdTimeoutSeconds: 30 + round } };
  const cycle: readonly Change[] = [
    { method: 'PUT', id: connection.put, body: timeout },
    { method: 'DELETE', id: connection.put },
    { method: 'DELETE', id: gateway.put },
    { method: 'PUT', id: gateway.put, body: gateway.body },
    { method: 'PUT', id: connection.put, body: connection.body },
  ];
  return cycle[round % cycle.length] ?? { method: 'PUT', id: connection.put, body: connection.body };
}

function lastConnection(scenario: Scenario): Scenario['resources'][number] {
  const found = scenario.resources.filter(({ put }) => put.includes('/connections/')).at(-1);
  if (found === undefined) throw new Error('two-gateways has connections');
  return found;
}

/** @returns the operation's URL when the answer came before the kill. */
async function changeAndKill(up: UpProcess, change: Change, moment: number): Promise<string | undefined> {
  await up.session.arm.token();
  const answer = up.session.arm.send(change.method, change.id, change.body).catch(() => undefined);
  await systemClock.sleep(moment); // the moment is what is tested, not something waited for
  await up.kill();
  const url = (await answer)?.headers['azure-asyncoperation'];
  return typeof url === 'string' ? url : undefined;
}

/** Follows the operation to its end; a request that was never answered is sent again, as its client would. @returns its URL. */
async function finish(session: LabSession, change: Change, operation: string | undefined, label: string): Promise<string> {
  const url = operation ?? (await sendAgain(session, change, label));
  const status = await until(
    async () => {
      const answer = await session.arm.send('GET', url);
      if (answer.status !== 200) throw new Error(`${label}: the operation answered ${answer.status}`);
      return member(answer.body, 'status');
    },
    (seen) => seen !== 'InProgress',
    { because: `${label}: the operation ends`, clock: systemClock, timeoutMs: 60_000 },
  );
  expect([label, status]).toEqual([label, 'Succeeded']);
  return url;
}

async function sendAgain(session: LabSession, change: Change, label: string): Promise<string> {
  const answer = await until(
    () => session.arm.send(change.method, change.id, change.body),
    ({ status }) => status !== 429,
    {
      because: `${label}: the repeated request is taken`,
      clock: systemClock,
      everyMs: 250,
    },
  );
  const url = answer.headers['azure-asyncoperation'];
  if (typeof url === 'string') return url;
  // Deleted already: the first request had been carried out, its answer was lost.
  expect([change.method, answer.status], `${label}: ${JSON.stringify(answer.body)}`).toEqual(['DELETE', 204]);
  return `/subscriptions/${session.arm.file.subscriptionId}`;
}

async function expectConverged(
  session: LabSession,
  scenario: Scenario,
  change: Change,
  whole: readonly string[],
  label: string,
): Promise<void> {
  const resource = await session.arm.get(change.id);
  const seen =
    change.method === 'DELETE' ? (resource === undefined ? 'gone' : 'still there') : member(resource, 'properties', 'provisioningState');
  expect([label, seen]).toEqual([label, change.method === 'DELETE' ? 'gone' : 'Succeeded']);
  if (change.method === 'PUT' && change.id.includes('/connections/'))
    await until(
      async () => member(await session.arm.get(change.id), 'properties', 'connectionStatus'),
      (status) => status === 'Connected',
      {
        because: `${label}: Connected again`,
        clock: systemClock,
        timeoutMs: 60_000,
      },
    );
  const gatewayGone = (await session.arm.get(changeOf(scenario, 2).id)) === undefined;
  await until(
    () => listNamespaces(session.fabric),
    (now) => now.length === whole.length - (gatewayGone ? 1 : 0) && now.every((one) => whole.includes(one)),
    {
      because: `${label}: the namespaces are those of the resources`,
      clock: systemClock,
    },
  );
  if (gatewayGone) return;
  const hasConnection = (await session.arm.get(lastConnection(scenario).put)) !== undefined;
  const instance = findPlace(session.fabric, `${changeOf(scenario, 2).id.split('/').at(-1) ?? ''}/IN_0`);
  const tunnels = async (): Promise<readonly string[]> => {
    const { stdout } = await ports.run(inside(instance.namespace, ['ip', '-j', 'link', 'show']));
    return (JSON.parse(stdout) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname).filter((name) => /^t\d+$/.test(name));
  };
  await until(tunnels, (names) => names.length === (hasConnection ? 1 : 0), {
    because: `${label}: tunnel interfaces are those of the connections`,
    clock: systemClock,
  });
}
