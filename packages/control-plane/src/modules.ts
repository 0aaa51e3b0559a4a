/** Every ARM module, in one list. Template deployments join here. */
import type { ArmModuleFactory } from './arm/context.ts';
import type { ArmRoute } from './arm/router.ts';
import { groupRoutes } from './core/groups.ts';
import { subscriptionRoutes } from './core/subscriptions.ts';
import type { IdentityOptions } from './identity/endpoints.ts';
import { identityRoutes } from './identity/endpoints.ts';
import { metadataRoutes } from './identity/metadata.ts';
import { operationRoutes } from './operations/routes.ts';
import { resourceRoutes } from './resources/routes.ts';
import { deploymentRoutes } from './templates/routes.ts';

export const armModules: readonly ArmModuleFactory[] = [subscriptionRoutes, groupRoutes, operationRoutes, resourceRoutes, deploymentRoutes];

export function signInRoutes(options: IdentityOptions): readonly ArmRoute[] {
  return [...identityRoutes(options), ...metadataRoutes(options.settings)];
}
