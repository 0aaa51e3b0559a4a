/** `sallyport status`: what an operator wants at three in the morning. What is down comes first in words: why, in one sentence. */
import { existsSync } from 'node:fs';
import { ArmClient, listNamespaces, member, openFabric, readClientFile } from '@sallyport/lab';
import type { Fabric } from '@sallyport/lab';
import type { AgentStatus } from '@sallyport/agent';
import { resourceName } from '@sallyport/model';
import type { ConnectionObservation, InstanceObservation } from '@sallyport/model';
import { readStatus } from '../agent-status.ts';
import type { Command } from '../command.ts';
import { dataDirectory, dataDirectoryOption, parseOptions, print, printJson, reasonOf, refusePositionals } from '../command.ts';
import { agentSocket, clientFile } from '../installation.ts';
import { tableLines } from '../table.ts';

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

type ConnectionRow = {
  readonly id: string;
  readonly status: string;
  readonly since?: string;
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly provisioningState: string;
  /** One sentence; absent when Connected. */
  readonly why?: string;
};

export type StatusReport = {
  readonly fabric: string;
  readonly dataDirectory: string;
  readonly endpoint?: string;
  readonly controlPlane: 'answers' | 'down';
  readonly agent: 'answers' | 'down';
  readonly host?: string;
  readonly acceptedPlan?: number;
  readonly appliedPlan?: number;
  readonly ipsec?: string;
  readonly instances: readonly InstanceObservation[];
  readonly connections: readonly ConnectionRow[];
  /** Everything that is not as it should be, one sentence each. */
  readonly troubles: readonly string[];
};

async function readReport(fabric: Fabric): Promise<StatusReport> {
  const [agent, api] = await Promise.all([readStatus(agentSocket(fabric)), readApi(fabric)]);
  const instances = agent?.observation?.instances ?? [];
  const connections = 'error' in api ? instances.flatMap((instance) => instance.connections.map(rowOfObservation)) : api.connections;
  return {
    fabric: fabric.id,
    dataDirectory: fabric.dataDirectory,
    ...('endpoint' in api ? { endpoint: api.endpoint } : {}),
    controlPlane: 'error' in api ? 'down' : 'answers',
    agent: agent === undefined ? 'down' : 'answers',
    ...(agent === undefined
      ? {}
      : { host: agent.host, acceptedPlan: agent.acceptedPlan, appliedPlan: agent.appliedPlan, ipsec: agent.ipsec }),
    instances,
    connections,
    troubles: troublesOf(fabric, agent, api, connections),
  };
}

type Api = { readonly endpoint: string; readonly connections: readonly ConnectionRow[] } | { readonly error: string };

async function readApi(fabric: Fabric): Promise<Api> {
  if (!existsSync(clientFile(fabric))) return { error: 'the control plane is not running: there is no client.json' };
  try {
    using arm = new ArmClient(readClientFile(fabric.dataDirectory));
    const connections: ConnectionRow[] = [];
    for (const subscription of listOf(await arm.get('/subscriptions'))) {
      const id = String(member(subscription, 'id'));
      const filter = encodeURIComponent("resourceType eq 'Microsoft.Network/connections'");
      for (const found of listOf(await arm.get(`${id}/resources?$filter=${filter}`))) {
        const connection = await arm.get(String(member(found, 'id')));
        if (connection !== undefined) connections.push(rowOfResource(connection));
      }
    }
    return { endpoint: arm.file.endpoint, connections };
  } catch (error) {
    return { error: `the control plane does not answer: ${reasonOf(error)}` };
  }
}

function listOf(answer: unknown): readonly unknown[] {
  const value = member(answer, 'value');
  return Array.isArray(value) ? value : [];
}

function rowOfResource(connection: unknown): ConnectionRow {
  const properties = member(connection, 'properties');
  const since = member(properties, 'tunnelConnectionStatus', 0, 'lastConnectionEstablishedUtcTime');
  const why = member(properties, 'connectionStatusReason', 'message');
  const seen = member(properties, 'connectionStatus');
  return {
    id: String(member(connection, 'id')),
    status: typeof seen === 'string' ? seen : 'Unknown',
    ingressBytes: Number(member(properties, 'ingressBytesTransferred') ?? 0),
    egressBytes: Number(member(properties, 'egressBytesTransferred') ?? 0),
    provisioningState: String(member(properties, 'provisioningState')),
    ...(typeof since === 'string' ? { since } : {}),
    ...(typeof why === 'string' ? { why } : {}),
  };
}

/** Without the control plane: what the agent sees. */
function rowOfObservation(observation: ConnectionObservation): ConnectionRow {
  return {
    id: observation.connection,
    status: observation.status,
    ingressBytes: observation.ingressBytes,
    egressBytes: observation.egressBytes,
    provisioningState: 'unknown',
    ...(observation.lastEstablishedAt === undefined ? {} : { since: observation.lastEstablishedAt }),
    ...(observation.reason === undefined ? {} : { why: observation.reason.message }),
  };
}

function agentDown(fabric: Fabric): string {
  return listNamespaces(fabric).length === 0
    ? 'the agent is not running, and this host has nothing of this fabric'
    : 'the agent is not running: what there is stays as it is, and nothing is repaired';
}

function troublesOf(fabric: Fabric, agent: AgentStatus | undefined, api: Api, connections: readonly ConnectionRow[]): readonly string[] {
  return [
    ...('error' in api ? [api.error] : []),
    ...(agent === undefined ? [agentDown(fabric)] : []),
    ...(agent?.linkError === undefined ? [] : [`host ${agent.host}: ${agent.linkError}`]),
    ...(agent !== undefined && agent.acceptedPlan !== agent.appliedPlan
      ? [`host ${agent.host}: plan ${agent.acceptedPlan} is accepted and not applied yet (applied: ${agent.appliedPlan})`]
      : []),
    ...(agent?.observation?.failures ?? []).map(({ message }) => message),
    ...(agent?.observation?.instances ?? []).flatMap(({ state, detail, id }) =>
      state === 'Running' ? [] : [`gateway ${instanceName(id)} is ${state}${detail === undefined ? '' : `: ${detail}`}`],
    ),
    ...connections.flatMap(({ id, status: seen, why }) =>
      seen === 'Connected' ? [] : [`connection ${resourceName(id)} is ${seen}${why === undefined ? '' : `: ${why}`}`],
    ),
  ];
}

function reportLines(report: StatusReport): readonly string[] {
  const host =
    report.host === undefined ? 'agent down' : `host ${report.host}: plan ${report.appliedPlan} applied, IPsec by ${report.ipsec}`;
  const engines = report.instances.flatMap((instance) =>
    instance.engines.map((engine) => [
      instanceName(instance.id),
      instance.state,
      engine.name,
      engine.isHealthy ? 'healthy' : 'sick',
      engine.processId?.toString() ?? '',
      engine.residentBytes === undefined ? '' : megabytes(engine.residentBytes),
      engine.startedAt === undefined ? '' : ago(engine.startedAt),
    ]),
  );
  const connections = report.connections.map((row) => [
    resourceName(row.id),
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
    ...(report.troubles.length === 0 ? ['all is well'] : report.troubles.map((trouble) => `! ${trouble}`)),
  ];
}

/** `hq-gateway/IN_0` of an instance id. */
function instanceName(id: string): string {
  return id.split('/').slice(-2).join('/');
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
