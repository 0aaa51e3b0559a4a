/** The measurements, each a function that returns rows. Real daemons, real API, one machine; nothing is averaged away: several runs are listed. */
import { readFileSync, readdirSync } from 'node:fs';
import { buildTunnel } from '@sallyport/cli';
import { ArmClient, buildScenario, connectSdk, loadScenario, putResource, waitForStatus } from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';
import type { JsonObject } from '@sallyport/model';

export type Row = { readonly what: string; readonly value: string };

export async function timed<T>(
  session: Pick<LabSession, 'ports'>,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly seconds: number }> {
  const began = session.ports.clock.monotonic();
  const result = await work();
  return { result, seconds: (session.ports.clock.monotonic() - began) / 1000 };
}

/** The main job, as `npm start` does it. */
export async function firstTunnel(session: LabSession): Promise<readonly Row[]> {
  const tour = await buildTunnel(session, loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId));
  const ms = (type: string): string => seconds((tour.times.find(({ resource }) => resource.includes(`/${type}/`))?.ms ?? 0) / 1000);
  return [
    { what: 'gateway PUT to Succeeded', value: ms('virtualNetworkGateways') },
    { what: 'connection PUT to Succeeded', value: ms('connections') },
    { what: 'first PUT to all Succeeded', value: seconds(tour.seconds.succeeded) },
    { what: 'first PUT to Connected', value: seconds(tour.seconds.connected) },
    { what: 'first PUT to the first packet both ways', value: seconds(tour.seconds.firstPacket) },
  ];
}

/** A property of one of twenty connections changes: PUT to Succeeded, five times. */
export async function oneChangeOfTwenty(session: LabSession): Promise<readonly Row[]> {
  const scenario = loadScenario('s2s-twenty-sites', session.arm.file.subscriptionId);
  const { seconds: built } = await timed(session, () => buildScenario(session, scenario));
  for (const { connection } of scenario.expect) await waitForStatus(session, connection, 'Connected');
  const connection = scenario.resources.find(({ put }) => put.endsWith('/connections/hq-site7'));
  if (connection === undefined) throw new Error('s2s-twenty-sites has a connection hq-site7');
  const sdk = await connectSdk(session.arm.file);
  const runs: number[] = [];
  for (let run = 1; run <= 5; run += 1) {
    const properties = { ...(connection.body['properties'] as JsonObject), dpdTimeoutSeconds: 45 + run };
    runs.push((await timed(session, () => putResource(sdk, connection.put, { ...connection.body, properties }))).seconds);
  }
  return [
    { what: 'twenty sites built, first PUT to last Succeeded', value: seconds(built) },
    { what: 'one connection of 20 changed, PUT to Succeeded (5 runs)', value: runs.map(seconds).join(', ') },
  ];
}

/** Local network gateways: stored, validated, referred to by the planner, nothing for hosts to do. */
export async function manyResources(session: LabSession, count: number): Promise<readonly Row[]> {
  const group = `/subscriptions/${session.arm.file.subscriptionId}/resourceGroups/many`;
  await session.arm.put(group, { location: 'westeurope' });
  const type = `${group}/providers/Microsoft.Network/localNetworkGateways`;
  const bodyOf = (index: number): object => ({
    location: 'westeurope',
    properties: {
      gatewayIpAddress: '203.0.113.200',
      localNetworkAddressSpace: { addressPrefixes: [`172.${16 + (index >> 12)}.${(index >> 4) & 255}.${(index & 15) << 4}/28`] },
    },
  });
  const numbers = Array.from({ length: count }, (_, index) => index).values();
  const work = async (): Promise<void> => {
    using arm = new ArmClient(session.arm.file);
    for (const index of numbers) await arm.put(`${type}/site${index}`, bodyOf(index));
  };
  const puts = await timed(session, () => Promise.all(Array.from({ length: 8 }, work)));
  const list = await timed(session, () => listAll(session, type));
  const one = await timed(session, () => session.arm.get(`${type}/site${count - 1}`));
  return [
    { what: `PUT of ${count} resources, 8 clients at once`, value: `${Math.round(count / puts.seconds)} PUT/s` },
    { what: `list of ${list.result.resources} resources in ${list.result.pages} pages`, value: seconds(list.seconds) },
    { what: `GET of one of them`, value: `${(one.seconds * 1000).toFixed(1)} ms` },
  ];
}

async function listAll(session: LabSession, path: string): Promise<{ readonly resources: number; readonly pages: number }> {
  let [resources, pages] = [0, 0];
  for (let next: string | undefined = path; next !== undefined; pages += 1) {
    const page = (await session.arm.get(next)) as { readonly value: readonly unknown[]; readonly nextLink?: string };
    resources += page.value.length;
    next = page.nextLink;
  }
  return { resources, pages };
}

/** Resident memory of every process that belongs to the fabric, summed by program. */
export function memory(session: LabSession): readonly Row[] {
  const marks = [session.fabric.runDirectory, session.fabric.dataDirectory];
  const byProgram = new Map<string, number[]>();
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const [command, environment] = [read(pid, 'cmdline'), read(pid, 'environ')];
    if (!marks.some((mark) => command.includes(mark) || environment.includes(mark))) continue;
    const name = programOf(command, environment, session);
    byProgram.set(name, [...(byProgram.get(name) ?? []), residentMegabytes(pid)]);
  }
  return [...byProgram]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, sizes]) => ({
      what: `resident memory: ${name}${sizes.length === 1 ? '' : `, ${sizes.length} processes, each`}`,
      value:
        sizes.length === 1 ? `${(sizes[0] ?? 0).toFixed(0)} MB` : `${Math.min(...sizes).toFixed(0)} to ${Math.max(...sizes).toFixed(0)} MB`,
    }));
}

function programOf(command: string, environment: string, session: LabSession): string {
  const words = command.split('\0');
  const child = words[words.findIndex((word) => word.endsWith('main.ts')) + 1];
  if (words.some((word) => word.endsWith('main.ts'))) return child ?? 'sallyport';
  const isDevice = `${command}${environment}`.includes(`${session.fabric.runDirectory}/lab/`);
  return `${words[0]?.split('/').at(-1) ?? ''}${isDevice ? ' (a site’s device)' : ''}`;
}

function residentMegabytes(pid: string): number {
  return (Number(read(pid, 'statm').split(' ')[1] ?? 0) * 4096) / 1e6;
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

export function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}
