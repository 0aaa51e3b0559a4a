/**
 * Everything `sallyport status` knows, read from the agent's socket and the ARM API, and from one alone when the other is
 * away. How it is shown is commands/status.ts.
 */
import { existsSync } from 'node:fs';
import { ArmClient, listNamespaces, member, readClientFile } from '@sallyport/lab';
import type { Fabric } from '@sallyport/lab';
import type { AgentStatus } from '@sallyport/agent';
import type { ConnectionObservation, InstanceObservation } from '@sallyport/model';
import { groundTrouble } from '@sallyport/runtime';
import { readStatus } from './agent-status.ts';
import { reasonOf } from './command.ts';
import { agentSocket, clientFile } from './installation.ts';
import { toldNames } from './told-names.ts';

export type ConnectionRow = {
  readonly id: string;
  readonly status: string;
  readonly since?: string;
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly provisioningState: string;
  /** One sentence; absent when Connected. */
  readonly why?: string;
  /** Not Connected because nobody sends: nothing is wrong. */
  readonly isIdle?: boolean;
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
  /** What works and is worth knowing all the same. */
  readonly notes: readonly string[];
};

export async function readReport(fabric: Fabric): Promise<StatusReport> {
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
    notes: 'error' in api ? [] : api.notes,
    troubles: [...new Set([...groundTroubles(fabric), ...troublesOf(agent, api, connections, listNamespaces(fabric).length > 0)])],
  };
}

/** Looked at here, as it may be what keeps the others from answering. */
function groundTroubles({ dataDirectory, runDirectory }: Fabric): readonly string[] {
  return [dataDirectory, runDirectory].flatMap((directory) => groundTrouble(directory) ?? []);
}

export type Api =
  | {
      readonly endpoint: string;
      readonly connections: readonly ConnectionRow[];
      readonly notes: readonly string[];
      /** Why the control plane can't store anything. */
      readonly storeFailure?: string;
    }
  | { readonly error: string };

async function readApi(fabric: Fabric): Promise<Api> {
  if (!existsSync(clientFile(fabric))) return { error: 'the control plane is not running: there is no client.json' };
  try {
    using arm = new ArmClient(readClientFile(fabric.dataDirectory));
    const connections: ConnectionRow[] = [];
    const remarks: { readonly resource: string; readonly condition: unknown }[] = [];
    for (const subscription of listOf(await arm.get('/subscriptions'))) {
      const id = String(member(subscription, 'id'));
      const filter = encodeURIComponent("resourceType eq 'Microsoft.Network/connections'");
      const [found, conditions] = await Promise.all([
        arm.get(`${id}/resources?$filter=${filter}`),
        arm.get(`${id}/providers/Sallyport.Health/conditions`),
      ]);
      for (const connection of await Promise.all(listOf(found).map((one) => arm.get(String(member(one, 'id'))))))
        if (connection !== undefined) connections.push(rowOfResource(connection));
      for (const condition of listOf(conditions)) {
        const resource = member(condition, 'resource');
        if (typeof resource === 'string' && isNote(resource, condition)) remarks.push({ resource, condition });
      }
    }
    const storeFailure = member(await arm.get('/debug/status'), 'storeFailure');
    const told = [...connections.map(({ id }) => id), ...remarks.map(({ resource }) => resource)];
    const nameOf = (id: string): string => toldNames(told.filter((other) => typeOf(other) === typeOf(id)))(id);
    return {
      endpoint: arm.file.endpoint,
      connections,
      ...(typeof storeFailure === 'string' ? { storeFailure } : {}),
      notes: remarks.map(({ resource, condition }) => noteOf(resource, nameOf(resource), condition)),
    };
  } catch (error) {
    return { error: `the control plane does not answer: ${reasonOf(error)}` };
  }
}

/** Of connections whatever is no error: what is an error is told with their status. A tag without effect may be on anything. */
export function isNote(resource: string, condition: unknown): boolean {
  if (member(condition, 'code') === 'TagNotInEffect') return true;
  return member(condition, 'severity') !== 'error' && isConnection(resource);
}

function isConnection(resource: string): boolean {
  return /\/connections\/[^/]+$/i.test(resource);
}

function typeOf(id: string): string {
  return id.split('/').at(-2) ?? '';
}

/** @param name what tells the resource from others of its type. */
export function noteOf(resource: string, name: string, condition: unknown): string {
  const remedy = member(condition, 'remedy');
  const text = String(member(condition, 'text'));
  // `connection hq`; of others the type as it is in their ids: `publicIPAddresses hq-ip`.
  const kind = isConnection(resource) ? 'connection' : typeOf(resource);
  return `${kind} ${name}: ${text}${typeof remedy === 'string' ? `; ${remedy}` : ''}`;
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
    ...(member(properties, 'connectionStatusReason', 'code') === 'Idle' ? { isIdle: true } : {}),
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
    ...(observation.reason?.code === 'Idle' ? { isIdle: true } : {}),
  };
}

/** One sentence for each thing that is not as it should be. @param hasObjects whether the host has anything of the fabric. */
export function troublesOf(
  agent: AgentStatus | undefined,
  api: Api,
  connections: readonly ConnectionRow[],
  hasObjects: boolean,
): readonly string[] {
  const instances = agent?.observation?.instances ?? [];
  const nameOf = toldNames(connections.map(({ id }) => id));
  const instanceNameOf = instanceNames(instances);
  const agentDown = hasObjects
    ? 'the agent is not running: what there is stays as it is, and nothing is repaired'
    : 'the agent is not running, and this host has nothing of this fabric';
  return [
    ...('error' in api ? [api.error] : [api.storeFailure ?? []].flat()),
    ...(agent === undefined ? [agentDown] : []),
    ...(agent?.linkError === undefined ? [] : [`host ${agent.host}: ${agent.linkError}`]),
    ...(agent !== undefined && agent.acceptedPlan !== agent.appliedPlan
      ? [`host ${agent.host}: plan ${agent.acceptedPlan} is accepted and not applied yet (applied: ${agent.appliedPlan})`]
      : []),
    ...(agent?.observation?.failures ?? []).map(({ message }) => message),
    ...instances.flatMap(({ state, detail, id }) =>
      state === 'Running' ? [] : [`gateway ${instanceNameOf(id)} is ${state}${detail === undefined ? '' : `: ${detail}`}`],
    ),
    ...connections.flatMap(({ id, status: seen, why, isIdle }) =>
      seen === 'Connected' || isIdle === true ? [] : [`connection ${nameOf(id)} is ${seen}${why === undefined ? '' : `: ${why}`}`],
    ),
  ];
}

/** `hq-gateway/IN_0` of an instance id. */
export function instanceNames(instances: readonly InstanceObservation[]): (id: string) => string {
  return toldNames(
    instances.map(({ id }) => id),
    (id) => id.split('/').slice(-2).join('/'),
  );
}
