/** The host's observation: what engines see right now, joined with how the last pass ended. Reads no kernel tables itself. */
import type { ApplyFailure, ConnectionObservation, HostObservation, HostPlan, InstanceObservation, InstancePlan } from '@sallyport/model';
import type { PlanNumber } from '@sallyport/model';
import type { Clock } from '@sallyport/runtime';
import type { EngineView, InstanceEngine } from '../engines/engine.ts';
import type { HostEngines } from './host-pass.ts';

export type LastPass = {
  readonly appliedPlan: PlanNumber;
  readonly failures: readonly ApplyFailure[];
  readonly brokenInstances: ReadonlyMap<string, string>;
};

export const noPass: LastPass = { appliedPlan: 0 as PlanNumber, failures: [], brokenInstances: new Map() };

export async function observeHost(engines: HostEngines, plan: HostPlan, last: LastPass, clock: Clock): Promise<HostObservation> {
  const at = new Date(clock.now()).toISOString();
  return {
    host: plan.host,
    appliedPlan: last.appliedPlan,
    observedAt: at,
    failures: last.failures,
    instances: await Promise.all(plan.instances.map((instance) => observeInstance(engines, instance, last, at))),
  };
}

async function observeInstance(engines: HostEngines, instance: InstancePlan, last: LastPass, at: string): Promise<InstanceObservation> {
  const views = await Promise.all(engines.steps.map(({ engine }) => viewOf(engine, instance)));
  const seen = views.flatMap((view) => view.connections);
  const observed = views.flatMap((view) => view.engines);
  const sick = observed.find((engine) => !engine.isHealthy);
  const broken =
    last.brokenInstances.get(instance.namespace) ?? (sick === undefined ? undefined : `${sick.name}: ${sick.detail ?? 'not running'}`);
  const missing = instance.tunnels.filter((tunnel) => !seen.some((connection) => connection.connection === tunnel.connection));
  const isStarting = last.appliedPlan === 0 && broken === last.brokenInstances.get(instance.namespace) && broken === undefined;
  return {
    id: instance.id,
    ...(broken === undefined ? { state: isStarting ? 'Starting' : 'Running' } : { state: 'Failed', detail: broken }),
    engines: observed,
    connections: [
      ...seen,
      ...missing.map((tunnel) => unseen(instance, tunnel.connection, at, broken ?? 'the engines of its gateway are still starting')),
    ],
  };
}

async function viewOf(engine: InstanceEngine, instance: InstancePlan): Promise<EngineView> {
  try {
    return await engine.observe(instance);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { engines: [{ name: engine.name, isHealthy: false, detail }], connections: [] };
  }
}

function unseen(instance: InstancePlan, connection: ConnectionObservation['connection'], at: string, why: string): ConnectionObservation {
  const none = { ingressBytes: 0, egressBytes: 0, ingressPackets: 0, egressPackets: 0, ikeSas: [] } as const;
  return {
    connection,
    instance: instance.id,
    observedAt: at,
    status: 'Unknown',
    ...none,
    reason: { code: 'EngineDown', message: why, at },
  };
}

/** Equal for two observations that differ only in time and counters. */
export function significance(observation: HostObservation): string {
  return JSON.stringify([
    observation.appliedPlan,
    observation.failures,
    observation.instances.map((instance) => [
      instance.id,
      instance.state,
      instance.detail,
      instance.engines.map((engine) => [engine.name, engine.isHealthy, engine.processId]),
      instance.connections.map((connection) => [
        connection.connection,
        connection.status,
        connection.reason?.code,
        connection.sharedKeyVersion,
        connection.ikeSas.map((sa) => [sa.uniqueId, sa.state, sa.childSas.map((child) => [child.uniqueId, child.state])]),
      ]),
    ]),
  ]);
}

export function isConnecting(observation: HostObservation): boolean {
  return observation.instances.some((instance) => instance.connections.some((connection) => connection.status === 'Connecting'));
}
