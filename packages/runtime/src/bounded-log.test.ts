/** A file that a real process holds open: it is emptied, the old lines are kept once, the process goes on at the beginning. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { boundLog, oldLog } from './bounded-log.ts';
import { systemClock } from './clock.ts';
import { systemDaemons } from './daemon.ts';
import { until } from './until.ts';

test('a log that a running daemon writes is bounded, and private', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-log-'));
  const [logFile, pidFile] = [join(directory, 'd.log'), join(directory, 'd.pid')];
  const daemons = systemDaemons(systemClock);
  try {
    daemons.start({ argv: ['sh', '-c', 'while :; do echo a line of this daemon; done'], env: {}, logFile, pidFile });
    for (const _round of [1, 2]) {
      await until(
        () => statSync(logFile).size,
        (size) => size >= 10_000,
        { because: 'it has written something', clock: systemClock, everyMs: 1 },
      );
      boundLog(logFile, 10_000);
    }
    const size = (): number => statSync(logFile).size;
    await until(size, (now) => now > 0, { because: 'it goes on writing', clock: systemClock, everyMs: 1 });
    expect(readFileSync(logFile, 'utf8').startsWith('\0')).toBe(false);
    expect(readFileSync(oldLog(logFile), 'utf8')).toMatch(/(a line of this daemon\n){100}/);
    expect([logFile, oldLog(logFile)].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
  } finally {
    await daemons.stop(pidFile, 0);
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a log below its bound, or none, is left alone', () => {
  expect(() => boundLog('/nonexistent/d.log', 1)).not.toThrow();
});
