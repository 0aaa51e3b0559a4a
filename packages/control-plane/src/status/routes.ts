/** Health over the API: conditions of a subscription, group or resource, and the whole state for operators. */
import type { JsonObject } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmResponse } from '../arm/message.ts';
import { requireExisting, requireGroup, requireSubscription, requireTarget } from '../resources/target.ts';
import { conditionsOf, viewCondition } from './conditions.ts';
import { statusReport } from './status-report.ts';

const suffix = '/providers/Sallyport.Health/conditions';
const group = '/subscriptions/{subscription}/resourcegroups/{group}';

export function healthRoutes(context: ArmContext): ArmModule {
  const answer = (id: string): ArmResponse => ({ status: 200, body: { value: conditionsOf(context, id).map(viewCondition) } });
  return {
    routes: [
      {
        method: 'GET',
        pattern: `/subscriptions/{subscription}${suffix}`,
        handle: (_request, path) => answer(`/subscriptions/${requireSubscription(context, path)}`),
      },
      { method: 'GET', pattern: `${group}${suffix}`, handle: (_request, path) => answer(requireGroup(context, path).id) },
      {
        method: 'GET',
        pattern: `${group}/providers/{namespace}/{type}/{name}${suffix}`,
        handle: (request, path) => answer(requireExisting(requireTarget(context, request, path)).id),
      },
      {
        method: 'GET',
        pattern: '/debug/status',
        needsApiVersion: false,
        // The report holds JSON values only; its type says more than JsonObject can.
        handle: () => ({ status: 200, body: statusReport(context) as unknown as JsonObject }),
      },
    ],
  };
}
