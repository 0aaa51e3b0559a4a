/**
 * Names of Linux objects (namespaces, VICI connections), made from the resource's name so that an operator recognises them.
 * Sticky like ids. Two resources of one name in different resource groups get `hq` and `hq-2`.
 */
export type NameRequest = {
  readonly key: string;
  /** The resource's name. */
  readonly name: string;
  /** Turns a stem into the whole name: `hq` → `gw-hq-0`. */
  readonly compose: (stem: string) => string;
};

/** Namespace names become folders that hold unix sockets, whose paths end at 107 characters. */
const stemLength = 24;

/** `wanted` sorted by key. `previous` is everything there was, by key; `reserved` names are never given. */
export function allocateNames(
  wanted: readonly NameRequest[],
  previous: ReadonlyMap<string, string>,
  reserved: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const given = new Set<string>();
  for (const { key } of wanted) {
    const kept = previous.get(key);
    if (kept === undefined || given.has(kept)) continue;
    names.set(key, kept);
    given.add(kept);
  }
  const taken = new Set([...previous.values(), ...reserved]);
  /** Next suffix to try by first choice, so that 10,000 resources of one name are not 10,000² tries. */
  const suffixes = new Map<string, number>();
  for (const { key, name, compose } of wanted) {
    if (names.has(key)) continue;
    const stem = stemOf(name);
    const first = compose(stem);
    let suffix = suffixes.get(first) ?? 1;
    let candidate = compose(withSuffix(stem, suffix));
    while (taken.has(candidate)) candidate = compose(withSuffix(stem, ++suffix));
    suffixes.set(first, suffix + 1);
    names.set(key, candidate);
    taken.add(candidate);
  }
  return names;
}

/** Lower case letters, digits and single hyphens: `Contoso_HQ.eu` → `contoso-hq-eu`. */
export function stemOf(name: string): string {
  const stem = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, stemLength)
    .replaceAll(/^-|-$/g, '');
  return stem === '' ? 'x' : stem;
}

function withSuffix(stem: string, suffix: number): string {
  return suffix === 1 ? stem : `${stem}-${suffix}`;
}
