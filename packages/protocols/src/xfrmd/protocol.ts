/**
 * xfrmd's control protocol as types: one JSON object per line each way, `{id, method, params}` and `{id, result}` or
 * `{id, error: {code, message}}`. The other end is packages/dataplane/src/control/methods.cc; both are released together.
 */
export type XfrmdHealth = {
  readonly version: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  /** Programs whose NETLINK_XFRM sockets end here. An IKE daemon listens to events and has an IKE channel per UDP socket. */
  readonly xfrmClients: readonly XfrmClient[];
  /** UDP sockets that were handed over: IKE and ESP of these addresses come through xfrmd. */
  readonly udpSockets: readonly { readonly address: string; readonly port: number; readonly pid: number }[];
  /** Packet threads. */
  readonly workers: number;
  /** What the kernel keeps from xfrmd beyond capabilities. Both are there on an ordinary host; `missing` says why one is not. */
  readonly confinement: { readonly systemCalls: boolean; readonly files: boolean; readonly missing: string };
  /** What computes AES-GCM: libIPSec_MB where it is installed, otherwise OpenSSL, or what `--gcm` asked for. */
  readonly aesGcm: { readonly library: XfrmdGcmLibrary; /** `libIPSec_MB 1.3.0` */ readonly version: string };
};
export type XfrmdGcmLibrary = 'openssl' | 'ipsec-mb';
export type XfrmClient = {
  readonly pid: number;
  readonly connections: number;
  readonly ikeChannels: number;
  readonly listensToEvents: boolean;
};

export type XfrmdTunnelSettings = {
  /** XFRM interface id: the TUN carries what SAs and policies of this id say. */
  readonly ifId: number;
  /** Interface name in xfrmd's network namespace, at most 15 characters. */
  readonly name: string;
  /** 576 to 65,535. */
  readonly mtu: number;
  /** Upper bound put into the MSS option of TCP SYNs, both ways; 0 or absent: off. */
  readonly mssClamp?: number;
};

export type XfrmdTunnel = {
  readonly ifId: number;
  readonly name: string;
  readonly mtu: number;
  /** 0: off. */
  readonly mssClamp: number;
  /** Inner packets and bytes since the TUN was made; a super-packet into the tunnel counts once. */
  readonly counters: {
    readonly receivedPackets: number;
    readonly receivedBytes: number;
    readonly transmittedPackets: number;
    readonly transmittedBytes: number;
  };
};

/** Why packets were dropped; the meaning of each is in packages/dataplane/src/engine/drops.h. */
export const xfrmdDropCauses = [
  'unknownSpi',
  'malformedEsp',
  'encapsulationMismatch',
  'replayed',
  'integrityFailed',
  'inboundPolicy',
  'malformedInner',
  'ecnConflict',
  'noTunnel',
  'tunWriteFailed',
  'ikeQueueFull',
  'dummyPacket',
  'keepAlive',
  'malformedFrame',
  'noPolicy',
  'policyBlock',
  'noSa',
  'packetTooBig',
  'sequenceOverflow',
  'noSocket',
  'sendFailed',
  'transportAddress',
  'transportFragment',
  'transportOptions',
  'saExpired',
  'cipherFailed',
] as const;
export type XfrmdDropCause = (typeof xfrmdDropCauses)[number];

export type XfrmdSecurityAssociation = {
  /** Eight hexadecimal digits, as charon prints it. */
  readonly spi: string;
  /** `192.0.2.1:4500`: outer address and UDP port. */
  readonly source: string;
  readonly destination: string;
  readonly ifId: number;
  readonly reqid: number;
  /** Inner. */
  readonly bytes: number;
  readonly packets: number;
  readonly replayDrops: number;
  readonly integrityDrops: number;
  /** Packets; 0: replay protection is off. */
  readonly replayWindow: number;
  readonly extendedSequence: boolean;
  /** Of the way to the peer, as the kernel or a router reported it; 0: nothing smaller than usual is known. */
  readonly pathMtu: number;
  /** Highest sequence numbers so far. */
  readonly lastSent: number;
  readonly lastReceived: number;
  readonly ageSeconds: number;
  /** Unix time; 0: never. */
  readonly lastUsedSeconds: number;
};

export type XfrmdStatistics = {
  readonly drops: Readonly<Record<XfrmdDropCause, number>>;
  readonly securityAssociations: readonly XfrmdSecurityAssociation[];
  readonly tunnels: readonly XfrmdTunnel[];
  readonly policies: number;
  /** Messages that the path refused as UDP_SEGMENT and that went out one by one. */
  readonly segmentationFallbacks: number;
};

export type XfrmdCaptureSettings = {
  /** Letters, digits, `-` and `_`; the files are named after it. */
  readonly name: string;
  /** Inner: packets in clear, as they enter and leave a tunnel. Outer: the ESP packets that carry them. */
  readonly side: 'inner' | 'outer';
  /** Absent: all tunnels, and on the outer side what belongs to none. */
  readonly ifId?: number;
  /** Bytes kept of a packet, 64 to 65,535 (all of it, the default). */
  readonly snapLength?: number;
  /** Of all files together, from 131,072 for each; default 64 MiB. */
  readonly maxBytes?: number;
  /** 1 (default): the capture keeps the oldest packets and ends when its file is full. 2 to 16: the oldest file is written over. */
  readonly files?: number;
  /** Packets that fit all that is given, in either direction. On the outer side it is about the outer header. */
  readonly filter?: { readonly protocol?: number; readonly port?: number; readonly address?: string };
};
/** pcapng files of raw IP packets, mode 0600, in xfrmd's folder `captures`; whoever started the capture moves or removes them. */
export type XfrmdCapture = {
  readonly name: string;
  readonly side: 'inner' | 'outer';
  readonly ifId?: number;
  readonly paths: readonly string[];
  readonly packets: number;
  readonly bytes: number;
  /** Packets that were not kept: they came faster than they could be written, or the file was full. The tunnel lost none of them. */
  readonly dropped: number;
  readonly isFull: boolean;
  /** Why writing ended. */
  readonly error?: string;
};

/** Every method with what it takes and gives. */
export type XfrmdMethods = {
  readonly health: { readonly params: Record<string, never>; readonly result: XfrmdHealth };
  readonly createTunnel: { readonly params: XfrmdTunnelSettings; readonly result: XfrmdTunnel };
  readonly deleteTunnel: { readonly params: { readonly ifId: number }; readonly result: Record<string, never> };
  readonly listTunnels: { readonly params: Record<string, never>; readonly result: readonly XfrmdTunnel[] };
  readonly startCapture: { readonly params: XfrmdCaptureSettings; readonly result: XfrmdCapture };
  readonly stopCapture: { readonly params: { readonly name: string }; readonly result: XfrmdCapture };
  readonly listCaptures: { readonly params: Record<string, never>; readonly result: readonly XfrmdCapture[] };
  readonly statistics: { readonly params: Record<string, never>; readonly result: XfrmdStatistics };
};

export type XfrmdAnswer = {
  readonly id: number | null;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
};
