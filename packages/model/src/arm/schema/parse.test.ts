/** What is refused before any schema is asked. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { read } from './parse.ts';

it('a list beyond every limit of Azure is refused, wherever it is, with its path', () => {
  const body = (length: number): unknown => ({ properties: { rules: [{ ports: Array.from({ length }, () => '80') }] } });
  expect(read(z.unknown(), body(4_000)).ok).toBe(true);
  const refused = read(z.unknown(), body(4_001));
  expect(refused.ok ? [] : refused.issues).toMatchObject([
    {
      code: 'InvalidRequestFormat',
      target: 'properties.rules[0].ports',
      details: [{ message: "The list has 4001 items, more than the maximum of 4000. Path 'properties.rules[0].ports'." }],
    },
  ]);
});
