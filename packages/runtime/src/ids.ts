/** Ids as a parameter: random in programs, counted in tests. */
import { randomUUID } from 'node:crypto';

export type IdSource = { readonly guid: () => string };

export const randomIds: IdSource = { guid: () => randomUUID() };

/** `00000000-0000-4000-8000-000000000001`, then 2, 3… */
export function countingIds(): IdSource {
  let next = 0;
  return {
    guid: () => {
      next += 1;
      return `00000000-0000-4000-8000-${next.toString(16).padStart(12, '0')}`;
    },
  };
}
