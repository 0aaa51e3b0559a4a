/**
 * Azure's fault codes of VPN troubleshooting, in our words, and which of our reasons is which. Tables only.
 * Source: https://learn.microsoft.com/azure/network-watcher/vpn-troubleshoot-overview
 */
export type Fault =
  | 'NoFault'
  | 'GatewayNotFound'
  | 'UserDrivenUpdate'
  | 'VipUnResponsive'
  | 'PlatformInActive'
  | 'ServiceNotRunning'
  | 'NoConnectionsFoundForGateway'
  | 'ConnectionsNotConnected'
  | 'ConnectionEntityNotFound'
  | 'ConnectionIsMarkedDisconnected'
  | 'ConnectionNotConfiguredOnGateway'
  | 'ConnectionMarkedStandby'
  | 'Authentication'
  | 'PeerReachability'
  | 'IkePolicyMismatch'
  | 'WfpParse Error';

export const faults: Readonly<Record<Fault, { readonly summary: string; readonly actions: readonly string[] }>> = {
  NoFault: { summary: 'No fault was found', actions: [] },
  GatewayNotFound: { summary: 'The gateway was not found, or is not provisioned', actions: ['Check the id and the state of the gateway'] },
  UserDrivenUpdate: { summary: 'A change of yours is being carried out', actions: ['Wait until the change has ended, then look again'] },
  VipUnResponsive: {
    summary: 'The host of the gateway does not report',
    actions: ['Look at the host and its agent: sallyport status, sallyport doctor'],
  },
  PlatformInActive: {
    summary: 'An instance of the gateway does not run',
    actions: ['Look at sallyport status on the host of the gateway'],
  },
  ServiceNotRunning: { summary: 'A service of the gateway does not run', actions: ['Look at sallyport status on the host of the gateway'] },
  NoConnectionsFoundForGateway: { summary: 'The gateway has no connections', actions: ['Create a connection'] },
  ConnectionsNotConnected: {
    summary: 'Some connections of the gateway are not connected',
    actions: ['Troubleshoot each connection that is not connected'],
  },
  ConnectionEntityNotFound: { summary: 'The connection was not found', actions: ['Check the id of the connection'] },
  ConnectionIsMarkedDisconnected: {
    summary: 'The connection is not connected, and no reason is known yet',
    actions: ['Wait some seconds, then look again'],
  },
  ConnectionNotConfiguredOnGateway: {
    summary: 'The gateway does not carry out the connection',
    actions: ['Change the connection, or what it refers to, so that the reason goes away'],
  },
  ConnectionMarkedStandby: { summary: 'The connection waits for traffic', actions: ['Send traffic from either side'] },
  Authentication: {
    summary: 'The two ends do not believe each other',
    actions: ['Set the same shared key on both ends', 'Let the device call itself by its public address'],
  },
  PeerReachability: {
    summary: 'The peer does not answer, or does not want the tunnel',
    actions: [
      'Check that the device runs and that its public address is the one of the local network gateway',
      'Let UDP 500 and 4500 and ESP pass in both directions',
    ],
  },
  IkePolicyMismatch: {
    summary: 'The two ends have no proposal or traffic selectors in common',
    actions: ['Give both ends the same IPsec policy and traffic selectors that mirror each other'],
  },
  'WfpParse Error': { summary: 'The reason could not be read from the log', actions: ['Read the log of the device'] },
};

const faultByReason: Readonly<Record<string, Fault>> = {
  WrongKey: 'Authentication',
  WrongIdentity: 'Authentication',
  CertificateRefused: 'Authentication',
  CertificateUnknownAuthority: 'Authentication',
  CertificateExpired: 'Authentication',
  CertificateMissing: 'ConnectionNotConfiguredOnGateway',
  ClocksDiffer: 'Authentication',
  NoCommonIkeProposal: 'IkePolicyMismatch',
  NoCommonEspProposal: 'IkePolicyMismatch',
  SelectorsRefused: 'IkePolicyMismatch',
  PeerSilent: 'PeerReachability',
  PeerDeleted: 'PeerReachability',
  NatBlocksEsp: 'PeerReachability',
  Idle: 'ConnectionMarkedStandby',
  HostSilent: 'VipUnResponsive',
  EngineDown: 'VipUnResponsive',
  Unknown: 'WfpParse Error',
};

/** Whatever else stands in the plan's report is why it was not planned. */
export function faultOfReason(code: string): Fault {
  return faultByReason[code] ?? 'ConnectionNotConfiguredOnGateway';
}
