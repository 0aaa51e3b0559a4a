/** Locks and role assignments: there are none, and clients that ask are told so at every scope. */
import type { ArmModule } from '../arm/context.ts';

const scopes = [
  '',
  '/subscriptions/{subscription}',
  '/subscriptions/{subscription}/resourcegroups/{group}',
  '/subscriptions/{subscription}/resourcegroups/{group}/providers/{namespace}/{type}/{name}',
];

export function authorizationRoutes(): ArmModule {
  return {
    routes: scopes.flatMap((scope) =>
      ['locks', 'roleAssignments', 'denyAssignments'].map((type) => ({
        method: 'GET' as const,
        pattern: `${scope}/providers/Microsoft.Authorization/${type}`,
        handle: () => ({ status: 200, body: { value: [] } }),
      })),
    ),
  };
}
