/** The resource type connections: IPsec, VNet-to-VNet and ExpressRoute. */
import { asVirtualNetworkGateway, type Connection } from '../typed.ts';
import { defineType, type Completed } from '../define.ts';
import { types } from '../names.ts';
import { certificateData } from '../virtual-network-gateway/certificate-data.ts';
import { certificateIssues } from './certificate.ts';
import { natIssues } from './nat-rules.ts';
import { optionIssues } from './option-rules.ts';
import { immutableIssues, peerIssues } from './peer-rules.ts';
import { connectionProperties, connectionTop, type ConnectionProperties, type ConnectionRead } from './schema.ts';
import { cannotSetSharedKey, connectionSecrets, sharedKeyIssues } from './shared-key.ts';
import { siteIssues } from './site-rules.ts';
import { viewConnection } from './view.ts';
import type { JsonObject } from '../../../json.ts';

export const connectionRules = defineType({
  type: types.connection,
  children: [],
  isPlanned: true,
  top: connectionTop,
  properties: connectionProperties,
  complete,
  validate: (candidate, existing, context) => [
    ...immutableIssues(candidate, existing),
    ...peerIssues(candidate, context),
    ...optionIssues(candidate, context),
    ...siteIssues(candidate, context.lookup),
    ...natIssues(candidate, context),
    ...certificateIssues(candidate, context),
  ],
  allocate: (candidate, existing, context) => ({
    resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(),
    connectionProtocol:
      existing?.allocated.connectionProtocol ?? candidate.properties.connectionProtocol ?? protocolFor(candidate, context.lookup.get),
    resetEpoch: existing?.allocated.resetEpoch ?? 0,
  }),
  validateDelete: () => [],
  references: ({ properties }) =>
    [
      properties.virtualNetworkGateway1,
      properties.virtualNetworkGateway2,
      properties.localNetworkGateway2,
      properties.peer,
      ...properties.ingressNatRules,
      ...properties.egressNatRules,
    ].flatMap((reference) => (reference === undefined ? [] : [reference.id])),
  view: viewConnection,
});

/** VGW-CONN-041: the key is a secret, which no PUT takes away; the protocol is what `allocate` made of it. */
function complete(read: ConnectionRead, top: JsonObject, existing: Connection | undefined): Completed<ConnectionProperties, JsonObject> {
  const { sharedKey, authorizationKey, connectionProtocol, ...rest } = read;
  // The service's choice, as a GET showed it, is not one of the user's.
  const isEcho = existing?.properties.connectionProtocol === undefined && connectionProtocol === existing?.allocated.connectionProtocol;
  const properties = withChain(connectionProtocol === undefined || isEcho ? rest : { ...rest, connectionProtocol });
  return {
    top,
    properties,
    secrets: {
      ...(sharedKey === undefined ? {} : { [connectionSecrets.sharedKey]: sharedKey }),
      ...(authorizationKey === undefined ? {} : { [connectionSecrets.authorizationKey]: authorizationKey }),
    },
    // Rules see no secrets, so what there is to say about a key is said here.
    issues:
      sharedKey === undefined
        ? []
        : properties.connectionType === 'ExpressRoute'
          ? [cannotSetSharedKey(properties.virtualNetworkGateway1.id)]
          : sharedKeyIssues(sharedKey, 'properties.sharedKey'),
  };
}

/** VGW-CONN-038 */
function protocolFor(connection: Connection, get: Parameters<typeof natIssues>[1]['lookup']['get']): 'IKEv1' | 'IKEv2' {
  const gateway = asVirtualNetworkGateway(get(connection.properties.virtualNetworkGateway1.id));
  return gateway?.properties.vpnType === 'PolicyBased' ? 'IKEv1' : 'IKEv2';
}

/** Certificates are stored in one form, whichever of the usual ones they came in. */
function withChain(properties: ConnectionProperties): ConnectionProperties {
  const { certificateAuthentication } = properties;
  if (certificateAuthentication?.inboundAuthCertificateChain === undefined) return properties;
  const inboundAuthCertificateChain = certificateAuthentication.inboundAuthCertificateChain.map(certificateData);
  return { ...properties, certificateAuthentication: { ...certificateAuthentication, inboundAuthCertificateChain } };
}
