/** From the target of a request line to the decoded segments that routes are matched with. Not the query. */
import { ArmFailure } from './message.ts';

/** Of `/path?query`, and of the absolute form that every server must accept. RFC 9112 §3.2.2. */
export function pathOf(url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** @throws ArmFailure for a bad percent escape, and for an escaped slash: no name has one, and ids are made by joining names. */
export function segmentsOf(path: string): readonly string[] {
  const segments = decoded(path);
  if (segments === undefined) throw refusal('a malformed escape');
  if (segments.some((segment) => segment.includes('/'))) throw refusal('an escaped slash');
  return segments;
}

function decoded(path: string): readonly string[] | undefined {
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function refusal(what: string): ArmFailure {
  return new ArmFailure({ status: 400, code: 'BadRequest', message: `The request URI has ${what}.`, isFromFrontDoor: true });
}
