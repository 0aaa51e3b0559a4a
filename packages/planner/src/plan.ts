/**
 * The planner's entry: resources, what was planned before and the hosts there are → the plan, a report and issues. Pure,
 * synchronous, deterministic: the same input gives the same plan byte for byte, in whatever order the resources come.
 */
import { resourceKey, type HostPlan, type Plan, type PlanNumber } from '@sallyport/model';
import { checkPlan } from './check/check.ts';
import { emptyDraft, type Draft } from './draft.ts';
import type { PlanInput, PlanResult, ReportEntry } from './input.ts';
import { isEqual } from './is-equal.ts';
import { byKey, compareText } from './resource-index.ts';
import { planConnections } from './steps/connections.ts';
import { planEffectiveRoutes } from './steps/effective-routes.ts';
import { planGateways } from './steps/gateways.ts';
import { planNetworkInterfaces } from './steps/network-interfaces.ts';
import { numberObjects } from './steps/number-objects.ts';
import { reportSupportingResources } from './steps/supporting-resources.ts';
import { planVirtualNetworks } from './steps/virtual-networks.ts';

const steps: readonly ((draft: Draft) => Draft)[] = [
  // First: everything else stands on a VNet's host and subnets.
  planVirtualNetworks,
  planNetworkInterfaces,
  // Before connections, whose tunnels go into gateways' instances.
  planGateways,
  planConnections,
  // After connections: only what a planned tunnel reaches is routed to its gateway.
  planEffectiveRoutes,
  // Reads what all others planned.
  reportSupportingResources,
];

export function plan(input: PlanInput): PlanResult {
  const draft = steps.reduce((before, step) => step(before), emptyDraft(input));
  const hosts = [...new Set(input.inventory.hosts.map(({ name }) => name))].toSorted(compareText);
  const next = numbered(input.previous, numberObjects(draft, hosts));
  return { plan: next, report: sorted(draft.report), issues: checkPlan(next) };
}

/** The previous plan itself when nothing differs from it. */
function numbered(previous: Plan | undefined, hosts: readonly HostPlan[]): Plan {
  if (previous !== undefined && isEqual(previous.hosts, hosts)) return previous;
  // Plan numbers are counted here and nowhere else.
  return { number: ((previous?.number ?? 0) + 1) as PlanNumber, hosts };
}

/** Keys are made once, not once per comparison: there may be 10,000 entries. */
function sorted(report: readonly ReportEntry[]): readonly ReportEntry[] {
  const keyed = report.map((entry) => ({ key: resourceKey(entry.resource), entry }));
  return keyed.toSorted(byKey).map(({ entry }) => entry);
}
