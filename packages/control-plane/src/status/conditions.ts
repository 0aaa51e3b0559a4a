/**
 * What is not as it should be, one sentence each: the list that the API, `sallyport status` and later metrics read. A condition
 * is derived anew each time from stored state and the newest observations; nothing is remembered.
 */
import type { JsonObject, Resource } from '@sallyport/model';
import { asConnection, isSameResource, resourceKey } from '@sallyport/model';
import type { ReportEntry } from '@sallyport/planner';
import type { ArmContext } from '../arm/context.ts';
import { bandwidthConditions, tagConditions } from './bandwidth-conditions.ts';
import { certificateConditions } from './certificate-condition.ts';
import { connectionStatusReason } from './connection-reason.ts';
import type { HostState } from './live-state.ts';
import { rotationConditions } from './rotation-condition.ts';
import { weaknessOf } from './weak-algorithms.ts';

export type Condition = {
  /** Stable: `HostSilent`, `WrongKey`, … */
  readonly code: string;
  /**
   * error: traffic is or may be lost. warning: something asked for is not in effect, or weaker than it should be. note: nothing is wrong, and
   * worth knowing.
   */
  readonly severity: 'error' | 'warning' | 'note';
  readonly title: string;
  /** One sentence with the reason. */
  readonly text: string;
  /** What to do about it, in one sentence. */
  readonly remedy?: string;
  /** Id of the resource a user would look at; absent when it is about a host or the service as a whole. */
  readonly resource?: string;
  readonly host?: string;
};

export function listConditions(context: ArmContext): readonly Condition[] {
  return [
    ...serviceConditions(context),
    ...context.settings.hosts.flatMap(({ name }) => hostConditions(name, context.live.host(name))),
    ...(context.live.plan()?.report ?? []).flatMap((entry) => planConditions(context, entry)),
    ...tagConditions(context),
    ...context.resources
      .list('Microsoft.Network/connections')
      .flatMap((connection) => [
        ...connectionConditions(context, connection),
        ...rotationConditions(context, connection),
        ...certificateConditions(context, connection),
      ]),
  ];
}

/** Those about a resource, its children included. */
export function conditionsOf(context: ArmContext, id: string): readonly Condition[] {
  const key = resourceKey(id);
  return listConditions(context).filter(({ resource }) => {
    const own = resource === undefined ? undefined : resourceKey(resource);
    return own === key || own?.startsWith(`${key}/`) === true;
  });
}

export function viewCondition(condition: Condition): JsonObject {
  return { ...condition };
}

function serviceConditions({ diagnostics }: ArmContext): readonly Condition[] {
  const planError = diagnostics.planError();
  const failing = diagnostics.tasks().filter(({ failuresInARow }) => failuresInARow > 0);
  return [
    ...(planError === undefined
      ? []
      : [{ code: 'PlanContradictsItself', severity: 'error' as const, title: 'The newest plan was not carried out', text: planError }]),
    ...failing.map(({ name, lastError, failuresInARow }) => ({
      code: 'TaskFailing',
      severity: 'error' as const,
      title: `Task ${name} fails`,
      text: `task ${name} failed ${failuresInARow} times in a row: ${lastError ?? 'no reason given'}`,
    })),
  ];
}

function hostConditions(host: string, state: HostState | undefined): readonly Condition[] {
  const title = `Host ${host} is silent`;
  if (state === undefined) return [{ code: 'HostSilent', severity: 'error', title, text: `host ${host} has not reported yet`, host }];
  if (state.isStale) {
    const text = `host ${host} has not reported for ${state.ageSeconds} s; what it last applied was plan ${state.observation.appliedPlan}`;
    return [{ code: 'HostSilent', severity: 'error', title, text, host }];
  }
  const { foreignPlan } = state;
  return [
    ...(foreignPlan === undefined
      ? []
      : [
          {
            code: 'HostHoldsForeignPlan',
            severity: 'error' as const,
            title: `Host ${host} acts on a plan of another control plane`,
            text: foreignPlan.replace('the host', `host ${host}`),
            host,
          },
        ]),
    ...state.observation.failures.map((failure) => ({
      code: failure.code,
      severity: 'error' as const,
      title: 'The plan could not be applied',
      text: failure.message,
      resource: failure.resource,
      host,
    })),
    ...state.observation.instances.flatMap((instance) => instanceConditions(host, instance)),
  ];
}

function instanceConditions(host: string, instance: HostState['observation']['instances'][number]): readonly Condition[] {
  const resource = instance.id.replace(/\/IN_\d$/, '');
  const because = (detail: string | undefined): string => (detail === undefined ? '' : `: ${detail}`);
  const role = instance.id.slice(resource.length + 1);
  const state: readonly Condition[] =
    instance.state === 'Running'
      ? []
      : [
          {
            code: 'InstanceNotRunning',
            severity: 'error',
            title: `Instance ${role} is not running`,
            text: `instance ${role} is ${instance.state}${because(instance.detail)}`,
            resource,
            host,
          },
        ];
  return [
    ...state,
    ...instance.engines
      .filter(({ isHealthy }) => !isHealthy)
      .map(({ name, detail }) => ({
        code: 'EngineUnhealthy',
        severity: 'error' as const,
        title: `${name} of instance ${role} is not healthy`,
        text: `${name} of instance ${role} is not healthy${because(detail)}`,
        resource,
        host,
      })),
    ...bandwidthConditions({ resource, host, role }, instance.engines),
  ];
}

function planConditions(context: ArmContext, entry: ReportEntry): readonly Condition[] {
  // Why a connection is not planned is told with its status.
  const isTold = context.resources.get(entry.resource)?.type === 'Microsoft.Network/connections';
  const { resource } = entry;
  return [
    ...(entry.reason === undefined || isTold
      ? []
      : [{ code: entry.reason.code, severity: 'warning' as const, title: 'Not planned', text: entry.reason.message, resource }]),
    ...(entry.notInEffect ?? []).map(({ code, message }) => ({
      code,
      severity: 'warning' as const,
      title: 'Not in effect',
      text: message,
      resource,
    })),
  ];
}

function connectionConditions(context: ArmContext, connection: Resource): readonly Condition[] {
  if (connection.provisioningState === 'Deleting') return [];
  const reason = connectionStatusReason(context.live, connection);
  const standing = standingConditions(context, connection);
  const isFailure = context.live
    .hosts()
    .some(({ observation }) => observation.failures.some((failure) => isSameResource(failure.resource, connection.id)));
  // Idle is how a policy-based connection spends its nights.
  if (reason === undefined || reason.code === 'Idle' || isFailure) return standing;
  return [
    ...standing,
    {
      code: reason.code,
      severity: 'error',
      title: `Connection ${connection.name} is not connected`,
      text: reason.message,
      resource: connection.id,
    },
  ];
}

/** Whether it is connected or not. */
function standingConditions(context: ArmContext, connection: Resource): readonly Condition[] {
  const observations = context.live.connection(connection.id);
  const weakness = weaknessOf(asConnection(connection)?.properties.ipsecPolicies[0], observations);
  return [
    ...(weakness === undefined
      ? []
      : [
          {
            code: 'WeakAlgorithms',
            severity: 'warning' as const,
            title: `Connection ${connection.name} is weakly protected`,
            ...weakness,
            resource: connection.id,
          },
        ]),
    ...observations
      .flatMap(({ notes }) => notes ?? [])
      .map(({ code, message }) => ({
        code,
        severity: 'note' as const,
        title: `About connection ${connection.name}`,
        text: message,
        resource: connection.id,
      })),
  ];
}
