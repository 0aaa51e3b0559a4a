/**
 * Children that live in their parent's `properties`: how a GET shows one, and how `PUT …/subnets/x` and
 * `DELETE …/subnets/x` become a PUT of the parent. The rules of a child are its parent's.
 */
import type { JsonObject } from '../../json.ts';
import { isObject } from '../../json.ts';
import { resourceKey } from '../resource-id.ts';
import type { Resource, ResourceRules, ViewContext } from '../resource.ts';

/** The common members of a child around its own properties. `kind` is the last type segment, `subnets`. */
export function childEnvelope(parent: ResourceIdentity, kind: string, name: string, properties: JsonObject): JsonObject {
  return {
    name,
    id: childId(parent.id, kind, name),
    etag: parent.etag,
    type: `${parent.type}/${kind}`,
    properties: { provisioningState: parent.provisioningState, ...properties },
  };
}

export type ResourceIdentity = Pick<Resource, 'id' | 'etag' | 'type' | 'provisioningState'>;

export function childId(parent: string, kind: string, name: string): string {
  return `${parent}/${kind}/${name}`;
}

/** All children of a collection, as in a GET of the list, in stored order. */
export function viewChildren(rules: ResourceRules, parent: Resource, segment: string, context: ViewContext): readonly JsonObject[] {
  const properties = rules.view(parent, context)['properties'];
  const list = isObject(properties) ? properties[segment] : undefined;
  return Array.isArray(list) ? list.filter((item): item is JsonObject => isObject(item)) : [];
}

/** One child, by name without case. Undefined is `NotFound`. */
export function viewChild(
  rules: ResourceRules,
  parent: Resource,
  segment: string,
  name: string,
  context: ViewContext,
): JsonObject | undefined {
  return viewChildren(rules, parent, segment, context).find((child) => isNamed(child, name));
}

export function hasChild(parent: Resource, segment: string, name: string): boolean {
  return storedChildren(parent, segment).some((child) => isNamed(child, name));
}

/** The body of the parent's PUT that a PUT of one child amounts to. An existing child keeps its place and spelling of the name. */
export function bodyWithChild(parent: Resource, segment: string, name: string, child: unknown): JsonObject {
  const children = storedChildren(parent, segment);
  const index = children.findIndex((item) => isNamed(item, name));
  const storedName = children[index]?.['name'] ?? name;
  const properties = isObject(child) ? Object.entries(child).find(([member]) => member.toLowerCase() === 'properties')?.[1] : undefined;
  const replacement = { name: storedName, ...(properties === undefined ? {} : { properties }) } as JsonObject;
  return bodyWith(parent, segment, index < 0 ? [...children, replacement] : children.with(index, replacement));
}

/** The body of the parent's PUT that a DELETE of one child amounts to. */
export function bodyWithoutChild(parent: Resource, segment: string, name: string): JsonObject {
  return bodyWith(
    parent,
    segment,
    storedChildren(parent, segment).filter((child) => !isNamed(child, name)),
  );
}

function bodyWith(parent: Resource, segment: string, children: readonly JsonObject[]): JsonObject {
  return { location: parent.location, tags: parent.tags, ...parent.top, properties: { ...parent.properties, [segment]: children } };
}

function storedChildren(parent: Resource, segment: string): readonly JsonObject[] {
  const list = parent.properties[segment];
  return Array.isArray(list) ? list.filter((item): item is JsonObject => isObject(item)) : [];
}

function isNamed(child: JsonObject, name: string): boolean {
  return typeof child['name'] === 'string' && resourceKey(child['name']) === resourceKey(name);
}
