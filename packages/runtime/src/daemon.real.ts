/** Processes of a network namespace, found and ended by what the kernel says of them. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './clock.ts';
import { systemCommands } from './command-runner.ts';
import { systemDaemons } from './daemon.ts';

const daemons = systemDaemons(systemClock);
const namespaces = ['a', 'b'].map((end) => `sp-d${randomBytes(2).toString('hex')}-${end}`);
const [inside = '', elsewhere = ''] = namespaces.map((name) => `/run/netns/${name}`);
let directory = '';

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-daemon-'));
  for (const name of namespaces) await systemCommands.run(['ip', 'netns', 'add', name]);
});

afterEach(async () => {
  for (const file of [inside, elsewhere]) await daemons.killWithin(file);
  for (const name of namespaces) await systemCommands.run(['ip', 'netns', 'delete', name]);
  rmSync(directory, { recursive: true, force: true });
});

/** Nobody but nsenter knows of it once its pid file is left aside. */
function start(namespaceFile: string, name: string, argv: readonly string[]): () => boolean {
  const pidFile = join(directory, `${name}.pid`);
  daemons.start({ argv: ['nsenter', `--net=${namespaceFile}`, '--', ...argv], env: {}, logFile: join(directory, 'log'), pidFile });
  return () => daemons.find(pidFile) !== undefined;
}

async function named(namespaceFile: string, program: string): Promise<readonly string[]> {
  const { stdout } = await systemCommands.run(['ip', 'netns', 'pids', basename(namespaceFile)]);
  const pids = stdout.split('\n').filter((pid) => pid !== '');
  const names = await Promise.all(
    pids.map((pid) => systemCommands.run(['ps', '-o', 'comm=', '-p', pid], { okCodes: [0, 1] }).then(({ stdout: name }) => name.trim())),
  );
  return names.filter((name) => name === program);
}

test('every process of a namespace is ended, or those of one program, and none elsewhere', async () => {
  const isRunning = {
    sleep: start(inside, 'sleep', ['sleep', '600']),
    tail: start(inside, 'tail', ['tail', '-f', '/dev/null']),
    other: start(elsewhere, 'other', ['sleep', '600']),
  };
  const running = (): readonly string[] => Object.entries(isRunning).flatMap(([name, is]) => (is() ? [name] : []));
  // nsenter becomes the program in its own time.
  await expect.poll(() => named(inside, 'sleep'), { timeout: 10_000 }).toHaveLength(1);
  await expect.poll(() => named(inside, 'tail'), { timeout: 10_000 }).toHaveLength(1);
  await daemons.killWithin(inside, 'sleep');
  expect(running()).toEqual(['tail', 'other']);
  await daemons.killWithin(inside);
  expect(running()).toEqual(['other']);
  await daemons.killWithin('/run/netns/sp-not-there');
  expect(running()).toEqual(['other']);
});

test('what does not die is told after a while, and never taken for gone', async () => {
  const isRunning = start(inside, 'sleep', ['sleep', '600']);
  await expect.poll(() => named(inside, 'sleep'), { timeout: 10_000 }).toHaveLength(1);
  let now = 0;
  const hurried = systemDaemons({ now: () => now, monotonic: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) });
  // As for a process in uninterruptible sleep: the signal is taken, and nothing follows.
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  try {
    await expect(hurried.killWithin(inside)).rejects.toThrow(/what was killed in .* is gone; last seen: "it is still there"/);
    await expect(hurried.stop(join(directory, 'sleep.pid'))).rejects.toThrow(
      /process \d+, which was killed, is gone; last seen: "it is still there"/,
    );
    expect(isRunning()).toBe(true);
  } finally {
    kill.mockRestore();
  }
  await daemons.stop(join(directory, 'sleep.pid'));
  expect(isRunning()).toBe(false);
});
