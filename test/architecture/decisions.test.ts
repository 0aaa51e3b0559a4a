/** Decisions (docs/adr): each has a number of its own, which its title repeats, and is listed. Not about what they say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '..', '..', 'docs', 'adr');
const files = readdirSync(folder)
  .filter((name) => /^\d{4}-/.test(name))
  .toSorted();
const title = (name: string): string => readFileSync(join(folder, name), 'utf8').split('\n', 1)[0] ?? '';

test('every decision has a number of its own, and its title begins with it', () => {
  const numbers = files.map((name) => Number(name.slice(0, 4)));
  expect(new Set(numbers).size).toBe(files.length);
  expect(files.filter((name) => !title(name).startsWith(`# ${Number(name.slice(0, 4))}. `))).toEqual([]);
});

test('the list names every decision by its title', () => {
  const listed = readFileSync(join(folder, 'README.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('- ['));
  expect(listed).toEqual(files.map((name) => `- [${name.slice(0, 4)}](${name}) ${title(name).replace(/^# \d+\. /, '')}`));
});
