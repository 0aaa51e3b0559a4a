/** The planner as a port, so that tests of the control plane need no real topology. The real one is @sallyport/planner. */
import type { Issue, Plan } from '@sallyport/model';
import type { PlanInput, PlanResult } from '@sallyport/planner';

export type Planner = {
  readonly plan: (input: PlanInput) => PlanResult;
  /** Contradictions in a plan; empty for every plan that may be executed. */
  readonly checkPlan: (plan: Plan) => readonly Issue[];
};
