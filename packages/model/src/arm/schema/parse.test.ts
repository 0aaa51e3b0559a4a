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

it('what was refused is quoted, but no secret, nor an object that may hold one', () => {
  const key = 'Sup3rS3cretKey.42';
  const schema = z.object({ properties: z.object({ routingWeight: z.int(), sharedKey: z.string(), name: z.string() }) });
  const messages = (properties: unknown): string => JSON.stringify(read(schema, { properties }));
  expect(messages({ routingWeight: 'heavy', sharedKey: 'x', name: 'x' })).toContain('Error converting value \\"heavy\\" to type');
  expect(messages({ routingWeight: 1, sharedKey: [key], name: { sharedKey: key } })).not.toContain(key);
  expect(messages({ routingWeight: JSON.stringify({ sharedKey: key }).padEnd(101), sharedKey: 'x', name: 'x' })).not.toContain(key);
  expect(messages([{ sharedKey: key }])).not.toContain(key);
});
