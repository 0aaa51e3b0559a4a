/**
 * Looks at a finished plan as a stranger would: whatever the planner believed, a plan with one of these errors would make
 * hosts do something contradictory, so it must not be stored. Independent of the planner's own steps. Pure.
 */
import type { HostPlan, Issue, Plan } from '@sallyport/model';
import { addressIssues } from './addresses.ts';
import { uniquenessIssues } from './duplicates.ts';
import { planIssue } from './plan-issue.ts';
import { referenceIssues } from './references.ts';
import { tunnelIssues } from './tunnels.ts';

const hostChecks: readonly ((host: HostPlan) => readonly Issue[])[] = [uniquenessIssues, referenceIssues, addressIssues, tunnelIssues];

/** Empty when nothing is wrong; `target` is the resource or host concerned. */
export function checkPlan(plan: Plan): readonly Issue[] {
  return [...placementIssues(plan), ...plan.hosts.flatMap((host) => hostChecks.flatMap((check) => check(host)))];
}

/** A VNet, a network interface or an instance has one home; a public address has one owner everywhere. */
function placementIssues({ hosts }: Plan): readonly Issue[] {
  const homes = hosts.flatMap(({ host, vnets, networkInterfaces, instances }) => [
    ...vnets.map(({ vnet }) => ({ what: vnet as string, host })),
    ...networkInterfaces.map(({ networkInterface }) => ({ what: networkInterface as string, host })),
    ...instances.map(({ id }) => ({ what: id as string, host })),
    ...instances.map((instance) => ({ what: `public address ${instance.public.address}`, host })),
  ]);
  const first = new Map<string, string>();
  return homes.flatMap(({ what, host }) => {
    const other = first.get(what.toLowerCase());
    if (other !== undefined) return planIssue('PlanDuplicatePlace', what, `${what} is planned on host ${other} and again on ${host}`);
    first.set(what.toLowerCase(), host);
    return [];
  });
}
