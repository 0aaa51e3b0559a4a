/**
 * The data plane under checkers: its unit tests and xfrmd's contract tests (real daemons, real packets) on builds with
 * ASan + UBSan and with TSan, and the unit tests under Valgrind's memcheck. Needs root, as `npm test` does.
 *   npm run sanitize -- [address] [thread] [valgrind]      all when none is named
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const dataplane = join(root, 'packages/dataplane');
const lanes = ['address', 'thread', 'valgrind'] as const;
type Lane = (typeof lanes)[number];

/** True when it ended well. */
function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  // setarch -R: sanitizers of this age lose their way in the randomised address space of newer kernels.
  const { status } = spawnSync('setarch', ['-R', ...argv], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  return status === 0;
}

function built(lane: Lane): string {
  const folder = join(dataplane, `build-${lane}`);
  // What reports need: lines of code, no more.
  const flags = ['C', 'CXX'].map((language) => `-DCMAKE_${language}_FLAGS=-O1 -gline-tables-only`);
  const compilers = [
    '-DCMAKE_BUILD_TYPE=None',
    ...flags,
    '-DCMAKE_C_COMPILER=clang',
    '-DCMAKE_CXX_COMPILER=clang++',
    `-DXFRMD_SANITIZE=${lane}`,
  ];
  const configured = run(['cmake', '-S', dataplane, '-B', folder, '-G', 'Ninja', ...(lane === 'valgrind' ? [] : compilers)]);
  if (!configured || !run(['cmake', '--build', folder, '-j', String(Math.min(2, availableParallelism()))]))
    throw new Error(`the ${lane} build failed`);
  return folder;
}

/** Reports of the daemons go to files: a daemon's standard error is a test's log, and the test may not look there. */
function sanitize(lane: 'address' | 'thread'): boolean {
  const folder = built(lane);
  const reports = join(folder, 'reports');
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports);
  const options = `log_path=${reports}/report:log_exe_name=1:second_deadlock_stack=1:halt_on_error=${lane === 'address' ? 1 : 0}`;
  const unit = run(['ctest', '--test-dir', folder, '--output-on-failure'], { TSAN_OPTIONS: options, ASAN_OPTIONS: options });
  // xfrmd is not dumpable, which is what leak detection would need: leaks are the unit tests' and Valgrind's.
  const env = { SALLYPORT_DATAPLANE_BUILD: folder, TSAN_OPTIONS: options, ASAN_OPTIONS: `${options}:detect_leaks=0` };
  const vitest = [join(root, 'node_modules/.bin/node'), '-C', 'source', 'node_modules/vitest/vitest.mjs', 'run', '--project', 'contract'];
  const contract = run([...vitest, 'packages/protocols/src/xfrmd'], env);
  const found = readdirSync(reports);
  for (const file of found) console.error(`${file}\n${readFileSync(join(reports, file), 'utf8')}`);
  console.log(`sanitize ${lane}: unit ${unit ? 'ok' : 'FAILED'}, contract ${contract ? 'ok' : 'FAILED'}, ${found.length} reports`);
  return unit && contract && found.length === 0;
}

function valgrind(): boolean {
  const folder = join(built('valgrind'), 'test');
  const all = readdirSync(folder).filter((name) => name.endsWith('_test'));
  // Its subject is what the kernel answers to system calls, and Valgrind answers some of them itself.
  const tests = all.filter((name) => name !== 'sandbox_test');
  console.log('sanitize valgrind: sandbox_test is left out, for Valgrind stands between it and the kernel');
  const memcheck = ['valgrind', '--quiet', '--error-exitcode=99', '--leak-check=full', '--show-leak-kinds=definite,indirect,possible'];
  const failed = tests.filter((name) => !run([...memcheck, join(folder, name)]));
  console.log(`sanitize valgrind: ${tests.length - failed.length} of ${tests.length} unit tests clean ${failed.join(' ')}`);
  return tests.length > 0 && failed.length === 0;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !lanes.some((lane) => lane === name));
if (unknown.length > 0) throw new Error(`no such lane: ${unknown.join(', ')}; there are ${lanes.join(', ')}`);
const results = lanes
  .filter((lane) => wanted.length === 0 || wanted.includes(lane))
  .map((lane) => (lane === 'valgrind' ? valgrind() : sanitize(lane)));
process.exit(results.every(Boolean) ? 0 : 1);
