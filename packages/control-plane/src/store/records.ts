/**
 * What the documents of each kind are, and typed access to them. Shapes only; who writes them and when is decided in
 * resources/, operations/, planning/ and agents/.
 */
import type { ArmError, HostObservation, JsonObject, JsonValue, Plan, PlanNumber, Resource } from '@sallyport/model';
import { resourceKey } from '@sallyport/model';
import type { ReportEntry } from '@sallyport/planner';
import type { Change, Store, StoreKind } from './store.ts';

export type GroupRecord = {
  /** `/subscriptions/{id}/resourceGroups/{name}` as first spelled. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly managedBy?: string;
  readonly provisioningState: 'Succeeded' | 'Deleting';
  readonly createdAt: string;
  readonly changedAt: string;
};

/** Encrypted at rest; keyed by `secretId(resource, name)`. A new value has a higher version. */
export type SecretRecord = { readonly value: string; readonly version: number; readonly previous?: PreviousSecret };

/** The value before, which still counts until then (ISO 8601, our clock) and is erased after. */
export type PreviousSecret = { readonly value: string; readonly version: number; readonly acceptedUntil: string };

export function secretOfVersion(
  secret: SecretRecord | undefined,
  version: number,
): { readonly value: string; readonly version: number } | undefined {
  return [secret, secret?.previous].find((one) => one?.version === version);
}

export type OperationStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';

/** What `operationResults` answers once the operation succeeded. */
export type OperationResult =
  | { readonly type: 'none' }
  | { readonly type: 'value'; readonly value: JsonValue }
  /** The resource (or child) as it is when asked. */
  | { readonly type: 'resource'; readonly id: string };

export type OperationRecord = {
  readonly id: string;
  readonly subscriptionId: string;
  readonly location: string;
  /** What was done, in the words of Azure's messages: `PutVirtualNetworkGatewayOperation`. */
  readonly name: string;
  /** Id of the resource or group it acts on. */
  readonly resource: string;
  readonly intent: 'put' | 'delete' | 'action' | 'deleteGroup' | 'deployment';
  readonly apiVersion: string;
  readonly status: OperationStatus;
  readonly result: OperationResult;
  readonly error?: ArmError;
  /** The plan that first held what this operation asks for, and the hosts that must apply it; set by the planning task. */
  readonly planNumber?: PlanNumber;
  readonly hosts?: readonly string[];
  readonly correlationId: string;
  readonly startedAt: string;
  readonly endedAt?: string;
};

export type PlanRecord = { readonly plan: Plan; readonly report: readonly ReportEntry[]; readonly plannedAt: string };

export type ObservationRecord = {
  readonly observation: HostObservation;
  /** ISO 8601, our clock: staleness is judged by it, never by the host's. */
  readonly receivedAt: string;
  /** Store that `appliedPlan` is a number of, as the agent said. */
  readonly store?: string;
};

type RecordOf = {
  readonly resource: Resource;
  readonly group: GroupRecord;
  readonly secret: SecretRecord;
  readonly operation: OperationRecord;
  readonly deployment: JsonObject;
  readonly plan: PlanRecord;
  readonly observation: ObservationRecord;
  readonly meta: JsonValue;
};

export function getRecord<K extends StoreKind>(store: Store, kind: K, key: string): RecordOf[K] | undefined {
  return store.get(kind, key)?.value as RecordOf[K] | undefined; // written only through putRecord
}

export function listRecords<K extends StoreKind>(store: Store, kind: K): readonly RecordOf[K][] {
  return store.list(kind).map(({ value }) => value as RecordOf[K]); // written only through putRecord
}

export function putRecord<K extends StoreKind>(kind: K, key: string, value: RecordOf[K], expect?: number): Change {
  return { type: 'put', kind, key, value, ...(expect === undefined ? {} : { expect }) };
}

export function deleteRecord(kind: StoreKind, key: string): Change {
  return { type: 'delete', kind, key };
}

export function groupKey(subscriptionId: string, name: string): string {
  return resourceKey(`/subscriptions/${subscriptionId}/resourceGroups/${name}`);
}

/** The current plan is one document: history is in the log. */
export const currentPlanKey = 'current';
