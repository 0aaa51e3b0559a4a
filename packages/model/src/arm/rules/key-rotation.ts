/**
 * The tag `sallyport:key-rotation-window`: an extension, off unless set. While it is on a connection, or on its gateway, a changed
 * shared key does not end the tunnel, and the key before it stays good for that long. A tag, because every client can set one.
 * What is done with it: docs/adr/0037-a-key-is-rotated-in-a-window.md.
 */
import type { Issue } from '../../issue.ts';
import { refuse, when } from './refuse.ts';

export const keyRotationTag = 'sallyport:key-rotation-window';

/** Longer than anybody needs to reach every device, and short enough that no key stays for good. */
export const longestKeyRotationMs = 30 * 24 * 3600 * 1000;

/** Of tags that passed `keyRotationIssues`; undefined without the tag. Names of tags are compared without case, as in Azure. */
export function keyRotationWindowMs(tags: Readonly<Record<string, string>>): number | undefined {
  const value = windowTag(tags);
  return value === undefined ? undefined : parseDuration(value);
}

export function keyRotationIssues(tags: Readonly<Record<string, string>>): readonly Issue[] {
  const value = windowTag(tags);
  const ms = value === undefined ? 0 : parseDuration(value);
  return when(ms === undefined || ms > longestKeyRotationMs, () =>
    refuse(
      'OUR-KEY-001',
      'InvalidKeyRotationWindow',
      `The tag '${keyRotationTag}' has the value '${(value ?? '').slice(0, 64)}'. It must be an ISO 8601 duration of days, hours, minutes and seconds, such as PT1H or P1D, and at most P30D.`,
      'tags',
    ),
  );
}

function windowTag(tags: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(tags).find(([name]) => name.toLowerCase() === keyRotationTag)?.[1];
}

/** Milliseconds; years, months and fractions are not understood: a window must not depend on a calendar. */
function parseDuration(text: string): number | undefined {
  const match = /^P(?=\d|T\d)(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?$/.exec(text.trim().toUpperCase());
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}
