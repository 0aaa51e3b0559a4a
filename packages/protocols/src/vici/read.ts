/** Reading decoded VICI messages by key. Absent or of another kind reads as undefined (or empty for lists and sections). Pure. */
import type { ViciItem, ViciMessage } from './codec.ts';

export function text(section: ViciMessage | undefined, key: string): string | undefined {
  const item = section?.get(key);
  return item instanceof Uint8Array ? decoded(item) : undefined;
}

/** A decimal integer, undefined when absent or not one. */
export function integer(section: ViciMessage | undefined, key: string): number | undefined {
  const value = text(section, key);
  return value !== undefined && /^-?\d+$/.test(value) ? Number(value) : undefined;
}

/** `yes` is true, everything else false. */
export function flag(section: ViciMessage | undefined, key: string): boolean {
  return text(section, key) === 'yes';
}

export function list(section: ViciMessage | undefined, key: string): readonly string[] {
  const item = section?.get(key);
  return isListItem(item) ? item.map(decoded) : [];
}

export function section(parent: ViciMessage | undefined, key: string): ViciMessage | undefined {
  const item = parent?.get(key);
  return isSection(item) ? item : undefined;
}

/** Sub-sections in order, with their names. */
export function sections(parent: ViciMessage | undefined): readonly (readonly [string, ViciMessage])[] {
  return [...(parent ?? [])].flatMap(([name, item]) => (isSection(item) ? [[name, item] as const] : []));
}

export function isSection(item: ViciItem | undefined): item is ViciMessage {
  return item instanceof Map;
}

function isListItem(item: ViciItem | undefined): item is readonly Uint8Array[] {
  return Array.isArray(item);
}

/** The tree as plain objects with strings, for tests and diagnostics. Never for messages that hold keys. */
export function plain(message: ViciMessage): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...message].map(([key, item]) => [key, isSection(item) ? plain(item) : isListItem(item) ? list(message, key) : decoded(item)]),
  );
}

/** Nothing is copied: a list of a hundred SAs has thousands of values. */
function decoded(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}
