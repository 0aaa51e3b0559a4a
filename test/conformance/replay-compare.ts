/**
 * Holds an answer of ours against the recorded one. One line per difference; a member that only we have is none. Not a judge: what
 * may differ is for the test to say.
 */
import type { Json } from '../../tools/facts/recordings/recorded.ts';

/** `path: recorded X, here Y`, the path as `properties.subnets[0].name`. */
export function differences(recorded: Json, ours: unknown, at = ''): readonly string[] {
  if (Array.isArray(recorded)) {
    if (!Array.isArray(ours)) return [told(at, recorded, ours)];
    const count = ours.length === recorded.length ? [] : [`${at}: recorded ${recorded.length} of them, here ${ours.length}`];
    return [
      ...count,
      ...recorded.flatMap((item: Json, index) => (index < ours.length ? differences(item, ours[index], `${at}[${index}]`) : [])),
    ];
  }
  if (typeof recorded === 'object' && recorded !== null) {
    if (typeof ours !== 'object' || ours === null || Array.isArray(ours)) return [told(at, recorded, ours)];
    const own = ours as Readonly<Record<string, unknown>>;
    return Object.entries(recorded).flatMap(([name, value]) => differences(value as Json, own[name], at === '' ? name : `${at}.${name}`));
  }
  return isAsRecorded(recorded, ours) ? [] : [told(at, recorded, ours)];
}

const kinds: Readonly<Record<string, RegExp>> = {
  '{etag}': /^W\/"[0-9a-f-]{36}"$/,
  '{guid}': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  '{address}': /^\d+(\.\d+){3}(\/\d+)?$/,
  '{string}': /^/,
};

function isAsRecorded(recorded: Json, ours: unknown): boolean {
  const kind = typeof recorded === 'string' ? kinds[recorded] : undefined;
  return kind === undefined ? recorded === ours : typeof ours === 'string' && kind.test(ours);
}

function told(at: string, recorded: unknown, ours: unknown): string {
  return `${at === '' ? 'answer' : at}: recorded ${JSON.stringify(recorded)}, here ${ours === undefined ? 'missing' : JSON.stringify(ours)}`;
}
