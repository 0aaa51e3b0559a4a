/** What the planner is given and what it answers. Types only; `plan.ts` decides. */
import type { HostPlan, Issue, Plan, PublicNetworkPlan, Resource, ResourceId } from '@sallyport/model';

export type Inventory = {
  /** Hosts with an agent. A gateway goes to the first host of its region. */
  readonly hosts: readonly { readonly name: string; readonly regions: readonly string[] }[];
  readonly publicNetworks: readonly PublicNetworkPlan[];
};

export type PlanInput = {
  readonly resources: readonly Resource[];
  /** Version of each stored secret by `secretId(resource, name)`; the planner never sees a value. */
  readonly secretVersions: ReadonlyMap<string, number>;
  readonly previous: Plan | undefined;
  readonly inventory: Inventory;
};

export type ReportEntry = {
  readonly resource: ResourceId;
  readonly isPlanned: boolean;
  /** Hosts whose plan holds a part of it. */
  readonly hosts: readonly string[];
  /** Why not, when not planned: `{ code: 'SharedKeyMissing', message: 'connection hq not planned: …' }`. */
  readonly reason?: { readonly code: string; readonly message: string };
};

export type PlanResult = {
  /** Has the previous plan's number when nothing differs from it, else the next one. */
  readonly plan: Plan;
  readonly report: readonly ReportEntry[];
  readonly issues: readonly Issue[];
};

export type { HostPlan };
