/** What `npm start` shows: a scenario built step by step, what exists then, and how long each part of the way took. */
import { buildScenario, connectSdk, expectScenario, member, readNumberedPlan, shortName, waitForStatus } from '@sallyport/lab';
import type { BuildTimes, Fabric, LabSession, RoundTrip, Scenario } from '@sallyport/lab';
import { parseResourceId } from '@sallyport/model';
import { printPlan } from '@sallyport/planner';
import { tableLines } from './table.ts';

export type Tour = {
  readonly resources: readonly { readonly name: string; readonly state: string; readonly facts: string }[];
  readonly tunnels: readonly { readonly connection: string; readonly status: string; readonly ike: string; readonly esp: string }[];
  readonly trips: readonly RoundTrip[];
  readonly times: BuildTimes;
  /** Seconds since the first PUT. */
  readonly seconds: { readonly succeeded: number; readonly connected: number; readonly firstPacket: number };
};

export async function buildTunnel(session: LabSession, scenario: Scenario): Promise<Tour> {
  const { clock } = session.ports;
  const began = clock.monotonic();
  const since = (): number => (clock.monotonic() - began) / 1000;
  const times = await buildScenario(session, scenario);
  const succeeded = since();
  for (const { connection, connectionStatus } of scenario.expect) await waitForStatus(session, connection, connectionStatus);
  const connected = since();
  session.tell('Connected');
  const trips = await expectScenario(session, scenario);
  const firstPacket = since();
  session.tell('packets go both ways');
  return {
    resources: await readResources(session, scenario),
    tunnels: await readTunnels(session, scenario),
    trips,
    times,
    seconds: { succeeded, connected, firstPacket },
  };
}

async function readResources(session: LabSession, scenario: Scenario): Promise<Tour['resources']> {
  return Promise.all(
    scenario.resources.map(async ({ put }) => {
      const properties = member(await session.arm.get(put), 'properties');
      return { name: shortName(put), state: String(member(properties, 'provisioningState')), facts: factsOf(properties) };
    }),
  );
}

/** The one thing a reader wants to know of each. */
function factsOf(properties: unknown): string {
  const candidates = [
    member(properties, 'connectionStatus'),
    member(properties, 'ipAddress'),
    member(properties, 'addressSpace', 'addressPrefixes'),
    member(properties, 'ipConfigurations', 0, 'properties', 'privateIPAddress'),
    member(properties, 'gatewayIpAddress'),
    member(properties, 'sku', 'name'),
  ];
  return candidates.filter((fact) => fact !== undefined && fact !== null).map(String)[0] ?? '';
}

/** What `az network vpn-connection list-ike-sas` shows, from the same call. */
async function readTunnels(session: LabSession, scenario: Scenario): Promise<Tour['tunnels']> {
  const sdk = await connectSdk(session.arm.file);
  const connections = scenario.resources.filter(({ put }) => /\/connections\//i.test(put));
  return Promise.all(
    connections.map(async ({ put }) => {
      const id = parseResourceId(put);
      const status = String(member(await session.arm.get(put), 'properties', 'connectionStatus'));
      const answer: unknown = await sdk.virtualNetworkGatewayConnections.getIkeSas(id?.resourceGroup ?? '', id?.names[0] ?? '');
      const text = typeof answer === 'string' ? answer : member(answer, 'body');
      const sas: unknown = typeof text === 'string' ? JSON.parse(text) : {};
      const sa = member(sas, 'IkeSAs', 0);
      return { connection: shortName(put), status, ...saFacts(sa) };
    }),
  );
}

function saFacts(sa: unknown): { readonly ike: string; readonly esp: string } {
  const words = (...values: readonly unknown[]): string => values.filter((value) => typeof value === 'string').join(' ');
  const child = member(sa, 'QuickModeSAs', 0);
  return {
    ike: words(
      member(sa, 'LocalEndpoint'),
      member(sa, 'RemoteEndpoint'),
      member(sa, 'Encryption'),
      member(sa, 'Integrity'),
      member(sa, 'DhGroup'),
    ),
    esp: words(member(child, 'Encryption'), member(child, 'Integrity'), member(child, 'PfsGroupId')),
  };
}

export function tourLines(tour: Tour): readonly string[] {
  const seconds = (value: number): string => `${value.toFixed(2)} s`;
  const gateway = tour.times.find(({ resource }) => /virtualNetworkGateways/i.test(resource));
  const rows = [
    ['gateway PUT to Succeeded', seconds((gateway?.ms ?? 0) / 1000)],
    ['first PUT to everything Succeeded', seconds(tour.seconds.succeeded)],
    ['first PUT to Connected', seconds(tour.seconds.connected)],
    ['first PUT to the first packet both ways', seconds(tour.seconds.firstPacket)],
  ];
  return [
    ...linesOf(tour.resources),
    '',
    ...tableLines(
      ['TUNNEL', 'STATUS', 'IKE', 'ESP'],
      tour.tunnels.map(({ connection, status, ike, esp }) => [connection, status, ike, esp]),
    ),
    '',
    ...tableLines(
      ['FROM', 'TO', 'ROUND TRIP'],
      tour.trips.map(({ from, to, ms }) => [from, to, `${ms} ms`]),
    ),
    '',
    ...tableLines(['TIME', ''], rows),
  ];
}

/** The resource table alone. */
export async function resourceLines(session: LabSession, scenario: Scenario): Promise<readonly string[]> {
  return linesOf(await readResources(session, scenario));
}

function linesOf(resources: Tour['resources']): readonly string[] {
  return [
    '',
    ...tableLines(
      ['RESOURCE', 'STATE', ''],
      resources.map(({ name, state, facts }) => [name, state, facts]),
    ),
  ];
}

/** The plan its agent works on, as `sallyport plan` prints plans. */
export function printPlanOf(fabric: Fabric): string {
  const stored = readNumberedPlan(fabric);
  return stored === undefined ? 'no plan yet' : printPlan({ number: stored.number, hosts: [stored.plan] });
}
