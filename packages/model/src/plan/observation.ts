/** What an agent read on its host: the answer to "what is really there". Joined to resources by the control plane. */
import type { ResourceId } from '../arm/resource-id.ts';
import type { InstanceId, PlanNumber } from './plan.ts';

export type HostObservation = {
  readonly host: string;
  /** The last plan this host acted on to the end; 0 before the first. */
  readonly appliedPlan: PlanNumber;
  /** ISO 8601, host clock. */
  readonly observedAt: string;
  /** What could not be made as that plan says; empty when all of it stands. */
  readonly failures: readonly ApplyFailure[];
  readonly instances: readonly InstanceObservation[];
};

export type ApplyFailure = {
  /** The resource a user would look at. */
  readonly resource: ResourceId;
  readonly code: string;
  /** One sentence, the reason included. */
  readonly message: string;
};

export type InstanceObservation = {
  readonly id: InstanceId;
  readonly state: 'Starting' | 'Running' | 'Failed';
  /** One sentence when not Running. */
  readonly detail?: string;
  readonly engines: readonly EngineObservation[];
  readonly connections: readonly ConnectionObservation[];
};

export type EngineObservation = {
  /** `charon`, `xfrmd`, `kernel-xfrm`, `links`, `filter`. */
  readonly name: string;
  readonly isHealthy: boolean;
  readonly processId?: number;
  readonly residentBytes?: number;
  readonly startedAt?: string;
  /** Of `xfrmd`, once it answered: what the kernel keeps from it beyond capabilities, and when something is left open, why. */
  readonly confinement?: { readonly systemCalls: boolean; readonly files: boolean; readonly missing: string };
  /** Of `filter`, where the plan has a bandwidth: packets over it since the filter was last loaded, read at the last pass. */
  readonly bandwidth?: { readonly bitsPerSecond: number; readonly droppedToSites: number; readonly droppedFromSites: number };
  readonly detail?: string;
};

export type ConnectionStatus = 'Unknown' | 'Connecting' | 'Connected' | 'NotConnected';

export type ConnectionObservation = {
  readonly connection: ResourceId;
  readonly instance: InstanceId;
  readonly observedAt: string;
  readonly status: ConnectionStatus;
  /** Cumulative since the connection was planned; survive rekeys and engine restarts. Inner bytes. */
  readonly ingressBytes: number;
  readonly egressBytes: number;
  readonly ingressPackets: number;
  readonly egressPackets: number;
  /** ISO 8601. */
  readonly lastEstablishedAt?: string;
  /** Why it is not Connected. `code` is stable: PeerSilent, WrongKey, WrongIdentity, CertificateRefused, CertificateExpired, CertificateUnknownAuthority, NoCommonIkeProposal, NoCommonEspProposal, SelectorsRefused, PeerDeleted, Idle (no fault: the next packet brings it up), NotPlanned, EngineDown, Unknown. */
  readonly reason?: { readonly code: string; readonly message: string; readonly at: string };
  /** While a key rotation leaves a choice: the version of the shared key that the tunnel stands on, or that is tried now. */
  readonly sharedKeyVersion?: number;
  /** What is worth knowing and no fault: `NatBetween`, `PeerEncapsulates`. */
  readonly notes?: readonly { readonly code: string; readonly message: string }[];
  readonly ikeSas: readonly IkeSaObservation[];
};

export type IkeSaObservation = {
  readonly uniqueId: string;
  readonly state: string;
  readonly version: 1 | 2;
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly localPort: number;
  readonly remotePort: number;
  readonly initiatorSpi: string;
  readonly responderSpi: string;
  readonly isInitiator: boolean;
  /** What the peer calls itself; known once it has proved the key. */
  readonly peerIdentity?: string;
  /** The peer's end said that it is translated, or acts so to have its ESP in UDP. */
  readonly isPeerBehindNat?: boolean;
  /** Azure's names: AES256, SHA1, DHGroup2. */
  readonly encryption: string;
  readonly integrity: string;
  readonly dhGroup: string;
  readonly establishedSeconds: number;
  readonly rekeySeconds?: number;
  readonly childSas: readonly ChildSaObservation[];
};

export type ChildSaObservation = {
  readonly name: string;
  readonly uniqueId: string;
  readonly state: string;
  readonly inboundSpi: string;
  readonly outboundSpi: string;
  readonly encryption: string;
  readonly integrity: string;
  readonly pfsGroup: string;
  readonly isUdpEncapsulated: boolean;
  readonly localSelectors: readonly string[];
  readonly remoteSelectors: readonly string[];
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly installedSeconds: number;
  /** Since a packet came in last; absent when none did. */
  readonly quietSeconds?: number;
  readonly rekeySeconds?: number;
  readonly lifetimeSeconds?: number;
};
