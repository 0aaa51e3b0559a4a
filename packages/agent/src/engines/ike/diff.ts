/**
 * What has to change in a charon so that it holds exactly the desired connections. Pure. A connection whose mark is loaded
 * yields nothing at all; everything else is redone whole, one connection at a time, and no other is touched. Only a change of mode may leave SAs.
 */
import { parseKeyId } from './mark.ts';

export type Loaded = {
  readonly connections: readonly string[];
  readonly keyIds: readonly string[];
  /** Names of IKE SAs, half-open ones of unknown peers not included. */
  readonly saNames: readonly string[];
};

export type Change =
  /** charon knows nothing of it: load and start. */
  | { readonly kind: 'add'; readonly name: string; readonly staleKeyIds: readonly [] }
  /** Load anew and start anew; `staleKeyIds` go first. */
  | { readonly kind: 'replace'; readonly name: string; readonly staleKeyIds: readonly string[] }
  /** Load anew and leave the SAs: nothing they were negotiated with differs. `staleKeyIds` go last. */
  | { readonly kind: 'reload'; readonly name: string; readonly staleKeyIds: readonly string[] }
  | { readonly kind: 'remove'; readonly name: string; readonly staleKeyIds: readonly string[] }
  /** A key left beside a good one by a crash; removing it disturbs nothing. */
  | { readonly kind: 'sweepKey'; readonly name: string; readonly staleKeyIds: readonly string[] };

/** @param desired marks by connection name, any of which is right, the best first; undefined leaves the connection as it is (its key can't be had right now). @param before marks by connection name under which its SAs may stay. */
export function diffConnections(
  desired: ReadonlyMap<string, readonly string[] | undefined>,
  loaded: Loaded,
  before: ReadonlyMap<string, () => string> = new Map(),
): readonly Change[] {
  const keysOf = Map.groupBy(loaded.keyIds, (id) => parseKeyId(id)?.connection ?? id);
  const known = new Set([...loaded.connections, ...keysOf.keys(), ...loaded.saNames]);
  const removals = [...known]
    .filter((name) => !desired.has(name))
    .map((name) => ({ kind: 'remove' as const, name, staleKeyIds: keysOf.get(name) ?? [] }));
  const updates = [...desired].flatMap(([name, marks]): readonly Change[] => {
    if (marks === undefined) return [];
    const keyIds = keysOf.get(name) ?? [];
    const isLoadedMark = (mark: string): boolean => keyIds.some((id) => parseKeyId(id)?.mark === mark);
    const kept = marks.find(isLoadedMark);
    const stale = keyIds.filter((id) => kept === undefined || parseKeyId(id)?.mark !== kept);
    const isLoaded = loaded.connections.includes(name) && stale.length < keyIds.length;
    if (!known.has(name)) return [{ kind: 'add', name, staleKeyIds: [] }];
    if (!isLoaded) {
      const markBefore = loaded.connections.includes(name) ? before.get(name)?.() : undefined;
      const maySasStay = markBefore !== undefined && isLoadedMark(markBefore);
      return [{ kind: maySasStay ? 'reload' : 'replace', name, staleKeyIds: keyIds }];
    }
    return stale.length === 0 ? [] : [{ kind: 'sweepKey', name, staleKeyIds: stale }];
  });
  return [...removals.toSorted((a, b) => a.name.localeCompare(b.name)), ...updates];
}
