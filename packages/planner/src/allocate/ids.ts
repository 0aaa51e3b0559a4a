/**
 * Small numbers for Linux objects (links, bridges, XFRM interfaces). Sticky: an object keeps the number the previous plan
 * gave it. New objects get the lowest number that neither plan uses: what a removed object had is free again only in
 * the plan after next, so within one step a host never sees a number change hands. docs/adr/0050-sticky-allocation.md
 */

/** From 1: XFRM interface id 0 means "none". */
const firstId = 1;

/** `keys` sorted: that order alone decides who gets which new number. `previous` is everything the host had, by key. */
export function allocateIds(keys: readonly string[], previous: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const given = new Set<number>();
  for (const key of keys) {
    const kept = previous.get(key);
    // A previous plan with one number twice is damaged; the first of the two keeps it.
    if (kept === undefined || given.has(kept)) continue;
    ids.set(key, kept);
    given.add(kept);
  }
  const taken = new Set(previous.values());
  let next = firstId;
  for (const key of keys) {
    if (ids.has(key)) continue;
    while (taken.has(next)) next++;
    ids.set(key, next++);
  }
  return ids;
}
