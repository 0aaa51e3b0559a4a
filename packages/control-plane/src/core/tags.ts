/**
 * Tags as a resource of their own (`{scope}/providers/Microsoft.Resources/tags/default`) on groups and resources, and the tag
 * names of a subscription.
 */
import * as z from 'zod';
import type { JsonObject, Resource } from '@sallyport/model';
import { armErrors, errorOfIssues, resourceKey, tagIssues } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmMethod, ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, jsonBody } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import { storeTags } from '../resources/patch-tags.ts';
import { refuseWhileDeleting, requireExisting, requireGroup, requireSubscription, requireTarget } from '../resources/target.ts';
import { groupKey, listRecords, putRecord } from '../store/records.ts';

type Tags = Readonly<Record<string, string>>;
type Scope = { readonly id: string; readonly tags: Tags; readonly store: (tags: Tags) => Promise<unknown> };

const tagsBody = z.looseObject({
  operation: z.string().nullish(),
  properties: z.looseObject({ tags: z.record(z.string(), z.string()).nullish() }),
});

const inGroup = '/subscriptions/{subscription}/resourcegroups/{group}';
const suffix = '/providers/Microsoft.Resources/tags/default';

export function tagRoutes(context: ArmContext): ArmModule {
  const scopes: readonly { pattern: string; find: (request: ArmRequest, path: PathParameters) => Scope }[] = [
    { pattern: inGroup, find: (_request, path) => groupScope(context, path) },
    { pattern: `${inGroup}/providers/{namespace}/{type}/{name}`, find: (request, path) => resourceScope(context, request, path) },
  ];
  const methods: readonly ArmMethod[] = ['GET', 'PUT', 'PATCH', 'DELETE'];
  return {
    routes: [
      ...scopes.flatMap(({ pattern, find }) =>
        methods.map((method) => ({
          method,
          pattern: `${pattern}${suffix}`,
          handle: (request: ArmRequest, path: PathParameters) => answer(request, find(request, path)),
        })),
      ),
      { method: 'GET', pattern: '/subscriptions/{subscription}/tagNames', handle: (_request, path) => tagNames(context, path) },
    ],
  };
}

function groupScope(context: ArmContext, path: PathParameters): Scope {
  const group = requireGroup(context, path);
  return {
    id: group.id,
    tags: group.tags,
    store: (tags) => {
      refuseWhileDeleting(group);
      return context.store.commit([putRecord('group', groupKey(group.subscriptionId, group.name), { ...group, tags })]);
    },
  };
}

function resourceScope(context: ArmContext, request: ArmRequest, path: PathParameters): Scope {
  // The api-version here is that of tags, not of the resource's provider: any will do for finding it.
  const found = requireTarget(context, { ...request, query: new Map([['api-version', '9999-12-31']]) }, path);
  const existing: Resource = requireExisting(found);
  return { id: existing.id, tags: existing.tags, store: (tags) => storeTags(context, existing, tags) };
}

async function answer(request: ArmRequest, scope: Scope): Promise<ArmResponse> {
  if (request.method === 'GET') return { status: 200, body: view(scope, scope.tags) };
  const tags = request.method === 'DELETE' ? {} : changedTags(request, scope.tags);
  const refused = errorOfIssues(tagIssues(tags));
  if (refused !== undefined) throw new ArmFailure(refused);
  await scope.store(tags);
  return request.method === 'DELETE' ? { status: 200 } : { status: 200, body: view(scope, tags) };
}

function changedTags(request: ArmRequest, current: Tags): Tags {
  const parsed = tagsBody.safeParse(jsonBody(request));
  if (!parsed.success)
    throw new ArmFailure(
      armErrors.invalidRequestContent(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')),
    );
  const given = parsed.data.properties.tags ?? {};
  if (request.method === 'PUT') return given;
  switch (parsed.data.operation?.toLowerCase() ?? '') {
    case 'merge':
      return { ...without(current, (name) => has(given, name)), ...given };
    case 'replace':
      return given;
    case 'delete':
      return without(current, (name, value) => given[name] === value || (has(given, name) && valueOf(given, name) === value));
    default:
      throw new ArmFailure(armErrors.invalidRequestContent("operation must be 'Merge', 'Replace' or 'Delete'"));
  }
}

function without(tags: Tags, isDropped: (name: string, value: string) => boolean): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([name, value]) => !isDropped(name, value)));
}

function valueOf(tags: Tags, name: string): string | undefined {
  return Object.entries(tags).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

function has(tags: Tags, name: string): boolean {
  return valueOf(tags, name) !== undefined;
}

function view(scope: Scope, tags: Tags): JsonObject {
  return { id: `${scope.id}${suffix}`, name: 'default', type: 'Microsoft.Resources/tags', properties: { tags } };
}

/** Every tag name in use with its values and how often each occurs. */
function tagNames(context: ArmContext, path: PathParameters): ArmResponse {
  const subscriptionId = requireSubscription(context, path);
  const prefix = `${resourceKey(`/subscriptions/${subscriptionId}`)}/`;
  const tagged = [...listRecords(context.store, 'group'), ...context.resources.all()].filter(({ id }) =>
    resourceKey(id).startsWith(prefix),
  );
  const counts = new Map<string, Map<string, number>>();
  for (const [name, value] of tagged.flatMap(({ tags }) => Object.entries(tags))) {
    const values = counts.get(name) ?? new Map<string, number>();
    values.set(value, (values.get(value) ?? 0) + 1);
    counts.set(name, values);
  }
  const total = (value: number): JsonObject => ({ type: 'Total', value });
  const value = [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]): JsonObject => {
      const id = `/subscriptions/${subscriptionId}/tagNames/${name}`;
      return {
        id,
        tagName: name,
        count: total([...values.values()].reduce((sum, count) => sum + count, 0)),
        values: [...values].map(([tagValue, count]) => ({ id: `${id}/tagValues/${tagValue}`, tagValue, count: total(count) })),
      };
    });
  return { status: 200, body: { value } };
}
