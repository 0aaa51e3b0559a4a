/** What must hold in a built scenario: connection statuses with their reasons, and packets both ways. Waits, then throws the last reading. */
import { until } from '@sallyport/runtime';
import { member } from './arm.ts';
import { LabError } from './fabric.ts';
import { findPlace } from './machines.ts';
import type { Place } from './machines.ts';
import { inside } from './namespaces.ts';
import type { LabSession } from './run-scenario.ts';
import { shortName } from './run-scenario.ts';
import type { Expectation, Scenario } from './scenario.ts';

export type RoundTrip = { readonly from: string; readonly to: string; readonly ms: number };

export async function connectionStatus(session: Pick<LabSession, 'arm'>, connection: string): Promise<string> {
  return String(member(await session.arm.get(connection), 'properties', 'connectionStatus'));
}

/** @throws Error naming what was seen last, after `timeoutMs`. */
export async function waitForStatus(
  session: LabSession,
  connection: string,
  status: Expectation['connectionStatus'],
  timeoutMs = 60_000,
): Promise<void> {
  await until(
    () => connectionStatus(session, connection),
    (seen) => seen === status,
    {
      because: `${shortName(connection)} is ${status}`,
      clock: session.ports.clock,
      timeoutMs,
      everyMs: 50,
    },
  );
}

/** Waits for every expectation of the scenario; round trips of the traffic it lists, both ways. */
export async function expectScenario(session: LabSession, scenario: Scenario): Promise<readonly RoundTrip[]> {
  const trips: RoundTrip[] = [];
  for (const expectation of scenario.expect) {
    await waitForStatus(session, expectation.connection, expectation.connectionStatus);
    for (const { networkInterface, site } of expectation.traffic) {
      const [vm, host] = [findPlace(session.fabric, networkInterface), findPlace(session.fabric, `${site}-host`)];
      trips.push(await pingUntilAnswered(session, vm, host), await pingUntilAnswered(session, host, vm));
    }
  }
  return trips;
}

/** One echo at a time until the first answer; the round trip of that one. */
export async function pingUntilAnswered(session: LabSession, from: Place, to: Place, timeoutMs = 20_000): Promise<RoundTrip> {
  const target = to.addresses[0];
  if (target === undefined) throw new LabError(`${to.name} has no address`);
  const ms = await until(
    () => pingOnce(session, from, target),
    (answered) => answered !== undefined,
    { because: `${from.name} gets an answer from ${to.name} (${target})`, clock: session.ports.clock, timeoutMs, everyMs: 20 },
  );
  return { from: from.name, to: to.name, ms: ms ?? Number.NaN };
}

async function pingOnce({ ports }: LabSession, from: Place, target: string): Promise<number | undefined> {
  const { stdout, code } = await ports.run(inside(from.namespace, ['ping', '-n', '-c', '1', '-W', '0.5', target]), { okCodes: [0, 1] });
  const time = /time=([\d.]+) ms/.exec(stdout)?.[1];
  return code === 0 && time !== undefined ? Number(time) : undefined;
}
