/** Pages of a list: `$top` and `$skipToken` in, `nextLink` out; absolute, on the client's host, absent on the last page. */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { armErrors } from '@sallyport/model';
import type { ArmRequest, ArmResponse } from './message.ts';
import { ArmFailure, queryValue } from './message.ts';

/** Items per page unless `$top` asks for fewer: about a megabyte of gateways. */
const pageSize = 1000;

/**
 * @param items sorted by `keyOf`, which must be unique: the token is the last key of a page, so items that come and go
 * between two pages shift nothing.
 */
export function page<T>(request: ArmRequest, items: readonly T[], keyOf: (item: T) => string, view: (item: T) => JsonValue): ArmResponse {
  const top = pageLength(request);
  const after = skipKey(request);
  const first = after === undefined ? 0 : firstAfter(items, keyOf, after);
  const shown = items.slice(first, first + top);
  const last = shown.at(-1);
  const isMore = first + top < items.length && last !== undefined;
  const body: JsonObject = { value: shown.map(view), ...(isMore ? { nextLink: nextLink(request, keyOf(last)) } : {}) };
  return { status: 200, body };
}

function pageLength(request: ArmRequest): number {
  const text = queryValue(request, '$top');
  if (text === undefined) return pageSize;
  const wanted = Number(text);
  if (!Number.isInteger(wanted) || wanted < 1) throw new ArmFailure(armErrors.invalidParameter('$top', text));
  return Math.min(wanted, pageSize);
}

function skipKey(request: ArmRequest): string | undefined {
  const token = queryValue(request, '$skiptoken');
  if (token === undefined) return undefined;
  const key = Buffer.from(token, 'base64url').toString('utf8');
  if (Buffer.from(key).toString('base64url') !== token) throw new ArmFailure(armErrors.invalidParameter('$skipToken', token));
  return key;
}

function firstAfter<T>(items: readonly T[], keyOf: (item: T) => string, key: string): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && keyOf(item) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nextLink(request: ArmRequest, lastKey: string): string {
  const query = [...request.query].filter(([name]) => name !== '$skiptoken').map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const path = request.segments.map(encodeURIComponent).join('/');
  return `${request.baseUrl}/${path}?${[...query, `$skipToken=${Buffer.from(lastKey).toString('base64url')}`].join('&')}`;
}
