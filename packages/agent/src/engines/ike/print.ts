/** A rendered connection as text in the manner of swanctl.conf, for goldens and diagnostics. Holds no key by construction. */
import type { ViciInput, ViciInputItem } from '@sallyport/protocols';
import type { RenderedConnection } from './render.ts';

export function printConnection(connection: RenderedConnection): string {
  return [
    `${connection.name} {`,
    ...printSection(connection.body, '  '),
    '}',
    `shared key of ${connection.keyOwners.join(', ')}`,
    connection.children.length === 0 ? 'initiate nothing' : `initiate ${connection.children.map((child) => child.name).join(', ')}`,
    '',
  ].join('\n');
}

function printSection(section: ViciInput, indent: string): readonly string[] {
  const entries: Iterable<readonly [string, ViciInputItem]> = section instanceof Map ? section.entries() : Object.entries(section);
  return [...entries].flatMap(([key, item]) => printItem(key, item, indent));
}

function printItem(key: string, item: ViciInputItem, indent: string): readonly string[] {
  if (item === undefined) return [];
  if (typeof item === 'string' || item instanceof Uint8Array) return [`${indent}${key} = ${String(item)}`];
  if (isList(item)) return [`${indent}${key} = ${item.join(', ')}`];
  return [`${indent}${key} {`, ...printSection(item, `${indent}  `), `${indent}}`];
}

function isList(item: ViciInputItem): item is readonly (string | Uint8Array)[] {
  return Array.isArray(item);
}
