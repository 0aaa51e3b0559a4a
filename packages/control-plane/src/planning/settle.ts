/**
 * Which operations are over, judged from the plan's report and the newest observations: Succeeded when every host concerned
 * has applied the operation's plan or a later one and names no failure for the resource, Failed with the host's sentence
 * otherwise. A resource that Failed heals to Succeeded when a later observation shows it in place (docs/adr/0012). Pure
 * reading; the planning task commits the changes.
 */
import type { ArmError, Resource } from '@sallyport/model';
import { isSameResource, resourceKey } from '@sallyport/model';
import type { ReportEntry } from '@sallyport/planner';
import type { ArmContext } from '../arm/context.ts';
import type { Outcome } from '../operations/operations.ts';
import { forgetResource } from '../resources/remove.ts';
import { newEtag } from '../resources/write.ts';
import type { OperationRecord } from '../store/records.ts';
import { putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';

/** `undefined`: not over yet. */
type Verdict = Outcome | undefined;

export function settle(context: ArmContext, planError: string | undefined): readonly Change[] {
  const report = new Map((context.live.plan()?.report ?? []).map((entry) => [resourceKey(entry.resource), entry]));
  return [
    ...context.operations.inProgress().flatMap((operation) => settleOperation(context, operation, report, planError)),
    ...healFailed(context, report),
  ];
}

type Report = ReadonlyMap<string, ReportEntry>;

function settleOperation(
  context: ArmContext,
  operation: OperationRecord,
  report: Report,
  planError: string | undefined,
): readonly Change[] {
  if (operation.intent === 'deployment' || operation.intent === 'deleteGroup') return [];
  const verdict = judge(context, operation, report.get(resourceKey(operation.resource)), planError);
  if (verdict === undefined) return [];
  const resource = context.resources.get(operation.resource);
  const { status } = verdict;
  context.log.info(
    { operation: operation.id, resource: operation.resource, status, correlationId: operation.correlationId },
    'operation ended',
  );
  return [context.operations.end(operation, verdict), ...(resource === undefined ? [] : afterwards(context, operation, resource, status))];
}

function judge(context: ArmContext, operation: OperationRecord, entry: ReportEntry | undefined, planError: string | undefined): Verdict {
  if (operation.planNumber === undefined)
    return planError === undefined ? timedOut(context, operation, 'no plan was made') : failed('PlanContradictsItself', planError);
  const obstacle = operation.intent === 'delete' ? undefined : obstacleOf(context, entry);
  if (obstacle !== undefined) return failed(obstacle.code, obstacle.message);
  const hosts = operation.intent === 'delete' ? (operation.hosts ?? []) : (entry?.hosts ?? []);
  const { planNumber } = operation;
  const waiting = hosts.find((host) => context.live.appliedPlan(host) < planNumber);
  if (waiting !== undefined) return timedOut(context, operation, `host ${waiting} has not applied plan ${planNumber}`);
  const failure = failureOf(context, operation.resource, hosts);
  if (failure !== undefined) return failed(failure.code, failure.message);
  return { status: 'Succeeded' };
}

/**
 * Types that exist on no host themselves: they only say something that gateways, connections and networks use. That nothing
 * uses what they say (yet) is told as a condition; the resource itself is what the user asked for.
 */
const referredTypes: ReadonlySet<string> = new Set([
  'Microsoft.Network/localNetworkGateways',
  'Microsoft.Network/networkSecurityGroups',
  'Microsoft.Network/publicIPAddresses',
  'Microsoft.Network/routeTables',
]);

/** Why the hosts do nothing for a resource, when the user expects that they do. */
function obstacleOf(context: ArmContext, entry: ReportEntry | undefined): ReportEntry['reason'] {
  if (entry === undefined || entry.isPlanned) return undefined;
  return referredTypes.has(context.resources.get(entry.resource)?.type ?? '') ? undefined : entry.reason;
}

function timedOut(context: ArmContext, operation: OperationRecord, what: string): Verdict {
  const { operationTimeoutSeconds } = context.settings;
  const ageSeconds = (context.clock.now() - Date.parse(operation.startedAt)) / 1000;
  return ageSeconds < operationTimeoutSeconds ? undefined : failed('OperationTimedOut', `${what} within ${operationTimeoutSeconds} s`);
}

function failed(code: string, message: string): Outcome {
  const error: ArmError = { status: 409, code, message, details: [], isFromFrontDoor: false };
  return { status: 'Failed', error };
}

function failureOf(
  context: ArmContext,
  resource: string,
  hosts: readonly string[],
): { readonly code: string; readonly message: string } | undefined {
  return hosts
    .flatMap((host) => context.live.host(host)?.observation.failures ?? [])
    .find((failure) => isSameResource(failure.resource, resource));
}

function afterwards(context: ArmContext, operation: OperationRecord, resource: Resource, status: Outcome['status']): readonly Change[] {
  if (operation.intent === 'delete' && status === 'Succeeded') return forgetResource(context, resource);
  return [restated(context, resource, status)];
}

function restated(context: ArmContext, resource: Resource, provisioningState: Resource['provisioningState']): Change {
  const changed: Resource = { ...resource, provisioningState, etag: newEtag(context) };
  return putRecord('resource', resourceKey(resource.id), changed);
}

/** Level-triggered: the hosts keep trying, so a failure that a later loop overcame is over. */
function healFailed(context: ArmContext, report: Report): readonly Change[] {
  const plan = context.live.plan()?.plan.number ?? 0;
  return context.rules.all
    .filter(({ isPlanned }) => isPlanned)
    .flatMap(({ type }) => context.resources.list(type))
    .filter((resource) => resource.provisioningState === 'Failed' && context.operations.activeOn(resource.id) === undefined)
    .flatMap((resource) => {
      const entry = report.get(resourceKey(resource.id));
      const isApplied = (entry?.hosts ?? []).every((host) => context.live.appliedPlan(host) >= plan);
      const isInPlace =
        isApplied && obstacleOf(context, entry) === undefined && failureOf(context, resource.id, entry?.hosts ?? []) === undefined;
      return isInPlace ? [restated(context, resource, 'Succeeded')] : [];
    });
}
