/**
 * Whether a host acts on a plan that this control plane never made: its store was emptied, or restored from a copy that is older
 * than the plan. Such a host keeps its tunnels as they are until somebody decides, and nobody takes its number for one of ours. Pure.
 */

/** 0 and no store: none yet. */
export type PlanIdentity = { readonly number: number; readonly store: string | undefined };

/** One sentence when it is so. */
export function foreignPlan(held: PlanIdentity, own: PlanIdentity): string | undefined {
  if (held.number === 0) return undefined;
  const isOtherStore = held.store !== undefined && own.store !== undefined && held.store !== own.store;
  if (!isOtherStore && held.number <= own.number) return undefined;
  const why = isOtherStore
    ? `of another store than this control plane's (its data directory was emptied or exchanged)`
    : `and this control plane has made none beyond ${own.number} (its store was restored from an older copy)`;
  return `the host acts on plan ${held.number}, ${why}, and keeps it; to give it this control plane's plan, stop its agent, remove plan.json from the agent's state directory and start it: what the new plan lacks ends then`;
}
