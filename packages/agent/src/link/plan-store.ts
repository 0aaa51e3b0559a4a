/** The last plan this host accepted, kept across restarts: the host works from it while the control plane is away. */
import { join } from 'node:path';
import { agentProtocolVersion } from '@sallyport/model';
import type { HostPaths } from '../engines/engine.ts';
import { parsePlanMessage } from './control-client.ts';
import type { NumberedPlan } from './control-client.ts';
import { readFileIfPresent, writeFileAtomically } from './files.ts';

export type PlanStore = {
  readonly current: () => NumberedPlan | undefined;
  /** @returns false for a plan that is not newer than the stored one; nothing changes then. */
  readonly accept: (plan: NumberedPlan) => boolean;
};

/** @throws LinkError when the stored plan is of another host or version: an operator must look, so nothing is guessed. */
export function openPlanStore(paths: Pick<HostPaths, 'stateDirectory'>, host: string): PlanStore {
  const file = join(paths.stateDirectory, 'plan.json');
  const stored = readFileIfPresent(file);
  let current = stored === undefined ? undefined : parsePlanMessage(JSON.parse(stored), host);
  return {
    current: () => current,
    accept: (plan) => {
      if (current !== undefined && plan.number <= current.number) return false;
      writeFileAtomically(file, JSON.stringify({ protocolVersion: agentProtocolVersion, number: plan.number, plan: plan.plan }));
      current = plan;
      return true;
    },
  };
}
