/**
 * ARM resource ids: `/subscriptions/{guid}/resourceGroups/{rg}/providers/{namespace}/{type}/{name}[/{childType}/{childName}…]`.
 * Compared without case; empty segments collapse (clients send `Microsoft.Network//virtualNetworks/x`).
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
 */
export type ResourceId = string & { readonly __brand: 'ResourceId' };

export type ParsedResourceId = {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly namespace: string;
  /** Type segments below the namespace: `['virtualNetworks', 'subnets']`. */
  readonly types: readonly string[];
  readonly names: readonly string[];
};

/** Parts of an id, as spelled, or undefined when it is not the id of a resource in a resource group. */
export function parseResourceId(id: string): ParsedResourceId | undefined {
  const segments = id.split('/').filter((segment) => segment !== '');
  const [s, subscriptionId, g, resourceGroup, p, namespace, ...rest] = segments;
  if (s?.toLowerCase() !== 'subscriptions' || g?.toLowerCase() !== 'resourcegroups' || p?.toLowerCase() !== 'providers') return undefined;
  if (subscriptionId === undefined || resourceGroup === undefined || namespace === undefined) return undefined;
  if (rest.length === 0 || rest.length % 2 !== 0) return undefined;
  return {
    subscriptionId,
    resourceGroup,
    namespace,
    types: rest.filter((_, index) => index % 2 === 0),
    names: rest.filter((_, index) => index % 2 === 1),
  };
}

export function formatResourceId(parts: ParsedResourceId): ResourceId {
  const pairs = parts.types.map((type, index) => `/${type}/${parts.names[index] ?? ''}`).join('');
  return `/subscriptions/${parts.subscriptionId}/resourceGroups/${parts.resourceGroup}/providers/${parts.namespace}${pairs}` as ResourceId;
}

/** The form used as a map key: equal exactly when Azure takes two ids as the same. */
export function resourceKey(id: string): string {
  return `/${id
    .split('/')
    .filter((segment) => segment !== '')
    .join('/')
    .toLowerCase()}`;
}

export function isSameResource(a: string, b: string): boolean {
  return resourceKey(a) === resourceKey(b);
}

/** Last name of an id: `GatewaySubnet` of `…/subnets/GatewaySubnet`. */
export function resourceName(id: string): string {
  return id.split('/').findLast((segment) => segment !== '') ?? '';
}

/** `…/virtualNetworks/hq` of `…/virtualNetworks/hq/subnets/apps`; undefined for a top-level resource. */
export function parentId(id: string): ResourceId | undefined {
  const parts = parseResourceId(id);
  if (parts === undefined || parts.types.length < 2) return undefined;
  return formatResourceId({ ...parts, types: parts.types.slice(0, -1), names: parts.names.slice(0, -1) });
}

/** Name under which a secret of a resource is stored and planned: `secretId(connection, 'sharedKey')`. */
export function secretId(resource: string, name: string): string {
  return `${resourceKey(resource)}#${name}`;
}
