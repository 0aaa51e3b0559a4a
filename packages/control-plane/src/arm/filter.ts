/**
 * The `$filter` expressions that resource and group lists take: `name eq 'x'` and its like, joined by `and`. OData's `or`,
 * functions and nesting are refused, not ignored.
 * Source: https://learn.microsoft.com/rest/api/resources/resources/list#uri-parameters
 */
import { armErrors } from '@sallyport/model';
import type { ArmRequest } from './message.ts';
import { ArmFailure, queryValue } from './message.ts';

export type FilterTerm = { readonly field: string; readonly operator: 'eq' | 'ne'; readonly value: string };

const term = /^\s*([\w/]+)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*/i;

/** @throws ArmFailure InvalidFilterInQueryString */
export function parseFilter(text: string | undefined): readonly FilterTerm[] {
  const terms: FilterTerm[] = [];
  let rest = text ?? '';
  while (rest.trim() !== '') {
    const match = term.exec(rest);
    if (match === null) throw invalidFilter(text ?? '');
    terms.push({
      field: (match[1] ?? '').toLowerCase(),
      operator: match[2]?.toLowerCase() === 'ne' ? 'ne' : 'eq',
      value: (match[3] ?? '').replaceAll("''", "'"),
    });
    rest = rest.slice(match[0].length);
    const joint = /^and\b/i.exec(rest);
    if (joint === null && rest.trim() !== '') throw invalidFilter(text ?? '');
    rest = rest.slice(joint?.[0].length ?? 0);
  }
  return terms;
}

/** `tagName eq 'a' and tagValue eq 'b'` as a test on tags; always true without a filter. */
export function matchesTagFilter(request: ArmRequest): (tags: Readonly<Record<string, string>>) => boolean {
  const terms = parseFilter(queryValue(request, '$filter'));
  const unknown = terms.find(({ field }) => field !== 'tagname' && field !== 'tagvalue');
  if (unknown !== undefined) throw invalidFilter(queryValue(request, '$filter') ?? '');
  return (tags) => hasTag(tags, terms);
}

export function hasTag(tags: Readonly<Record<string, string>>, terms: readonly FilterTerm[]): boolean {
  const name = terms.find(({ field }) => field === 'tagname')?.value.toLowerCase();
  const value = terms.find(({ field }) => field === 'tagvalue')?.value;
  if (name === undefined) return true;
  return Object.entries(tags).some(([key, held]) => key.toLowerCase() === name && (value === undefined || held === value));
}

export function invalidFilter(text: string): ArmFailure {
  return new ArmFailure({ ...armErrors.invalidParameter('$filter', text), code: 'InvalidFilterInQueryString' });
}
