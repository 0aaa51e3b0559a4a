/**
 * What Network Watcher's troubleshooting says of a VPN gateway or a connection: our own status and reasons under Azure's fault codes. Pure.
 * The sentence of `detail` is the one that `sallyport status` shows. The API around it is resources/actions/troubleshoot.ts.
 * Source: https://learn.microsoft.com/azure/network-watcher/vpn-troubleshoot-overview
 */
import type { JsonObject } from '@sallyport/model';
import { faultOfReason, faults, type Fault } from './troubleshooting-faults.ts';

export type Troubled = {
  /** Newest condition of each part; empty when nothing is wrong. */
  readonly code: string | undefined;
  readonly message: string;
  readonly remedy?: string;
};

/** Of a connection. @param reason why it is not connected; undefined with `isConnected` false when nobody knows yet. */
export function connectionResults(
  name: string,
  seen: { readonly isConnected: boolean; readonly provisioningState: string; readonly reason: Troubled | undefined },
): readonly JsonObject[] {
  if (seen.provisioningState === 'Updating') return [result('UserDrivenUpdate', `connection ${name} is being changed`)];
  if (seen.isConnected) return [result('NoFault', `connection ${name} is connected`)];
  if (seen.reason === undefined) return [result('ConnectionIsMarkedDisconnected', `connection ${name} is not connected yet`)];
  return [result(faultOfReason(seen.reason.code ?? ''), seen.reason.message, seen.reason.remedy)];
}

/** Of a gateway: its own faults first, else its connections'. */
export function gatewayResults(
  name: string,
  seen: {
    readonly provisioningState: string;
    readonly troubles: readonly Troubled[];
    readonly connections: readonly { readonly name: string; readonly isConnected: boolean; readonly message: string }[];
  },
): readonly JsonObject[] {
  if (seen.provisioningState === 'Updating') return [result('UserDrivenUpdate', `gateway ${name} is being changed`)];
  if (seen.troubles.length > 0) return seen.troubles.map(({ code, message }) => result(faultOfGateway(code ?? ''), message));
  if (seen.connections.length === 0) return [result('NoConnectionsFoundForGateway', `gateway ${name} has no connection`)];
  const down = seen.connections.filter(({ isConnected }) => !isConnected);
  if (down.length === 0) return [result('NoFault', `all ${seen.connections.length} connections of gateway ${name} are connected`)];
  return [result('ConnectionsNotConnected', down.map((one) => `connection ${one.name}: ${one.message}`).join('; '))];
}

/** Azure's answer: `Healthy` where no fault is more than a warning. */
export function troubleshootingResult(startTime: string, endTime: string, results: readonly JsonObject[]): JsonObject {
  const isHealthy = results.every(({ reasonType }) => reasonType === 'NoFault' || reasonType === 'NoConnectionsFoundForGateway');
  return { startTime, endTime, code: isHealthy ? 'Healthy' : 'UnHealthy', results: [...results] };
}

/** Of something that is not there. */
export function missingResults(isGateway: boolean, id: string): readonly JsonObject[] {
  return [result(isGateway ? 'GatewayNotFound' : 'ConnectionEntityNotFound', `${id} does not exist`)];
}

function faultOfGateway(code: string): Fault {
  if (code === 'HostSilent' || code === 'HostHoldsForeignPlan') return 'VipUnResponsive';
  return code === 'InstanceNotRunning' ? 'PlatformInActive' : 'ServiceNotRunning';
}

function result(fault: Fault, detail: string, remedy?: string): JsonObject {
  const { summary, actions } = faults[fault];
  const own = remedy === undefined ? [] : [{ actionText: remedy }];
  return {
    id: '000000',
    reasonType: fault,
    summary,
    detail,
    recommendedActions: [...own, ...actions.map((actionText) => ({ actionText }))],
  };
}
