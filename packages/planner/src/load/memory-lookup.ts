/** Resources in memory, looked up as the rules do. Kept in the order they were first put. Small sets only: `referencing` reads them all. */
import { resourceKey, type Resource, type ResourceLookup, type ResourceRules } from '@sallyport/model';

export type MemoryLookup = ResourceLookup & {
  readonly put: (resource: Resource) => void;
  readonly all: () => readonly Resource[];
};

export function createMemoryLookup(rulesOf: (type: string) => ResourceRules | undefined): MemoryLookup {
  const byKey = new Map<string, Resource>();
  const refersTo = (resource: Resource, key: string): boolean =>
    (rulesOf(resource.type)?.references(resource) ?? []).map(resourceKey).some((id) => id === key || id.startsWith(`${key}/`));
  return {
    put: (resource) => byKey.set(resourceKey(resource.id), resource),
    all: () => [...byKey.values()],
    get: (id) => byKey.get(resourceKey(id)),
    list: (type) => [...byKey.values()].filter((resource) => resource.type.toLowerCase() === type.toLowerCase()),
    referencing: (id) => [...byKey.values()].filter((resource) => refersTo(resource, resourceKey(id))),
  };
}
