/** Every ARM module, in one list. Template deployments join here. */
import type { ArmModuleFactory } from './arm/context.ts';
import type { ArmRoute } from './arm/router.ts';
import { certificateRoutes } from './certificates/routes.ts';
import { authorizationRoutes } from './core/authorization.ts';
import { genericResourceRoutes } from './core/generic-resources.ts';
import { groupRoutes } from './core/groups.ts';
import { locationRoutes } from './core/locations.ts';
import { providerRoutes } from './core/providers.ts';
import { subscriptionRoutes } from './core/subscriptions.ts';
import { tagRoutes } from './core/tags.ts';
import type { IdentityOptions } from './identity/endpoints.ts';
import { identityRoutes } from './identity/endpoints.ts';
import { metadataRoutes } from './identity/metadata.ts';
import { operationRoutes } from './operations/routes.ts';
import { actionRoutes } from './resources/actions/routes.ts';
import { resourceRoutes } from './resources/routes.ts';
import { diagnosticLogRoutes } from './status/diagnostic-log.ts';
import { healthRoutes } from './status/routes.ts';
import { deploymentRoutes } from './templates/routes.ts';

export const armModules: readonly ArmModuleFactory[] = [
  subscriptionRoutes,
  providerRoutes,
  locationRoutes,
  groupRoutes,
  genericResourceRoutes,
  tagRoutes,
  authorizationRoutes,
  operationRoutes,
  resourceRoutes,
  actionRoutes,
  deploymentRoutes,
  healthRoutes,
  diagnosticLogRoutes,
  certificateRoutes,
];

export function signInRoutes(options: IdentityOptions): readonly ArmRoute[] {
  return [...identityRoutes(options), ...metadataRoutes(options.settings)];
}
