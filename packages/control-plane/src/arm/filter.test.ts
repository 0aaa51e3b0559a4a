/** `$filter` of lists. */
import { expect, test } from 'vitest';
import { hasTag, parseFilter } from './filter.ts';

test('terms joined by and, quotes doubled, names without case', () => {
  expect(parseFilter("resourceGroup eq 'rg1' AND tagName eq 'o''clock'")).toEqual([
    { field: 'resourcegroup', operator: 'eq', value: 'rg1' },
    { field: 'tagname', operator: 'eq', value: "o'clock" },
  ]);
  expect(parseFilter(undefined)).toEqual([]);
});

test('what is not understood is refused, not ignored', () => {
  for (const text of ["name eq 'a' or name eq 'b'", "startswith(name,'a')", 'name eq a', "name eq 'a' name eq 'b'"])
    expect(() => parseFilter(text)).toThrow(/InvalidFilterInQueryString/);
});

test('a tag is found by name and value', () => {
  const terms = parseFilter("tagName eq 'Env' and tagValue eq 'prod'");
  expect(hasTag({ env: 'prod' }, terms)).toBe(true);
  expect(hasTag({ env: 'Prod' }, terms)).toBe(false);
});
