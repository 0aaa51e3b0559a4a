/** `sallyport status`: what an operator wants at three in the morning. What is down comes first in words: why, in one sentence. */
import { openFabric } from '@sallyport/lab';
import type { Command } from '../command.ts';
import { dataDirectory, dataDirectoryOption, parseOptions, print, printJson, refusePositionals } from '../command.ts';
import { instanceNames, readReport } from '../status-report.ts';
import type { StatusReport } from '../status-report.ts';
import { tableLines } from '../table.ts';
import { toldNames } from '../told-names.ts';

export const status: Command = {
  summary: 'hosts, gateways, engines and connections, and why what is down is down',
  help: `
Usage: sallyport status [--data-dir DIR] [--json]

Exit code 0 when everything planned works, 1 when something does not.`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { ...dataDirectoryOption, json: { type: 'boolean' } });
    refusePositionals(positionals);
    const report = await readReport(openFabric(dataDirectory(values['data-dir'])));
    if (values.json === true) printJson(report);
    else for (const line of reportLines(report)) print(line);
    return report.troubles.length === 0 ? 0 : 1;
  },
};

export function reportLines(report: StatusReport): readonly string[] {
  const host =
    report.host === undefined ? 'agent down' : `host ${report.host}: plan ${report.appliedPlan} applied, IPsec by ${report.ipsec}`;
  const instanceNameOf = instanceNames(report.instances);
  const nameOf = toldNames(report.connections.map(({ id }) => id));
  const engines = report.instances.flatMap((instance) =>
    instance.engines.map((engine) => [
      instanceNameOf(instance.id),
      instance.state,
      engine.name,
      engine.isHealthy ? 'healthy' : 'sick',
      engine.processId?.toString() ?? '',
      engine.residentBytes === undefined ? '' : megabytes(engine.residentBytes),
      engine.startedAt === undefined ? '' : ago(engine.startedAt),
    ]),
  );
  const connections = report.connections.map((row) => [
    nameOf(row.id),
    row.status,
    row.since === undefined ? '' : ago(row.since),
    bytes(row.ingressBytes),
    bytes(row.egressBytes),
    row.why ?? '',
  ]);
  return [
    `fabric ${report.fabric} in ${report.dataDirectory}`,
    `API ${report.endpoint ?? 'down'}; ${host}`,
    '',
    ...(engines.length === 0 ? ['no gateways'] : tableLines(['GATEWAY', 'STATE', 'ENGINE', '', 'PID', 'MEMORY', 'UP'], engines)),
    '',
    ...(connections.length === 0 ? ['no connections'] : tableLines(['CONNECTION', 'STATUS', 'SINCE', 'IN', 'OUT', 'WHY'], connections)),
    '',
    ...confinementNotes(report).map((note) => `- ${note}`),
    ...bandwidthNotes(report).map((note) => `- ${note}`),
    ...report.notes.map((note) => `- ${note}`),
    ...(report.troubles.length === 0 ? ['all is well'] : report.troubles.map((trouble) => `! ${trouble}`)),
  ];
}

/** A sentence for every xfrmd: what it is kept from, or what it is not and why. */
function confinementNotes({ instances }: StatusReport): readonly string[] {
  const nameOf = instanceNames(instances);
  return instances.flatMap(({ id, engines }) =>
    engines.flatMap(({ name, confinement }) => {
      if (confinement === undefined) return [];
      const { systemCalls, files, missing } = confinement;
      const closed = [...(systemCalls ? ['system calls (seccomp)'] : []), ...(files ? ['files (Landlock)'] : [])].join(' and ');
      const confined = closed === '' ? 'confined by its capabilities alone' : `confined in ${closed}`;
      return [`${nameOf(id)}: ${name} is ${confined}${missing === '' ? '' : `; missing: ${missing}`}`];
    }),
  );
}

/** A sentence for every gateway instance with a bandwidth, whether it was reached or not. */
function bandwidthNotes({ instances }: StatusReport): readonly string[] {
  const nameOf = instanceNames(instances);
  return instances.flatMap(({ id, engines }) =>
    engines.flatMap(({ bandwidth }) => {
      if (bandwidth === undefined) return [];
      const { bitsPerSecond, droppedToSites, droppedFromSites } = bandwidth;
      const rate = `${bitsPerSecond / 1e6} Mbit/s each way`;
      return [`${nameOf(id)}: bandwidth ${rate}; dropped over it: ${droppedToSites} packets to sites, ${droppedFromSites} from sites`];
    }),
  );
}

function megabytes(count: number): string {
  return `${(count / 1e6).toFixed(1)} MB`;
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = count === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step] ?? ''}`;
}

function ago(iso: string): string {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(iso)) / 1000));
  if (Number.isNaN(seconds)) return iso;
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
