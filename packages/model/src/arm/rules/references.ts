/** Rules about references: the resource exists, is of the right type and in the same region; in-use refusals that share a shape. */
import type { Issue } from '../../issue.ts';
import type { Resource, ResourceLookup } from '../resource.ts';
import { missingReference } from './refuse.ts';

export type WantedReference = {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  /** False where Azure lets regions differ (VNet-to-VNet, global peering). */
  readonly isSameRegion?: boolean;
};

export function referenceIssues(
  lookup: Pick<ResourceLookup, 'get'>,
  by: Pick<Resource, 'id' | 'location'>,
  wanted: readonly (WantedReference | undefined)[],
): readonly Issue[] {
  return wanted
    .filter((reference) => reference !== undefined)
    .flatMap((reference) => {
      const found = lookup.get(reference.id);
      const isRight = found !== undefined && found.type === reference.type;
      const isNear = reference.isSameRegion === false || found?.location === by.location;
      return isRight && isNear ? [] : [missingReference(reference.id, by.id, reference.target)];
    });
}

/** A wanted reference out of an optional member. */
export function wants(
  reference: { readonly id: string } | undefined,
  type: string,
  target: string,
  isSameRegion = true,
): WantedReference | undefined {
  return reference === undefined ? undefined : { id: reference.id, type, target, isSameRegion };
}
