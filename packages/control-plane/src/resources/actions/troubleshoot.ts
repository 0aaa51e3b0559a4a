/**
 * networkWatchers/troubleshoot and queryTroubleshootResult: a diagnosis of a VPN gateway or of a connection, asked for like Azure's. The storage
 * account that clients must name is not written to: log files go under the data directory (status/troubleshooting-files.ts).
 */
import type { JsonObject, JsonValue, Resource } from '@sallyport/model';
import {
  armErrors,
  asConnection,
  asVirtualNetworkGateway,
  isSameResource,
  overallStatus,
  parseResourceId,
  resourceKey,
  types,
} from '@sallyport/model';
import * as z from 'zod';
import type { ArmContext } from '../../arm/context.ts';
import { ArmFailure, apiVersionOf, jsonBody } from '../../arm/message.ts';
import type { ArmResponse } from '../../arm/message.ts';
import { listRecords } from '../../store/records.ts';
import { conditionsOf } from '../../status/conditions.ts';
import { connectionStatusReason } from '../../status/connection-reason.ts';
import { connectionResults, gatewayResults, missingResults, troubleshootingResult } from '../../status/troubleshooting.ts';
import { connectionStats, writeTroubleshootingFiles } from '../../status/troubleshooting-files.ts';
import { operationName } from '../operation-name.ts';
import type { Action, ActionCall } from './action.ts';
import { accepted } from './action.ts';

export const troubleshootActions: readonly Action[] = [
  { method: 'POST', type: 'networkWatchers', path: 'troubleshoot', answer: troubleshoot },
  { method: 'POST', type: 'networkWatchers', path: 'queryTroubleshootResult', answer: queryResult },
];

type DiagnosisTarget = {
  readonly id: string;
  readonly group: string;
  readonly type: 'virtualNetworkGateways' | 'connections';
  readonly name: string;
};

const query = z.looseObject({ targetResourceId: z.string() });
const start = z.looseObject({ ...query.shape, properties: z.looseObject({ storageId: z.string(), storagePath: z.string() }) });
const runs = operationName('Troubleshoot', types.networkWatcher);

async function troubleshoot(call: ActionCall): Promise<ArmResponse> {
  const { context, request, existing } = call;
  const target = requireTarget(readBody(call, start).targetResourceId, existing);
  const began = new Date(context.clock.now()).toISOString();
  const diagnosis = diagnose(context, target);
  const result = troubleshootingResult(began, new Date(context.clock.now()).toISOString(), diagnosis.results);
  if (context.dataDirectory !== undefined)
    writeTroubleshootingFiles(context.dataDirectory, target, [
      { name: 'ConnectionStats.txt', text: connectionStats(diagnosis.connections.flatMap(({ id }) => context.live.connection(id))) },
      ...(result['code'] === 'Healthy' ? [] : [{ name: 'IKEErrors.txt', text: `${JSON.stringify(result, undefined, 2)}\n` }]),
    ]);
  const { operation, change } = context.operations.beginEnded({
    subscriptionId: call.target.subscriptionId,
    location: existing.location,
    name: runs,
    // Of the target, not of the watcher: so it is found again when its result is asked for.
    resource: target.id,
    intent: 'action',
    apiVersion: apiVersionOf(request),
    correlationId: request.correlationId,
    result: { type: 'value', value: result },
  });
  await context.store.commit([change]);
  return accepted(context, request, operation, ['result']);
}

/** The newest diagnosis of the target, which is remembered for a day. */
function queryResult(call: ActionCall): ArmResponse {
  const { context } = call;
  const target = requireTarget(readBody(call, query).targetResourceId, call.existing);
  const newest = listRecords(context.store, 'operation')
    .filter(({ name, resource }) => name === runs && resourceKey(resource) === resourceKey(target.id))
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
    .at(-1);
  const value: JsonValue | undefined = newest?.result.type === 'value' ? newest.result.value : undefined;
  if (value === undefined)
    throw refusal(
      404,
      'TroubleshootResultNotFound',
      `There is no troubleshooting result of ${target.id}: start one with troubleshoot first.`,
    );
  return { status: 200, body: value };
}

function diagnose(
  context: ArmContext,
  target: DiagnosisTarget,
): { readonly results: readonly JsonObject[]; readonly connections: readonly Resource[] } {
  const isGateway = target.type === 'virtualNetworkGateways';
  const found = context.resources.get(target.id);
  if (found === undefined) return { results: missingResults(isGateway, target.id), connections: [] };
  return isGateway ? diagnoseGateway(context, found) : diagnoseConnection(context, found);
}

function diagnoseConnection(context: ArmContext, connection: Resource): ReturnType<typeof diagnose> {
  const properties = asConnection(connection)?.properties;
  if (properties?.connectionType === 'ExpressRoute' || properties?.connectionType === 'VPNClient')
    throw refusal(400, 'TroubleshootTargetNotSupported', 'Troubleshooting is for connections of type IPsec and Vnet2Vnet.');
  const isConnected = overallStatus(context.live.connection(connection.id)) === 'Connected';
  const { provisioningState } = connection;
  const results = connectionResults(connection.name, {
    isConnected,
    provisioningState,
    reason: connectionStatusReason(context.live, connection),
  });
  return { results, connections: [connection] };
}

function diagnoseGateway(context: ArmContext, gateway: Resource): ReturnType<typeof diagnose> {
  const properties = asVirtualNetworkGateway(gateway)?.properties;
  if (properties?.gatewayType !== 'Vpn' || properties.vpnType !== 'RouteBased')
    throw refusal(400, 'TroubleshootTargetNotSupported', 'Troubleshooting is for route-based VPN gateways.');
  const connections = context.resources
    .list(types.connection)
    .filter((one) => isSameResource(asConnection(one)?.properties.virtualNetworkGateway1.id ?? '', gateway.id));
  const results = gatewayResults(gateway.name, {
    provisioningState: gateway.provisioningState,
    troubles: conditionsOf(context, gateway.id)
      .filter(({ severity }) => severity === 'error')
      .map(({ code, text }) => ({ code, message: text })),
    connections: connections.map((one) => ({
      name: one.name,
      isConnected: overallStatus(context.live.connection(one.id)) === 'Connected',
      message: connectionStatusReason(context.live, one)?.message ?? 'not connected yet',
    })),
  });
  return { results, connections };
}

/** @throws ArmFailure unless it is the id of a gateway or connection in the watcher's own subscription. */
function requireTarget(id: string, watcher: Resource): DiagnosisTarget {
  const parsed = parseResourceId(id);
  const [name, another] = parsed?.names ?? [];
  const type = (['virtualNetworkGateways', 'connections'] as const).find(
    (known) => `${parsed?.namespace}/${parsed?.types[0]}`.toLowerCase() === `microsoft.network/${known}`.toLowerCase(),
  );
  if (parsed === undefined || type === undefined || name === undefined || another !== undefined)
    throw refusal(400, 'TroubleshootTargetNotSupported', `'${id}' is not the id of a virtual network gateway or of a connection.`);
  if (parsed.subscriptionId.toLowerCase() !== parseResourceId(watcher.id)?.subscriptionId.toLowerCase())
    throw refusal(400, 'TroubleshootTargetNotSupported', `'${id}' is in another subscription than the network watcher.`);
  return { id, group: parsed.resourceGroup, type, name };
}

function readBody<T>({ request }: ActionCall, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonBody(request));
  if (parsed.success) return parsed.data;
  throw new ArmFailure(armErrors.invalidRequestFormat(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)));
}

function refusal(status: number, code: string, message: string): ArmFailure {
  return new ArmFailure({ status, code, message, details: [], isFromFrontDoor: false });
}
