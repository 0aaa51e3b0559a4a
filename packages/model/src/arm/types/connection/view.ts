/** A connection as a GET shows it: joined with what agents observed of its tunnels. Never with a key. */
import type { JsonObject } from '../../../json.ts';
import type { ConnectionObservation, ConnectionStatus } from '../../../plan/observation.ts';
import type { ViewContext } from '../../resource.ts';
import { asVirtualNetworkGateway, type Connection } from '../typed.ts';

export function viewConnection(connection: Connection, context: ViewContext): JsonObject {
  const observations = context.observations(connection.id);
  return {
    packetCaptureDiagnosticState: 'None',
    ...connection.properties,
    ...gatewayReferences(connection),
    connectionProtocol: connection.allocated.connectionProtocol,
    ...traffic(observations),
    // VGW-CONN-039: Azure leaves the status out of lists and while an operation runs.
    ...(context.inList || connection.provisioningState === 'Updating'
      ? {}
      : {
          connectionStatus: overallStatus(observations),
          tunnelConnectionStatus: observations.map((one) => tunnelStatus(connection, one, context)),
        }),
  };
}

/**
 * The gateways by id. The empty `properties` is for @azure/arm-network 39, whose reader takes them for granted (the
 * specification calls them required) and fails on a bare id.
 */
function gatewayReferences({ properties }: Connection): JsonObject {
  const members = ['virtualNetworkGateway1', 'virtualNetworkGateway2', 'localNetworkGateway2'] as const;
  return Object.fromEntries(
    members.flatMap((member) => {
      const reference = properties[member];
      return reference === undefined ? [] : [[member, { id: reference.id, properties: {} }]];
    }),
  );
}

function traffic(observations: readonly ConnectionObservation[]): JsonObject {
  const sum = (member: 'ingressBytes' | 'egressBytes'): number => observations.reduce((total, one) => total + one[member], 0);
  return { ingressBytesTransferred: sum('ingressBytes'), egressBytesTransferred: sum('egressBytes') };
}

/** One tunnel that works carries the connection. */
export function overallStatus(observations: readonly ConnectionObservation[]): ConnectionStatus {
  const order: readonly ConnectionStatus[] = ['Connected', 'Connecting', 'NotConnected'];
  return order.find((status) => observations.some((one) => one.status === status)) ?? 'Unknown';
}

/** Azure names a tunnel after the connection and the gateway's address at which it ends. */
function tunnelStatus(connection: Connection, observation: ConnectionObservation, { lookup }: ViewContext): JsonObject {
  const gateway = asVirtualNetworkGateway(lookup.get(connection.properties.virtualNetworkGateway1.id));
  const instance = gateway?.allocated.instances.find((one) => observation.instance.endsWith(`/${one.role}`));
  const address = connection.properties.useLocalAzureIpAddress ? instance?.privateIPAddress : instance?.publicIPAddress;
  return {
    tunnel: `${connection.name}_${address ?? observation.instance}`,
    connectionStatus: observation.status,
    ingressBytesTransferred: observation.ingressBytes,
    egressBytesTransferred: observation.egressBytes,
    ...(observation.lastEstablishedAt === undefined ? {} : { lastConnectionEstablishedUtcTime: observation.lastEstablishedAt }),
  };
}
