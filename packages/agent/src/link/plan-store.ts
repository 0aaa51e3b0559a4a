/** The last plan this host accepted, kept across restarts: the host works from it while the control plane is away. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { agentProtocolVersion } from '@sallyport/model';
import { readOwnFile, writeWholeFile } from '@sallyport/runtime';
import type { HostPaths } from '../engines/engine.ts';
import { parsePlanMessage } from './control-client.ts';
import type { NumberedPlan } from './control-client.ts';

export type PlanStore = {
  readonly current: () => NumberedPlan | undefined;
  /** Why a plan was refused, in one sentence: it is not newer than the stored one, or of another store. Nothing changes then. */
  readonly accept: (plan: NumberedPlan) => string | undefined;
  /** What an operator removes to let go of the stored plan. */
  readonly file: string;
};

/** @throws LinkError when the stored plan is of another host or version: an operator must look, so nothing is guessed. */
export function openPlanStore(paths: Pick<HostPaths, 'stateDirectory'>, host: string): PlanStore {
  const file = join(paths.stateDirectory, 'plan.json');
  const remedy = 'remove it, and the agent asks the control plane for the plan';
  let current = existsSync(file) ? parsePlanMessage(readOwnFile(file, JSON.parse, remedy), host) : undefined;
  return {
    file,
    current: () => current,
    accept: (plan) => {
      const refusal = refusalOf(plan, current);
      if (refusal !== undefined) return refusal;
      writeWholeFile(file, JSON.stringify({ protocolVersion: agentProtocolVersion, ...plan }));
      current = plan;
      return undefined;
    },
  };
}

/** Numbers of two stores can't be compared; a stored plan from before stores had names is compared by number alone. */
function refusalOf(plan: NumberedPlan, current: NumberedPlan | undefined): string | undefined {
  if (current === undefined) return undefined;
  if (current.store !== undefined && plan.store !== undefined && plan.store !== current.store)
    return `refused plan ${plan.number} of another control plane's store: this host has ${current.number} of its own`;
  return plan.number > current.number ? undefined : `refused plan ${plan.number}: this host already has ${current.number}`;
}
