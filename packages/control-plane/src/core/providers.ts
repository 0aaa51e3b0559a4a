/** Resource providers: which types exist, at which api-versions, where. All are registered; registering again changes nothing. */
import type { JsonObject } from '@sallyport/model';
import { armErrors } from '@sallyport/model';
import { networkApiVersions, resourcesApiVersions } from '../arm/api-version.ts';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure } from '../arm/message.ts';
import { page } from '../arm/paging.ts';
import type { PathParameters } from '../arm/router.ts';
import { requireSubscription } from '../resources/target.ts';
import { networkOperations } from './network-operations.ts';

type Provider = {
  readonly namespace: string;
  readonly types: readonly { readonly name: string; readonly versions: readonly string[]; readonly isTracked: boolean }[];
};

export function providerRoutes(context: ArmContext): ArmModule {
  const providers = knownProviders(context);
  const inSubscription = (_request: ArmRequest, path: PathParameters): string => requireSubscription(context, path);
  const one = (path: PathParameters, subscriptionId: string | undefined): ArmResponse => {
    const namespace = path.get('namespace') ?? '';
    const found = providers.find((candidate) => candidate.namespace.toLowerCase() === namespace.toLowerCase());
    if (found === undefined) throw new ArmFailure(armErrors.invalidResourceNamespace(namespace));
    return { status: 200, body: viewProvider(context, found, subscriptionId) };
  };
  const list = (request: ArmRequest, subscriptionId: string | undefined): ArmResponse =>
    page(
      request,
      providers,
      ({ namespace }) => namespace.toLowerCase(),
      (provider) => viewProvider(context, provider, subscriptionId),
    );
  const scoped = '/subscriptions/{subscription}/providers';
  return {
    routes: [
      { method: 'GET', pattern: '/providers', handle: (request) => list(request, undefined) },
      { method: 'GET', pattern: '/providers/{namespace}', handle: (_request, path) => one(path, undefined) },
      { method: 'GET', pattern: scoped, handle: (request, path) => list(request, inSubscription(request, path)) },
      { method: 'GET', pattern: `${scoped}/{namespace}`, handle: (request, path) => one(path, inSubscription(request, path)) },
      ...['register', 'unregister'].map((verb) => ({
        method: 'POST' as const,
        pattern: `${scoped}/{namespace}/${verb}`,
        handle: (request: ArmRequest, path: PathParameters): ArmResponse => one(path, inSubscription(request, path)),
      })),
      {
        method: 'GET',
        pattern: '/providers/Microsoft.Network/operations',
        handle: () => ({ status: 200, body: { value: networkOperations(context.rules) } }),
      },
    ],
  };
}

/** Sorted by namespace, as the pages are. */
function knownProviders(context: ArmContext): readonly Provider[] {
  const core = (name: string): Provider['types'][number] => ({ name, versions: resourcesApiVersions, isTracked: false });
  const network = context.rules.all.flatMap(({ type, children }) => [
    { name: type.slice('Microsoft.Network/'.length), versions: networkApiVersions, isTracked: true },
    ...children.map((child) => ({ name: child.type.slice('Microsoft.Network/'.length), versions: networkApiVersions, isTracked: false })),
  ]);
  const general = ['operations', 'locations', 'locations/operations', 'locations/operationResults', 'locations/usages'];
  return [
    { namespace: 'Microsoft.Authorization', types: ['locks', 'roleAssignments'].map(core) },
    {
      namespace: 'Microsoft.Network',
      types: [...network, ...general.map((name) => ({ name, versions: networkApiVersions, isTracked: false }))],
    },
    {
      namespace: 'Microsoft.Resources',
      types: ['deployments', 'providers', 'resourceGroups', 'resources', 'subscriptions', 'tags', 'tenants'].map(core),
    },
  ];
}

function viewProvider(context: ArmContext, provider: Provider, subscriptionId: string | undefined): JsonObject {
  const path = `/providers/${provider.namespace}`;
  return {
    id: subscriptionId === undefined ? path : `/subscriptions/${subscriptionId}${path}`,
    namespace: provider.namespace,
    registrationState: 'Registered',
    registrationPolicy: 'RegistrationFree',
    resourceTypes: provider.types.map(({ name, versions, isTracked }) => ({
      resourceType: name,
      locations: isTracked ? context.settings.locations.map(({ displayName }) => displayName) : [],
      apiVersions: versions,
      ...(versions[0] === undefined ? {} : { defaultApiVersion: versions[0] }),
      capabilities: isTracked ? 'SupportsTags, SupportsLocation' : 'None',
    })),
  };
}
