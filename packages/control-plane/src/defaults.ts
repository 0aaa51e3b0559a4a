/** The real rules and the real planner; tests may pass others to `startControlPlane`. */
import type { ResourceRules } from '@sallyport/model';
import { allResourceRules } from '@sallyport/model';
import { checkPlan, plan } from '@sallyport/planner';
import type { Planner } from './planning/planner.ts';

export const defaultResourceRules: readonly ResourceRules[] = allResourceRules;

export const defaultPlanner: Planner = { plan, checkPlan };
