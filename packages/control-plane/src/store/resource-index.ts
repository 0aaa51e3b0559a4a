/**
 * The stored resources by type, by group and by what they refer to, kept up to date with every commit so that neither a PUT
 * nor a list scans everything. Reads only; implements the model's `ResourceLookup` for rules.
 */
import type { Resource, ResourceLookup, ResourceRules } from '@sallyport/model';
import { parseResourceId, resourceKey } from '@sallyport/model';
import type { Committed, Store } from './store.ts';
import { groupKey } from './records.ts';

/** Parallel arrays sorted by key: an insertion moves memory, which is far cheaper than sorting on every list. */
type Bucket = { readonly keys: string[]; readonly values: Resource[]; snapshot: readonly Resource[] | undefined };

export type ResourceIndex = ResourceLookup & {
  /** Of one resource group, sorted by key; all types. */
  readonly inGroup: (subscriptionId: string, group: string) => readonly Resource[];
  /** Everything, sorted by key. */
  readonly all: () => readonly Resource[];
};

export function createResourceIndex(store: Store, rulesOf: (type: string) => ResourceRules | undefined): ResourceIndex {
  const byType = new Map<string, Bucket>();
  const byGroup = new Map<string, Bucket>();
  const byKey = new Map<string, Resource>();
  const everything: Bucket = { keys: [], values: [], snapshot: undefined };
  /** Key of a referenced resource, or of its parent → keys of the resources that refer to it. */
  const referrers = new Map<string, Set<string>>();

  function change(resource: Resource, isPresent: boolean): void {
    const key = resourceKey(resource.id);
    const buckets = [bucketOf(byType, resource.type.toLowerCase()), bucketOf(byGroup, groupOf(resource.id)), everything];
    for (const bucket of buckets) place(bucket, key, isPresent ? resource : undefined);
    if (isPresent) byKey.set(key, resource);
    else byKey.delete(key);
    for (const target of rulesOf(resource.type)?.references(resource).flatMap(withAncestors) ?? []) {
      if (!isPresent) referrers.get(target)?.delete(key);
      else if (referrers.has(target)) referrers.get(target)?.add(key);
      else referrers.set(target, new Set([key]));
      if (referrers.get(target)?.size === 0) referrers.delete(target);
    }
  }

  for (const { value } of store.list('resource')) change(value as Resource, true); // kind says so
  store.watch((committed: readonly Committed[]) => {
    for (const { change: made, before } of committed) {
      if (made.kind !== 'resource') continue;
      if (before !== undefined) change(before.value as Resource, false); // kind says so
      if (made.type === 'put') change(made.value as Resource, true); // kind says so
    }
  });

  return {
    get: (id) => byKey.get(resourceKey(id)),
    list: (type) => valuesOf(byType.get(type.toLowerCase())),
    referencing: (id) => [...(referrers.get(resourceKey(id)) ?? [])].flatMap((key) => byKey.get(key) ?? []),
    inGroup: (subscriptionId, group) => valuesOf(byGroup.get(groupKey(subscriptionId, group))),
    all: () => valuesOf(everything),
  };
}

function bucketOf(buckets: Map<string, Bucket>, name: string): Bucket {
  const bucket = buckets.get(name) ?? { keys: [], values: [], snapshot: undefined };
  buckets.set(name, bucket);
  return bucket;
}

function place(bucket: Bucket, key: string, resource: Resource | undefined): void {
  let low = 0;
  let high = bucket.keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bucket.keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  const isThere = bucket.keys[low] === key;
  const added = resource === undefined ? [] : [resource];
  bucket.keys.splice(low, isThere ? 1 : 0, ...added.map(() => key));
  bucket.values.splice(low, isThere ? 1 : 0, ...added);
  bucket.snapshot = undefined;
}

/** A copy that later changes leave alone; shared until the next change. */
function valuesOf(bucket: Bucket | undefined): readonly Resource[] {
  if (bucket === undefined) return [];
  bucket.snapshot ??= [...bucket.values];
  return bucket.snapshot;
}

function groupOf(id: string): string {
  const parts = parseResourceId(id);
  return groupKey(parts?.subscriptionId ?? '', parts?.resourceGroup ?? '');
}

/** `…/virtualNetworks/v/subnets/s` counts as a reference to `…/virtualNetworks/v` too. */
function withAncestors(id: string): readonly string[] {
  const key = resourceKey(id);
  const segments = key.split('/');
  // '' subscriptions S resourcegroups G providers N type name [child name]…: the first resource ends at index 9.
  return Array.from({ length: Math.max(1, Math.floor((segments.length - 7) / 2)) }, (_, depth) =>
    segments.slice(0, segments.length - 2 * depth).join('/'),
  );
}
