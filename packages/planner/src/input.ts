/** What the planner is given and what it answers. Types only; `plan.ts` decides. */
import type { HostPlan, Issue, Plan, PublicNetworkPlan, Resource, ResourceId, RetiringSecret } from '@sallyport/model';

export type Inventory = {
  /** Hosts with an agent. A gateway goes to the first host of its region. */
  readonly hosts: readonly { readonly name: string; readonly regions: readonly string[] }[];
  readonly publicNetworks: readonly PublicNetworkPlan[];
};

export type PlanInput = {
  readonly resources: readonly Resource[];
  /** Version of each stored secret by `secretId(resource, name)`; the planner never sees a value. */
  readonly secretVersions: ReadonlyMap<string, number>;
  /** Former values that still count, by `secretId`. Absent: there are none. */
  readonly retiringSecrets?: ReadonlyMap<string, RetiringSecret>;
  readonly previous: Plan | undefined;
  readonly inventory: Inventory;
};

export type Reason = { readonly code: ReasonCode; readonly message: string };

/** One entry for each resource that hosts have work for, or would have. Sorted by resource key. */
export type ReportEntry = {
  readonly resource: ResourceId;
  readonly isPlanned: boolean;
  /** Hosts whose plan holds a part of it. */
  readonly hosts: readonly string[];
  /** Why not, when not planned: `{ code: 'SharedKeyMissing', message: 'connection hq not planned: …' }`. */
  readonly reason?: Reason;
  /** Properties of a planned resource that change nothing on the hosts yet; absent when all of it is in effect. */
  readonly notInEffect?: readonly Reason[];
};

/** Stable: the control plane and scripts match on them. */
export type ReasonCode =
  // Not planned, because something is missing or in the way.
  | 'Deleting'
  | 'NoHostInRegion'
  | 'VirtualNetworkNotPlanned'
  | 'SubnetNotPlanned'
  | 'AddressMissing'
  | 'AddressOutsideSubnet'
  | 'PublicAddressOutsideNetworks'
  | 'GatewayNotPlanned'
  | 'PeerAddressMissing'
  | 'PeerAddressIsOwn'
  | 'PeerAddressInUse'
  | 'PrivateAddressNotEnabled'
  | 'PrivatePeerNamed'
  | 'PrefixesMissing'
  | 'PrefixInUse'
  | 'PrefixInVirtualNetwork'
  | 'SharedKeyMissing'
  | 'CertificateMissing'
  | 'NotInUse'
  // Not planned, or not in effect, because this version does not do it.
  | 'GatewayTypeNotSupported'
  | 'ConnectionTypeNotSupported'
  | 'NatNotSupported'
  | 'DhGroupNotSupported'
  | 'SecondInstanceNotPlanned'
  | 'BgpNotSupported'
  | 'DpdNotSupported'
  | 'TrafficSelectorsNotInEffect'
  | 'PointToSiteNotSupported'
  | 'DefaultSiteNotConnected'
  | 'CustomRoutesNotSupported'
  | 'PeeringNotSupported'
  | 'RoutePrefixNotSupported'
  | 'ApplianceOutsideVirtualNetwork'
  | 'NetworkSecurityGroupNotSupported'
  | 'Ipv6NotSupported'
  | 'SecondaryAddressNotSupported'
  | 'VmPublicAddressNotSupported';

export type PlanResult = {
  /** Has the previous plan's number when nothing differs from it, else the next one. */
  readonly plan: Plan;
  readonly report: readonly ReportEntry[];
  /** What `checkPlan` found in the new plan; a plan with an error must not be stored. */
  readonly issues: readonly Issue[];
};

export type { HostPlan };
