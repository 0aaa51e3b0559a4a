/** docs/reference/dependencies.md lists every dependency with version, user and reason; versions are exact. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { manifests, root } from './tree.ts';

type Row = { readonly name: string; readonly version: string; readonly usedBy: string; readonly reason: string };

const page = readFileSync(join(root, 'docs/reference/dependencies.md'), 'utf8');
const rows: readonly Row[] = page.split('\n').flatMap((line) => {
  const [, name, version, usedBy, reason] = /^\| `([^`]+)` \| (\S+) \| ([^|]+) \| ([^|]+) \|$/.exec(line) ?? [];
  return name === undefined || version === undefined
    ? []
    : [{ name, version, usedBy: (usedBy ?? '').trim(), reason: (reason ?? '').trim() }];
});

/** `name version user`, our own packages left out. */
const declared = manifests.flatMap(({ path, dependencies, devDependencies, optionalDependencies }) => {
  const user = path === 'package.json' ? 'development' : dirname(path).replace('packages/', '');
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([name]) => !name.startsWith('@sallyport/'))
    .map(([name, version]) => ({ name, version, user }));
});

test('versions are exact', () => {
  expect(declared.filter(({ version }) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test('the page lists what the package.json files declare, and nothing else', () => {
  const listed = rows.flatMap(({ name, version, usedBy }) => usedBy.split(', ').map((user) => `${name} ${version} ${user}`));
  expect(listed.toSorted()).toEqual(declared.map(({ name, version, user }) => `${name} ${version} ${user}`).toSorted());
});

test('each has a reason', () => {
  expect(rows.filter(({ reason }) => reason.length < 10)).toEqual([]);
});
