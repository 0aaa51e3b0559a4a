/**
 * What a path below a resource group points at, and the checks every request to it shares: subscription, group, namespace,
 * type, api-version. Ids come out in canonical case whatever the client wrote.
 */
import type { ChildCollection, Resource, ResourceId, ResourceRules } from '@sallyport/model';
import { armErrors, formatResourceId, resourceKey } from '@sallyport/model';
import { isNetworkApiVersion, networkApiVersions } from '../arm/api-version.ts';
import type { ArmContext } from '../arm/context.ts';
import type { ArmRequest } from '../arm/message.ts';
import { ArmFailure, apiVersionOf } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import type { GroupRecord } from '../store/records.ts';
import { getRecord, groupKey } from '../store/records.ts';

export type Child = { readonly collection: ChildCollection; readonly name: string | undefined };

export type Target = {
  readonly subscriptionId: string;
  readonly group: GroupRecord;
  readonly rules: ResourceRules;
  readonly id: ResourceId;
  readonly existing: Resource | undefined;
  /** Set when the path goes on into a collection kept inside the resource. */
  readonly child: Child | undefined;
};

export const providerNamespace = 'Microsoft.Network';

/** The configured subscription's id. @throws ArmFailure SubscriptionNotFound */
export function requireSubscription(context: ArmContext, path: PathParameters): string {
  const wanted = path.get('subscription') ?? '';
  const found = context.settings.subscriptions.find(({ id }) => id.toLowerCase() === wanted.toLowerCase());
  if (found === undefined) throw new ArmFailure(armErrors.subscriptionNotFound(wanted));
  return found.id;
}

/** @throws ArmFailure SubscriptionNotFound, ResourceGroupNotFound */
export function requireGroup(context: ArmContext, path: PathParameters): GroupRecord {
  const subscriptionId = requireSubscription(context, path);
  const name = path.get('group') ?? '';
  const group = getRecord(context.store, 'group', groupKey(subscriptionId, name));
  if (group === undefined) throw new ArmFailure(armErrors.resourceGroupNotFound(name));
  return group;
}

/** For writes: a group that is going away takes nothing in. @throws ArmFailure ResourceGroupBeingDeleted */
export function refuseWhileDeleting(group: GroupRecord): void {
  if (group.provisioningState === 'Deleting') throw new ArmFailure(armErrors.resourceGroupBeingDeleted(group.name));
}

/** @throws ArmFailure InvalidResourceNamespace, InvalidResourceType, NoRegisteredProviderFound */
export function requireRules(context: ArmContext, request: ArmRequest, namespace: string, type: string): ResourceRules {
  const version = apiVersionOf(request);
  if (namespace.toLowerCase() !== providerNamespace.toLowerCase()) throw new ArmFailure(armErrors.invalidResourceNamespace(namespace));
  const rules = context.rules.find(`${namespace}/${type}`);
  if (rules === undefined) throw new ArmFailure(armErrors.invalidResourceType(providerNamespace, version));
  if (!isNetworkApiVersion(version, context.settings.strictApiVersions)) {
    const locations = context.settings.locations.map(({ name }) => name);
    throw new ArmFailure(armErrors.noRegisteredProvider(locations[0] ?? '', version, type, networkApiVersions, locations));
  }
  return rules;
}

/** @throws ArmFailure as the checks above. */
export function requireTarget(context: ArmContext, request: ArmRequest, path: PathParameters): Target {
  const group = requireGroup(context, path);
  const rules = requireRules(context, request, path.get('namespace') ?? '', path.get('type') ?? '');
  const name = path.get('name') ?? '';
  const spelled = resourceId(group, rules, name);
  const existing = context.resources.get(spelled);
  const segment = path.get('child');
  return {
    subscriptionId: group.subscriptionId,
    group,
    rules,
    id: existing?.id ?? spelled,
    existing,
    child: segment === undefined ? undefined : requireChild(rules, request, segment, path.get('childName')),
  };
}

/** @throws ArmFailure ResourceNotFound, or ParentResourceNotFound when the request is for a child. */
export function requireExisting(target: Target): Resource {
  if (target.existing !== undefined) return target.existing;
  throw new ArmFailure(
    target.child === undefined ? armErrors.resourceNotFound(target.id) : armErrors.parentResourceNotFound(pathOf(target)),
  );
}

function requireChild(rules: ResourceRules, request: ArmRequest, segment: string, name: string | undefined): Child {
  const collection = rules.children.find((candidate) => candidate.segment.toLowerCase() === segment.toLowerCase());
  if (collection === undefined) throw new ArmFailure(armErrors.invalidResourceType(providerNamespace, apiVersionOf(request)));
  return { collection, name };
}

function resourceId(group: GroupRecord, rules: ResourceRules, name: string): ResourceId {
  const [namespace = '', ...types] = rules.type.split('/');
  return formatResourceId({ subscriptionId: group.subscriptionId, resourceGroup: group.name, namespace, types, names: [name] });
}

function pathOf(target: Target): string {
  return target.id.slice(resourceKey(target.group.id).length + '/providers/'.length);
}
