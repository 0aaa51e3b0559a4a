/**
 * Actions of Azure whose effect is not built: refused in so many words. A success without effect would send a user looking in
 * the wrong place.
 */
import { ArmFailure } from '../../arm/message.ts';
import type { Action } from './action.ts';

const unbuilt: Readonly<Record<string, readonly string[]>> = {
  virtualNetworkGateways: [
    'resetvpnclientsharedkey',
    'generatevpnclientpackage',
    'generatevpnprofile',
    'getvpnprofilepackageurl',
    'getResiliencyInformation',
    'getRoutesInformation',
    'setvpnclientipsecparameters',
    'getvpnclientipsecparameters',
    'startPacketCapture',
    'stopPacketCapture',
    'getFailoverAllTestsDetails',
    'getFailoverSingleTestDetails',
    'startSiteFailoverTest',
    'stopSiteFailoverTest',
    'getVpnClientConnectionHealth',
    'disconnectVirtualNetworkGatewayVpnConnections',
    'prepareMigration',
    'executeMigration',
    'commitMigration',
    'abortMigration',
    'listRadiusSecrets',
  ],
  connections: ['startPacketCapture', 'stopPacketCapture'],
  networkInterfaces: ['effectiveRouteTable', 'effectiveNetworkSecurityGroups'],
  virtualNetworks: ['ddosProtectionStatus'],
  publicIPAddresses: ['ddosProtectionStatus'],
};

export const notYetActions: readonly Action[] = Object.entries(unbuilt).flatMap(([type, paths]) =>
  paths.map((path): Action => ({ method: 'POST', type, path, answer: () => notYet(`Microsoft.Network/${type}`, path) })),
);

/** @param type with its namespace. */
export function notYet(type: string, action: string): never {
  throw new ArmFailure({
    status: 400,
    code: 'OperationNotSupported',
    message: `The operation '${type}/${action}/action' is not supported by this version of Sallyport; nothing was done.`,
    details: [],
    isFromFrontDoor: false,
  });
}
