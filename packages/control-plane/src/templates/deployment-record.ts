/** A deployment as stored, and as the API shows it. Shapes and printing only; the life of one is in deployments.ts. */
import type { JsonObject } from '@sallyport/model';
import type { Principal } from '../identity/tokens.ts';

export type DeploymentState = 'Accepted' | 'Running' | 'Succeeded' | 'Failed' | 'Canceled';

/** As in `…/deployments/{name}/operations`. `statusMessage` is the provider's error envelope. */
export type DeploymentOperation = JsonObject & {
  readonly operationId: string;
  readonly provisioningOperation: 'Create' | 'EvaluateDeploymentOutput';
  readonly provisioningState: DeploymentState;
  readonly timestamp: string;
  readonly duration: string;
  readonly trackingId: string;
};

export type DeploymentRecord = JsonObject & {
  /** As the PUT spelled it, with canonical provider and type. */
  readonly id: string;
  readonly name: string;
  readonly subscriptionId: string;
  /** Absent at subscription scope. */
  readonly resourceGroup?: string;
  /** Only at subscription scope. */
  readonly location?: string;
  readonly tags?: JsonObject;
  readonly apiVersion: string;
  readonly correlationId: string;
  /** Name of the operationStatuses resource of this run. */
  readonly statusId: string;
  readonly caller: Principal & JsonObject;
  readonly baseUrl: string;
  readonly templateHash: string;
  /** `{ name: { type, value } }`; secure ones without value. */
  readonly parameters: JsonObject;
  readonly providers: readonly JsonObject[];
  readonly dependencies: readonly JsonObject[];
  readonly state: DeploymentState;
  readonly startedAt: string;
  readonly changedAt: string;
  readonly outputs?: JsonObject;
  readonly outputResources?: readonly string[];
  readonly error?: JsonObject;
  readonly operations: readonly DeploymentOperation[];
};

export function isActive(record: DeploymentRecord): boolean {
  return record.state === 'Accepted' || record.state === 'Running';
}

/** `PT1M2.34S`. */
export function durationText(ms: number): string {
  const hundredths = Math.round(Math.max(0, ms) / 10);
  const [hours, minutes] = [Math.floor(hundredths / 360_000), Math.floor((hundredths % 360_000) / 6000)];
  const seconds = (hundredths % 6000) / 100;
  return `PT${hours > 0 ? `${hours}H` : ''}${minutes > 0 ? `${minutes}M` : ''}${seconds}S`;
}

export function viewDeployment(record: DeploymentRecord): JsonObject {
  const durationMs = Date.parse(record.changedAt) - Date.parse(record.startedAt);
  return {
    id: record.id,
    name: record.name,
    type: 'Microsoft.Resources/deployments',
    ...(record.location === undefined ? {} : { location: record.location }),
    ...(record.tags === undefined ? {} : { tags: record.tags }),
    properties: {
      templateHash: record.templateHash,
      parameters: record.parameters,
      mode: 'Incremental',
      provisioningState: record.state,
      timestamp: record.changedAt,
      duration: durationText(durationMs),
      correlationId: record.correlationId,
      providers: record.providers,
      dependencies: record.dependencies,
      ...(record.outputs === undefined ? {} : { outputs: record.outputs }),
      ...(record.outputResources === undefined ? {} : { outputResources: record.outputResources.map((id) => ({ id })) }),
      ...(record.error === undefined ? {} : { error: record.error }),
    },
  };
}

export function viewOperation(record: DeploymentRecord, operation: DeploymentOperation): JsonObject {
  const { operationId, ...properties } = operation;
  return {
    id: `${record.id}/operations/${operationId}`,
    operationId,
    properties: { ...properties, serviceRequestId: record.correlationId },
  };
}
