/**
 * `GET {connection}/providers/Sallyport.Health/diagnosticLogs`: rows of Azure's IKEDiagnosticLog and TunnelDiagnosticLog, which Azure
 * sends to a Log Analytics workspace. Columns: https://learn.microsoft.com/azure/vpn-gateway/monitor-vpn-gateway-reference
 */
import type { IkeHistoryEntry, JsonObject, Resource } from '@sallyport/model';
import { ikeDiagnosticMessage, parseResourceId } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import { ArmFailure } from '../arm/message.ts';
import { requireExisting, requireTarget } from '../resources/target.ts';

export function diagnosticLogRoutes(context: ArmContext): ArmModule {
  return {
    routes: [
      {
        method: 'GET',
        pattern:
          '/subscriptions/{subscription}/resourcegroups/{group}/providers/{namespace}/{type}/{name}/providers/Sallyport.Health/diagnosticLogs',
        handle: async (request, path) => {
          const connection = requireExisting(requireTarget(context, request, path));
          const entries = await context.histories.read(connection.id);
          if (entries === undefined) throw notThere(connection);
          return { status: 200, body: { value: entries.map((entry) => diagnosticRow(connection, entry)) } };
        },
      },
    ],
  };
}

export function diagnosticRow(connection: Resource, entry: IkeHistoryEntry): JsonObject {
  const { at, category, remote, tags, message } = entry;
  const parts = parseResourceId(connection.id);
  const common = {
    TimeGenerated: at,
    Category: category,
    Resource: connection.name,
    ResourceGroup: parts?.resourceGroup ?? '',
    instance_s: 'GatewayTenantWorker_IN_0',
  };
  if (category === 'IKEDiagnosticLog') return { ...common, Level: 'Informational', Message: ikeDiagnosticMessage(entry) };
  const operation = tags[0] ?? '';
  return {
    ...common,
    OperationName: operation,
    remoteIP_s: remote,
    status_s: operation === 'TunnelConnected' ? 'Connected' : 'Disconnected',
    stateChangeReason_s: message,
  };
}

function notThere({ id }: Resource): ArmFailure {
  return new ArmFailure({
    status: 404,
    code: 'DiagnosticLogNotAvailable',
    message: `No host gave a history of ${id}: it is not planned on any, or its host does not answer.`,
    details: [],
    isFromFrontDoor: false,
  });
}
