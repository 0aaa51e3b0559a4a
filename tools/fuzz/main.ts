/**
 * Builds the data plane's libFuzzer targets (ASan, UBSan) and runs them; corpus: packages/dataplane/fuzz/corpus.
 *   npm run fuzz -- [--minutes N] [--keep] [target…]      N minutes each (default 5); --keep adds what reaches new code to the corpus
 *   … --short                                              the fixed, bounded run of `npm test`
 * Crashing inputs are kept in packages/dataplane/build-fuzz/crashes and printed. Not a place for properties: those are in *_fuzz.cc.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const dataplane = join(import.meta.dirname, '../../packages/dataplane');
const build = join(dataplane, 'build-fuzz');
const corpora = join(dataplane, 'fuzz/corpus');
const crashes = join(build, 'crashes');
// Whichever comes first; the second only matters on a busy machine.
const shortRuns = 20_000;
const shortSeconds = 8;
const maxInputBytes = 4096;

function run(program: string, argv: readonly string[], output: 'quiet' | 'shown'): void {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', stdio: output === 'quiet' ? 'pipe' : 'inherit' });
  if (status === 0) return;
  console.error(stdout ?? '', stderr ?? '');
  throw new Error(`${program} ${argv[0] ?? ''} ended with ${String(status)}`);
}

function buildTargets(): readonly string[] {
  const compilers = ['-DCMAKE_C_COMPILER=clang', '-DCMAKE_CXX_COMPILER=clang++'];
  // What reports need, and the fuzzer's speed: half of it is the checkers'.
  const flags = ['C', 'CXX'].map((language) => `-DCMAKE_${language}_FLAGS=-O1 -gline-tables-only`);
  const how = ['-DXFRMD_FUZZ=ON', '-DCMAKE_BUILD_TYPE=None', ...compilers, ...flags];
  run('cmake', ['-S', dataplane, '-B', build, '-G', 'Ninja', ...how], 'quiet');
  run('cmake', ['--build', build, '--target', 'fuzzers', '-j', String(Math.min(2, availableParallelism()))], 'quiet');
  return readdirSync(join(dataplane, 'fuzz'))
    .filter((file) => file.endsWith('_fuzz.cc'))
    .map((file) => file.replace('.cc', ''))
    .toSorted();
}

/** Sanitizers of this age lose their way in the address space of newer kernels unless it is laid out plainly: setarch -R. */
async function fuzz(target: string, argv: readonly string[]): Promise<boolean> {
  const before = new Set(readdirSync(crashes));
  const own = [join(build, 'fuzz', target), `-artifact_prefix=${crashes}/${target}-`, `-max_len=${maxInputBytes}`, '-timeout=10'];
  const { promise, resolve } = Promise.withResolvers<{ readonly status: number | string; readonly stderr: string }>();
  execFile('setarch', ['-R', ...own, ...argv], { maxBuffer: 256 << 20 }, (error, _stdout, stderr) =>
    resolve({ status: error === null ? 0 : (error.code ?? error.signal ?? 'killed'), stderr }),
  );
  const { status, stderr } = await promise;
  const done = /^#\d+\s+DONE.*$/mu.exec(stderr)?.[0] ?? '';
  if (status === 0) {
    console.log(`${target}: ${done.replaceAll(/\s+/gu, ' ')}`);
    return true;
  }
  console.error(stderr.split('\n').slice(-60).join('\n'));
  for (const file of readdirSync(crashes).filter((name) => name.startsWith(`${target}-`) && !before.has(name))) {
    const path = join(crashes, file);
    console.error(`${target}: crash kept in ${path}\n  base64: ${readFileSync(path).toString('base64')}`);
    console.error(`  again: setarch -R ${join(build, 'fuzz', target)} ${path}`);
  }
  console.error(`${target}: failed (exit ${String(status)})`);
  return false;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '5' },
    short: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.minutes) * 60;
if (!(seconds > 0)) throw new Error(`--minutes ${values.minutes}: a number above 0`);
const all = buildTargets();
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`no such target: ${unknown.join(', ')}; there are ${all.join(', ')}`);
mkdirSync(crashes, { recursive: true });

const failed: string[] = [];
const queue = (positionals.length > 0 ? positionals : all).values();

async function runQueue(): Promise<void> {
  for (const target of queue) if (!(await runTarget(target))) failed.push(target);
}

async function runTarget(target: string): Promise<boolean> {
  const kept = join(corpora, target);
  if (values.short) {
    const scratch = mkdtempSync(join(tmpdir(), 'sallyport-fuzz-'));
    const isClean = await fuzz(target, [`-runs=${shortRuns}`, `-max_total_time=${shortSeconds}`, '-seed=1', scratch, kept]);
    rmSync(scratch, { recursive: true, force: true });
    return isClean;
  }
  const found = join(build, 'corpus', target);
  mkdirSync(found, { recursive: true });
  const isClean = await fuzz(target, [`-max_total_time=${seconds}`, found, kept]);
  if (isClean && values.keep)
    run('setarch', ['-R', join(build, 'fuzz', target), '-merge=1', `-max_len=${maxInputBytes}`, kept, found], 'quiet');
  return isClean;
}

// Each has a core.
await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, runQueue));
console.log(failed.length === 0 ? 'fuzz: no findings' : `fuzz: findings in ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
