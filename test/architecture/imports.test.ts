/** Who may import what. The table is the rule; each refusal prints why. */
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, manifests, packageOf, typescript } from './tree.ts';

type Rule = { readonly workspace: readonly string[]; readonly why: string; readonly node: readonly string[] | 'any' };

/** What each package may import of ours, and of Node. Third parties: whatever its package.json says, compared below. */
const rules: Readonly<Record<string, Rule>> = {
  'packages/model': { workspace: [], node: [], why: 'the words run in browser, server and agent' },
  'packages/planner': { workspace: ['model'], node: [], why: 'plans are decided without effects' },
  'packages/runtime': { workspace: ['model'], node: 'any', why: 'it is the port to the world, and knows no domain' },
  'packages/protocols': { workspace: ['model', 'runtime'], node: 'any', why: 'clients of daemons know no policy' },
  'packages/control-plane': { workspace: ['model', 'planner', 'runtime'], node: 'any', why: 'it knows agents only by the agent protocol' },
  'packages/agent': { workspace: ['model', 'runtime', 'protocols'], node: 'any', why: 'it runs as root and knows plans, not the API' },
  'packages/cli': {
    workspace: ['model', 'planner', 'runtime', 'protocols', 'control-plane', 'agent', 'lab'],
    node: 'any',
    why: 'it is the composition of everything',
  },
  lab: { workspace: ['model', 'runtime', 'protocols'], node: 'any', why: 'a testbed sees the product from outside' },
};

/** Programs are started in one place, so that no shell, environment or secret slips in. */
const startsPrograms = new Set([
  'packages/runtime/src/command-runner.ts',
  'packages/runtime/src/supervised-child.ts',
  'packages/runtime/src/daemon.ts',
]);

const isTest = (path: string): boolean => /[.-](test|real|every|contract)\.ts$/.test(path);

function violations(
  check: (path: string, imported: string) => string | undefined,
  of: readonly { readonly path: string; readonly text: string }[],
): readonly string[] {
  return of.flatMap(({ path, text }) =>
    importsOf(text).flatMap((imported) => {
      const why = check(path, imported);
      return why === undefined ? [] : [`${path} imports ${imported}: ${why}`];
    }),
  );
}

const ruled = typescript.filter(({ path }) => rules[packageOf(path) ?? ''] !== undefined);

test('every package has a rule', () => {
  const packages = new Set(typescript.flatMap(({ path }) => packageOf(path) ?? []));
  expect([...packages].filter((name) => rules[name] === undefined).toSorted()).toEqual(['test', 'tools']);
});

test('packages import only the packages they may', () => {
  expect(
    violations((path, imported) => {
      const name = /^@sallyport\/([^/]+)/.exec(imported)?.[1];
      const own = packageOf(path) ?? '';
      if (name === undefined || rules[own]?.workspace.includes(name) === true) return undefined;
      return rules[own]?.why;
    }, ruled),
  ).toEqual([]);
});

test('no package reaches into another one', () => {
  expect(
    violations((path, imported) => {
      if (/^@sallyport\/[^/]+\//.test(imported)) return 'a package is imported by its name alone';
      if (!imported.startsWith('.')) return undefined;
      const target = packageOf(normalize(join(dirname(path), imported)));
      return target === packageOf(path) ? undefined : 'a relative import stays in its package';
    }, ruled),
  ).toEqual([]);
});

test('pure packages import nothing of Node, and only runtime starts programs', () => {
  const isNode = (imported: string): boolean => imported.startsWith('node:');
  expect(
    violations((path, imported) => {
      const allowed = rules[packageOf(path) ?? '']?.node;
      if (!isNode(imported) || isTest(path)) return undefined;
      if (imported === 'node:child_process' && !startsPrograms.has(path)) return 'programs are started through @sallyport/runtime';
      return allowed === 'any' || allowed?.includes(imported) === true ? undefined : rules[packageOf(path) ?? '']?.why;
    }, ruled),
  ).toEqual([]);
});

describe('third parties', () => {
  const development = Object.keys(manifests.find(({ path }) => path === 'package.json')?.devDependencies ?? {});

  test('every import is a declared dependency', () => {
    expect(
      violations((path, imported) => {
        if (imported.startsWith('.') || imported.startsWith('node:')) return undefined;
        const name = imported.startsWith('@') ? imported.split('/').slice(0, 2).join('/') : (imported.split('/')[0] ?? '');
        const manifest = manifests.find((one) => one.path === `${packageOf(path) ?? ''}/package.json`);
        const declared = [...Object.keys(manifest?.dependencies ?? {}), ...(isTest(path) ? development : [])];
        return declared.includes(name) ? undefined : `${manifest?.path ?? 'no package.json'} does not declare it`;
      }, ruled),
    ).toEqual([]);
  });

  test('every declared dependency is imported', () => {
    const unused = manifests
      .filter(({ path }) => rules[dirname(path)] !== undefined)
      .flatMap(({ path, dependencies }) => {
        const used = typescript.filter((file) => packageOf(file.path) === dirname(path)).flatMap(({ text }) => importsOf(text));
        const foreign = Object.keys(dependencies).filter((name) => !name.startsWith('@sallyport/'));
        return foreign.flatMap((name) => (used.some((one) => one === name || one.startsWith(`${name}/`)) ? [] : [`${path}: ${name}`]));
      });
    expect(unused).toEqual([]);
  });
});
