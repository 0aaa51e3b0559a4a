/** Deep equality of plain JSON-like data; stops at the first difference, unlike comparing two serialisations. Members set to undefined count as absent. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((element, index) => isEqual(element, b[index]));
  }
  const [left, right] = [definedEntries(a), definedEntries(b)];
  const other = new Map(right);
  return left.length === right.length && left.every(([name, value]) => other.has(name) && isEqual(value, other.get(name)));
}

function definedEntries(object: object): readonly (readonly [string, unknown])[] {
  return Object.entries(object).filter(([, value]) => value !== undefined);
}
