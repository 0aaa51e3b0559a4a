/**
 * Runs every check in order, cheap first, and closes with one line `N passed, N failed`.
 * `npm test -- unit lab` runs only the named stages. Stages that mostly wait for daemons are run as one, side by side. Not a test
 * framework: each stage is another program.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { countReport, type Count, type VitestReport } from './test-run/report.ts';

type Stage = { readonly name: string; readonly run: () => Count };

const bin = 'node_modules/.bin';
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
const build = 'SALLYPORT_DATAPLANE_BUILD';
if (/[\s:]/.test(process.cwd()) && process.env[build] === undefined) {
  // Tests preload the shim themselves, and ld.so(8) takes spaces and colons of LD_PRELOAD for separators.
  const link = join(scratch, 'build');
  symlinkSync(join(process.cwd(), 'packages', 'dataplane', 'build'), link);
  process.env[build] = link;
}

function check(name: string, argv: readonly string[]): Stage {
  return {
    name,
    run: () => {
      const [program, ...args] = argv;
      const { status } = spawnSync(program ?? '', args, { stdio: ['ignore', 'inherit', 'inherit'] });
      return status === 0
        ? { passed: 1, failed: 0, failures: [] }
        : { passed: 0, failed: 1, failures: [`${argv.join(' ')} ended with ${status}`] };
    },
  };
}

function vitest(...projects: readonly string[]): Stage {
  const name = projects.join(', ');
  return {
    name,
    run: () => {
      const file = join(scratch, `${projects.join('-')}.json`);
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
      const selection = projects.flatMap((project) => ['--project', project]);
      const { status } = spawnSync(`${bin}/node`, ['node_modules/vitest/vitest.mjs', 'run', ...selection, ...reporters], {
        stdio: ['ignore', 'inherit', 'inherit'],
      });
      return countOf(file, status ?? 1);
    },
  };
}

function countOf(file: string, status: number): Count {
  try {
    return countReport(JSON.parse(readFileSync(file, 'utf8')) as VitestReport, status, process.cwd());
  } catch (error) {
    return { passed: 0, failed: 1, failures: [`no report, so nothing is known to have run: ${(error as Error).message}`] };
  }
}

const quickStages: readonly Stage[] = [
  check('format', [`${bin}/oxfmt`, '--check']),
  check('lint', [`${bin}/oxlint`, '--type-aware']),
  check('types', [`${bin}/tsc`, '-b']),
  vitest('unit'),
  check('dataplane', ['ctest', '--test-dir', 'packages/dataplane/build', '--output-on-failure', '--no-tests=ignore']),
  check('fuzz', [`${bin}/node`, '-C', 'source', 'tools/fuzz/main.ts', '--short']),
];
/** Projects that wait for daemons more than they work: alone, each leaves a core idle while its longest file ends. */
const waitingProjects = ['contract', 'conformance', 'lab'] as const;
/** Run only when named: a virtual machine in software emulation is slow, and the matrix is large. */
const slowStages: readonly Stage[] = [vitest('vm'), vitest('matrix')];

function chosenStages(wanted: readonly string[]): readonly Stage[] {
  const known = [...quickStages.map(({ name }) => name), ...waitingProjects, ...slowStages.map(({ name }) => name)];
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`no such stage: ${unknown.join(', ')}; there are ${known.join(', ')}`);
    process.exit(2);
  }
  const isWanted = (name: string): boolean => wanted.includes(name);
  if (wanted.length === 0) return [...quickStages, vitest(...waitingProjects)];
  const waiting = waitingProjects.filter(isWanted);
  return [
    ...quickStages.filter(({ name }) => isWanted(name)),
    ...(waiting.length === 0 ? [] : [vitest(...waiting)]),
    ...slowStages.filter(({ name }) => isWanted(name)),
  ];
}

const total = { passed: 0, failed: 0, failures: [] as string[] };
for (const stage of chosenStages(process.argv.slice(2))) {
  const began = performance.now();
  console.log(`\n== ${stage.name}`);
  const count = stage.run();
  total.passed += count.passed;
  total.failed += count.failed;
  total.failures.push(...count.failures.map((failure) => `${stage.name}: ${failure}`));
  console.log(`== ${stage.name}: ${count.passed} passed, ${count.failed} failed, ${((performance.now() - began) / 1000).toFixed(1)} s`);
}
rmSync(scratch, { recursive: true, force: true });
for (const failure of total.failures) {
  console.log(`FAILED ${failure}`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);
