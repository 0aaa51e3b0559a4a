/**
 * The resources of one planning run, by id and by type, in one order whatever order they came in: sorted by their key.
 * Resources that are being deleted are apart, so that no step plans them and hosts take them down.
 */
import { resourceKey, type Resource, type types } from '@sallyport/model';

export type ResourceType = (typeof types)[keyof typeof types];

/** A resource with its key computed once: 10,000 of them are looked up many times. */
export type Keyed = { readonly key: string; readonly resource: Resource };

export type ResourceIndex = {
  /** Not one that is being deleted. */
  readonly get: (id: string) => Resource | undefined;
  /** Of one type, sorted by key, without those being deleted. */
  readonly list: (type: ResourceType) => readonly Keyed[];
  readonly deleting: readonly Keyed[];
};

export function indexResources(resources: readonly Resource[]): ResourceIndex {
  const keyed = resources.map((resource) => ({ key: resourceKey(resource.id), resource })).toSorted(byKey);
  const byId = new Map<string, Resource>();
  const byType = new Map<string, Keyed[]>();
  const deleting: Keyed[] = [];
  for (const entry of keyed) {
    if (entry.resource.provisioningState === 'Deleting') {
      deleting.push(entry);
      continue;
    }
    byId.set(entry.key, entry.resource);
    const type = entry.resource.type.toLowerCase();
    const sameType = byType.get(type);
    if (sameType === undefined) byType.set(type, [entry]);
    else sameType.push(entry);
  }
  return {
    get: (id) => byId.get(resourceKey(id)),
    list: (type) => byType.get(type.toLowerCase()) ?? [],
    deleting,
  };
}

/** Code-unit order: the same on every machine, unlike a locale's. */
export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return compareText(a.key, b.key);
}

export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
