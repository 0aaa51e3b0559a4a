/** Asks rules of other resources as if a candidate were stored already: a site that changes is judged by its connections' rules. */
import type { Resource, ResourceLookup } from '../resource.ts';
import { isSameResource } from '../resource-id.ts';

export function overlay(lookup: ResourceLookup, candidate: Pick<Resource, 'id' | 'type'>): ResourceLookup {
  // A typed candidate is a stored resource in all but name.
  const resource = candidate as Resource;
  const swap = (list: readonly Resource[]): readonly Resource[] =>
    list.map((item) => (isSameResource(item.id, resource.id) ? resource : item));
  return {
    get: (id) => (isSameResource(id, resource.id) ? resource : lookup.get(id)),
    list: (type) => swap(lookup.list(type)),
    referencing: (id) => swap(lookup.referencing(id)),
  };
}
