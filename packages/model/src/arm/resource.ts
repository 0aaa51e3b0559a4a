/**
 * A stored ARM resource, and the rules a resource type consists of. Types only; each type's rules live in
 * `arm/types/`, the HTTP side (envelope, operations, etags) in control-plane/src/arm.
 *
 * Children that Azure keeps inside their parent (subnets, peerings, routes, natRules, ipConfigurations) are part of the
 * parent's `properties`: one record, one etag, as in Azure.
 */
import type { Issue } from '../issue.ts';
import type { JsonObject } from '../json.ts';
import type { ResourceId } from './resource-id.ts';
import type { ConnectionObservation } from '../plan/observation.ts';

export type ProvisioningState = 'Succeeded' | 'Updating' | 'Deleting' | 'Failed';

export type Resource<P extends JsonObject = JsonObject> = {
  /** Canonical case: the case the resource was created with, provider and type in Azure's spelling. */
  readonly id: ResourceId;
  /** For example `Microsoft.Network/virtualNetworks`. */
  readonly type: string;
  readonly name: string;
  /** Normalised: lower case, no spaces (`westeurope`). */
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Top-level members other than the common ones: `sku`, `zones`, `identity`, `extendedLocation`, `kind`. */
  readonly top: JsonObject;
  /** What the user wrote, defaults filled in, spelling canonical. No read-only members, no secrets. */
  readonly properties: P;
  /** What the service decided once and keeps: `resourceGuid`, `ipAddress`, `privateIPAddress`, `bgpPeeringAddress`, `resetEpoch`… */
  readonly allocated: JsonObject;
  readonly etag: string;
  readonly provisioningState: ProvisioningState;
  readonly createdAt: string;
  readonly changedAt: string;
};

/** Read access to everything stored, for rules that look at other resources. Lookups ignore case. */
export type ResourceLookup = {
  readonly get: (id: string) => Resource | undefined;
  /** All resources of a type, every subscription. */
  readonly list: (type: string) => readonly Resource[];
  /** All resources, any type, of which `references` names this id or a child of it. */
  readonly referencing: (id: string) => readonly Resource[];
};

export type RuleContext = {
  readonly lookup: ResourceLookup;
  /** Address pools of the fabric in the region, CIDRs, in order of use; the first usable address of each is its router's. */
  readonly publicAddressPools: readonly string[];
  /** A new GUID; the only impurity a rule may ask for, injected. */
  readonly newGuid: () => string;
};

export type ParsedBody = {
  readonly ok: true;
  readonly location: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly top: JsonObject;
  readonly properties: JsonObject;
  /** Values that must never be in a GET, a log or a plan, by name (`sharedKey`). Stored encrypted beside the resource. */
  readonly secrets: Readonly<Record<string, string>>;
};
export type ParseFailure = { readonly ok: false; readonly issues: readonly Issue[] };

/** A child collection kept in the parent's properties: `PUT …/virtualNetworks/v/subnets/s` rewrites the parent. */
export type ChildCollection = {
  /** URL segment and member of `properties`: `subnets`. */
  readonly segment: string;
  /** `Microsoft.Network/virtualNetworks/subnets`. */
  readonly type: string;
};

/** Live facts that a GET joins to the stored resource. */
export type ViewContext = RuleContext & {
  /** Newest observation of each tunnel of this connection; empty before an agent reported. */
  readonly observations: (connection: ResourceId) => readonly ConnectionObservation[];
  /** True in a list answer: Azure leaves some members out there. */
  readonly inList: boolean;
};

export type ResourceRules = {
  readonly type: string;
  readonly children: readonly ChildCollection[];
  /** Schema, defaults and canonical spelling. `existing` is given on update. Read-only members and `null` are dropped. */
  readonly parse: (body: unknown, existing: Resource | undefined) => ParsedBody | ParseFailure;
  /** Azure's rules. All issues, never the first only; an `error` refuses the PUT and nothing is stored. */
  readonly validate: (candidate: Resource, existing: Resource | undefined, context: RuleContext) => readonly Issue[];
  /** What the service decides at PUT time, merged over `existing.allocated`. Runs after `validate`. Pure but for `newGuid`. */
  readonly allocate: (candidate: Resource, existing: Resource | undefined, context: RuleContext) => JsonObject | Issue;
  readonly validateDelete: (existing: Resource, context: RuleContext) => readonly Issue[];
  /** Ids this resource refers to (children's ids as they are: `…/subnets/GatewaySubnet`). */
  readonly references: (resource: Resource) => readonly string[];
  /** True when a host has work to do for it, so that PUT and DELETE are long-running. Others answer at once. */
  readonly isPlanned: boolean;
  /** The full ARM body of a GET. */
  readonly view: (resource: Resource, context: ViewContext) => JsonObject;
};
