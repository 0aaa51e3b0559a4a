/**
 * The plan: the whole desired state of every host, numbered and immutable. Made by the planner, executed by agents,
 * which have no choices left. Engine-neutral: Azure's names for algorithms, CIDR strings for prefixes, seconds and bytes.
 * Secrets are references. Agents refuse a plan with a lower number than the last they stored.
 *
 * Names of Linux objects are decided here so that they are stable: `namespace` is the part after the fabric's prefix
 * (`gw-hq-0` becomes `sp-<fabric>-gw-hq-0`), a `linkId` names the router-side end of a veth pair (`l<linkId>`).
 */
import type { ResourceId } from '../arm/resource-id.ts';

export type PlanNumber = number & { readonly __brand: 'PlanNumber' };
/** `<gateway id>/IN_0`. */
export type InstanceId = string & { readonly __brand: 'InstanceId' };

export type Plan = {
  readonly number: PlanNumber;
  /** Sorted by name. */
  readonly hosts: readonly HostPlan[];
};

export type HostPlan = {
  readonly host: string;
  /** Networks between sites: one namespace `public` routes all of them. */
  readonly publicNetworks: readonly PublicNetworkPlan[];
  readonly vnets: readonly VnetPlan[];
  readonly networkInterfaces: readonly NetworkInterfacePlan[];
  readonly instances: readonly InstancePlan[];
};

export type PublicNetworkPlan = {
  /** `198.51.100.0/24` */
  readonly prefix: string;
  /** The router's address in it, no mask. */
  readonly router: string;
};

/** A VNet's router: a namespace with one bridge per subnet, holding the subnet's first address. */
export type VnetPlan = {
  readonly vnet: ResourceId;
  readonly namespace: string;
  readonly addressPrefixes: readonly string[];
  readonly subnets: readonly SubnetPlan[];
  /** Effective routes beyond the connected ones, one per prefix; the longest prefix wins. */
  readonly routes: readonly VnetRoute[];
  /** Azure's default outbound access: what goes to the Internet leaves on a leg of its own, with this source address. */
  readonly outbound?: { readonly linkId: number; readonly address: string; readonly router: string };
};

export type SubnetPlan = {
  readonly subnet: ResourceId;
  /** The bridge is `b<bridgeId>`. */
  readonly bridgeId: number;
  /** Router's address with mask: `10.1.0.1/24`. */
  readonly router: string;
  /** What is looked up for packets from this subnet in place of the VNet's routes, connected ones included. */
  readonly routes?: readonly VnetRoute[];
};

export type VnetRoute = {
  readonly prefix: string;
  readonly source: 'Default' | 'VirtualNetworkGateway' | 'User';
  readonly nextHopType: 'VnetLocal' | 'VirtualNetworkGateway' | 'VirtualAppliance' | 'Internet' | 'None';
  /** Addresses inside the VNet, no mask: of the gateway's instances or of the appliance; empty is a blackhole. Unused for the other types. */
  readonly nextHops: readonly string[];
  /** VnetLocal: the subnet that holds the prefix. Absent: none does, so what no longer prefix takes is dropped. */
  readonly subnet?: ResourceId;
};

/** A `networkInterfaces` resource: a namespace that stands for the VM. Its interface is `eth0`. */
export type NetworkInterfacePlan = {
  readonly networkInterface: ResourceId;
  readonly namespace: string;
  readonly linkId: number;
  readonly vnet: ResourceId;
  readonly subnet: ResourceId;
  /** With the subnet's mask: `10.1.0.4/24`. */
  readonly address: string;
  readonly router: string;
  /** `enableIPForwarding`: an appliance. Others drop what is not for them. */
  readonly forwards: boolean;
};

/** One half of a gateway: a namespace with a public leg `public`, a VNet leg `vnet`, charon, and a tunnel interface per connection. */
export type InstancePlan = {
  readonly id: InstanceId;
  readonly gateway: ResourceId;
  readonly role: 'IN_0' | 'IN_1';
  readonly namespace: string;
  /** What its tunnels may carry together, each way. Absent: as much as the host can. */
  readonly bandwidth?: { readonly bitsPerSecond: number };
  readonly public: { readonly linkId: number; readonly address: string; readonly router: string };
  readonly vnet: {
    readonly linkId: number;
    readonly vnet: ResourceId;
    readonly subnet: ResourceId;
    /** With the subnet's mask. */
    readonly address: string;
    readonly router: string;
    /** Prefixes reached over the VNet leg. */
    readonly prefixes: readonly string[];
  };
  /** Sorted by connection id. */
  readonly tunnels: readonly TunnelPlan[];
};

export type TunnelPlan = {
  readonly connection: ResourceId;
  /** VICI name of connection and child; unique in the instance, `[a-z0-9-]`, stable. */
  readonly name: string;
  /** XFRM interface id; unique on the host, stable for the life of the connection. The interface is `t<ifId>`. */
  readonly ifId: number;
  readonly mtu: number;
  /** TCP MSS that SYNs through the tunnel are clamped to. */
  readonly mssClamp: number;
  /** Prefixes routed into the tunnel. Without it they are blackholes, never anything else. */
  readonly remotePrefixes: readonly string[];
  /** Packets may pass between this tunnel and others of the gateway that say the same. Otherwise only to and from the VNet. */
  readonly allowsTransit: boolean;
  readonly ike: IkePlan;
  readonly esp: EspPlan;
  /** Raised by a connection or gateway reset: when it differs from the one the agent last acted on, the IKE SA starts anew. */
  readonly resetEpoch: number;
};

export type IkePlan = {
  readonly version: 1 | 2;
  readonly localAddress: string;
  /** IPv4/IPv6 address or host name. */
  readonly remoteAddress: string;
  /**
   * Identities as strings; the peer's is its address, `%any` for a host name. With certificates the peer's is the subject it must
   * have, and ours `%certificate`: the subject of our own.
   */
  readonly localId: string;
  readonly remoteId: string;
  readonly initiates: boolean;
  readonly responds: boolean;
  /** In order of preference. `offers` as initiator, `accepts` as responder. */
  readonly offers: readonly IkeProposal[];
  readonly accepts: readonly IkeProposal[];
  readonly lifetimeSeconds: number;
  /** 0: nobody looks whether the peer is still there. */
  readonly dpdTimeoutSeconds: number;
  /** Exactly one of `sharedKey` and `certificate`. */
  readonly sharedKey?: SecretReference;
  /** The key before `sharedKey`, while a rotation is under way: a peer that still has it is let in. */
  readonly previousSharedKey?: RetiringSecret;
  readonly certificate?: CertificatePlan;
};

export type IkeProposal = {
  /** Azure enum: DES3, AES128, AES192, AES256, GCMAES128, GCMAES256, DES. */
  readonly encryption: string;
  /** MD5, SHA1, SHA256, SHA384; with GCM it is the PRF only. */
  readonly integrity: string;
  /** None, DHGroup1, DHGroup2, DHGroup14, DHGroup2048, DHGroup24, ECP256, ECP384. */
  readonly dhGroup: string;
};

export type EspPlan = {
  readonly offers: readonly EspProposal[];
  readonly accepts: readonly EspProposal[];
  readonly lifetimeSeconds: number;
  readonly lifetimeKilobytes: number;
  /** Packets; 0 turns replay protection off. */
  readonly replayWindow: number;
  /** One CHILD SA per element. Any-to-any is one element with `0.0.0.0/0` on both sides. */
  readonly selectors: readonly { readonly local: readonly string[]; readonly remote: readonly string[] }[];
  /** As responder: whatever the peer proposes. Otherwise only what lies in `selectors`. */
  readonly acceptsOtherSelectors: boolean;
  /** 0: the tunnel is kept up. Else it comes up when a packet asks for it, and goes after so many seconds without any. */
  readonly idleTimeoutSeconds: number;
};

export type EspProposal = {
  /** None, DES, DES3, AES128, AES192, AES256, GCMAES128, GCMAES192, GCMAES256. */
  readonly encryption: string;
  readonly integrity: string;
  /** None, PFS1, PFS2, PFS2048, PFS14, PFS24, ECP256, ECP384, PFSMM. */
  readonly pfsGroup: string;
};

export type CertificatePlan = {
  /** Ours with its private key, and what leads from it to an authority the peer knows: PEM. */
  readonly own: SecretReference;
  /** Who may have issued the peer's: base64 of DER, public. No other authority counts for this tunnel. */
  readonly authorities: readonly string[];
};

/** Where an agent gets a secret: `GET /agent/v1/secrets?id=…&version=…`. A changed value has a new version. */
export type SecretReference = { readonly id: string; readonly version: number };

/** ISO 8601 by the control plane's clock. Agents hold to it too, so that a control plane that is away keeps no key alive. */
export type RetiringSecret = SecretReference & { readonly acceptedUntil: string };
