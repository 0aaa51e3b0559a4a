/**
 * The headers that tell a client where to ask how a long-running operation goes. Absolute, on the host the client used:
 * Terraform refuses relative ones.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
import type { OperationRecord } from '../store/records.ts';
import type { ArmRequest } from './message.ts';
import { apiVersionOf } from './message.ts';

/** `status`: poll until it says Succeeded. `result`: 202 until there is a result. */
export type AsyncHeader = 'status' | 'result';

/** Azure says so of every change to a network resource, PATCH included, which has no operation. */
export const asyncNotification = { 'azure-asyncnotification': 'Enabled' } as const;

export function asyncHeaders(
  request: ArmRequest,
  operation: OperationRecord,
  retryAfterSeconds: number,
  wanted: readonly AsyncHeader[],
): Record<string, string> {
  return {
    ...(wanted.includes('status') ? { 'azure-asyncoperation': operationUrl(request, operation, 'operations'), ...asyncNotification } : {}),
    ...(wanted.includes('result') ? { location: operationUrl(request, operation, 'operationResults') } : {}),
    'retry-after': retryAfter(retryAfterSeconds),
  };
}

/** At least 1: clients take 0 for "not said" and wait 2 s (JavaScript) or 30 s (az). */
export function retryAfter(seconds: number): string {
  return String(Math.max(1, seconds));
}

export function operationUrl(request: ArmRequest, operation: OperationRecord, what: 'operations' | 'operationResults'): string {
  const { subscriptionId, location, id } = operation;
  const provider = `${request.baseUrl}/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}`;
  return `${provider}/${what}/${id}?api-version=${encodeURIComponent(apiVersionOf(request))}`;
}
