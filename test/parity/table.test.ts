/** The parity table is true to code and tests: what it calls implemented is enforced and tested, and nothing is missing from it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parityRows } from '@sallyport/model';

const sources = fileURLToPath(new URL('../../packages/model/src/arm', import.meta.url));
/** Where rules are held that no refusal tells. */
const behaviour = ['planner', 'agent', 'control-plane'].map((name) =>
  fileURLToPath(new URL(`../../packages/${name}/src`, import.meta.url)),
);
const tests = fileURLToPath(new URL('.', import.meta.url));
const labTests = fileURLToPath(new URL('../lab', import.meta.url));
const idPattern = /\b(?:ARM|NET|VNET|PIP|NIC|RT|NSG|NW|LNG|VGW)(?:-[A-Z0-9]+)*-\d{3}\b/g;

function idsIn(folder: string, isWanted: (path: string) => boolean): ReadonlySet<string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts') && isWanted(path));
  return new Set(files.flatMap((path) => readFileSync(join(folder, path), 'utf8').match(idPattern) ?? []));
}

const enforced = union(
  idsIn(sources, (path) => !path.startsWith('parity') && !path.endsWith('.test.ts')),
  ...behaviour.map((folder) => idsIn(folder, (path) => !/\.(?:test|real)\.ts$/.test(path))),
);
const tested = union(
  idsIn(tests, (path) => path.endsWith('.test.ts') && path !== 'table.test.ts'),
  idsIn(labTests, (path) => path.endsWith('.test.ts')),
);
function union(...sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return new Set(sets.flatMap((set) => [...set]));
}

const ids = parityRows.map((row) => row.id);

describe('parity table', () => {
  it('has each id once', () => {
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('has every rule that code enforces', () => {
    expect([...enforced].filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('calls nothing implemented that is not enforced', () => {
    expect(parityRows.filter((row) => row.status === 'implemented' && !enforced.has(row.id)).map((row) => row.id)).toEqual([]);
  });

  it('calls nothing implemented that is not tested', () => {
    expect(parityRows.filter((row) => row.status === 'implemented' && !tested.has(row.id)).map((row) => row.id)).toEqual([]);
  });

  it('says why, where it differs or is missing', () => {
    expect(parityRows.filter((row) => row.status !== 'implemented' && row.note === '').map((row) => row.id)).toEqual([]);
  });
});
