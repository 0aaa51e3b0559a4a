/** `/debug/status`: what an operator wants to see at three in the morning, in one JSON. `sallyport status` prints it. */
import type { EngineObservation, ResourceId } from '@sallyport/model';
import type { TaskStatus } from '@sallyport/runtime';
import type { ArmContext } from '../arm/context.ts';
import { viewResource } from '../resources/view.ts';
import type { Condition } from './conditions.ts';
import { listConditions } from './conditions.ts';
import { connectionStatusReason } from './connection-reason.ts';

export type StatusReport = {
  /** ISO 8601. */
  readonly at: string;
  readonly plan: { readonly number: number; readonly plannedAt: string } | null;
  readonly hosts: readonly HostStatus[];
  readonly gateways: readonly { readonly id: ResourceId; readonly name: string; readonly provisioningState: string }[];
  readonly connections: readonly ConnectionStatusLine[];
  readonly operations: readonly { readonly id: string; readonly name: string; readonly resource: string; readonly startedAt: string }[];
  readonly tasks: readonly TaskStatus[];
  /** Why nothing can be stored, with the remedy. */
  readonly storeFailure?: string;
  readonly conditions: readonly Condition[];
  /** Resources by type. */
  readonly counts: Readonly<Record<string, number>>;
  readonly residentBytes: number;
};

export type HostStatus = {
  readonly name: string;
  readonly regions: readonly string[];
  /** `Unknown`: never reported. */
  readonly state: 'Reporting' | 'Silent' | 'Unknown';
  readonly lastReportAt?: string;
  readonly ageSeconds?: number;
  readonly appliedPlan: number;
  readonly instances: readonly {
    readonly id: string;
    readonly state: string;
    readonly detail?: string;
    readonly engines: readonly EngineObservation[];
  }[];
};

export type ConnectionStatusLine = {
  readonly id: ResourceId;
  readonly name: string;
  readonly provisioningState: string;
  readonly connectionStatus: string;
  readonly reason?: { readonly code: string; readonly message: string };
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly lastEstablishedAt?: string;
};

export function statusReport(context: ArmContext): StatusReport {
  const plan = context.live.plan();
  const storeFailure = context.store.failure();
  const gateways = context.resources.list('Microsoft.Network/virtualNetworkGateways');
  return {
    at: new Date(context.clock.now()).toISOString(),
    plan: plan === undefined ? null : { number: plan.plan.number, plannedAt: plan.plannedAt },
    hosts: context.settings.hosts.map(({ name, regions }) => hostStatus(context, name, regions)),
    gateways: gateways.map(({ id, name, provisioningState }) => ({ id, name, provisioningState })),
    connections: context.resources.list('Microsoft.Network/connections').map((connection) => connectionLine(context, connection)),
    operations: context.operations.inProgress().map(({ id, name, resource, startedAt }) => ({ id, name, resource, startedAt })),
    tasks: context.diagnostics.tasks(),
    ...(storeFailure === undefined ? {} : { storeFailure }),
    conditions: listConditions(context),
    counts: Object.fromEntries(context.rules.all.map(({ type }) => [type, context.resources.list(type).length])),
    residentBytes: process.memoryUsage.rss(),
  };
}

function hostStatus(context: ArmContext, name: string, regions: readonly string[]): HostStatus {
  const state = context.live.host(name);
  if (state === undefined) return { name, regions, state: 'Unknown', appliedPlan: 0, instances: [] };
  return {
    name,
    regions,
    state: state.isStale ? 'Silent' : 'Reporting',
    lastReportAt: state.receivedAt,
    ageSeconds: state.ageSeconds,
    appliedPlan: state.observation.appliedPlan,
    instances: state.observation.instances.map(({ id, state: instanceState, detail, engines }) => ({
      id,
      state: instanceState,
      ...(detail === undefined ? {} : { detail }),
      engines,
    })),
  };
}

function connectionLine(context: ArmContext, connection: Parameters<typeof viewResource>[1]): ConnectionStatusLine {
  const observations = context.live.connection(connection.id);
  const reason = connectionStatusReason(context.live, connection);
  const status = (viewResource(context, connection)['properties'] as { readonly connectionStatus?: string }).connectionStatus; // our own view
  const established = observations.flatMap(({ lastEstablishedAt }) => lastEstablishedAt ?? []).toSorted();
  const lastEstablishedAt = established.at(-1);
  return {
    id: connection.id,
    name: connection.name,
    provisioningState: connection.provisioningState,
    connectionStatus: status ?? 'Unknown',
    ...(reason === undefined ? {} : { reason }),
    ingressBytes: observations.reduce((sum, { ingressBytes }) => sum + ingressBytes, 0),
    egressBytes: observations.reduce((sum, { egressBytes }) => sum + egressBytes, 0),
    ...(lastEstablishedAt === undefined ? {} : { lastEstablishedAt }),
  };
}
