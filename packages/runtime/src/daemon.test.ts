/** A daemon on a full disk, for which /dev/full stands. What daemons do otherwise: daemon.real.ts. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { systemDaemons } from './daemon.ts';
import { until } from './until.ts';

test('a daemon whose pid can not be written does not run on: nobody would find it again', async () => {
  const mark = `600.${process.pid}`; // seconds of sleep, that no other process has
  const spec = { argv: ['sleep', mark], env: {}, logFile: '/dev/null', pidFile: '/dev/full' };
  expect(() => systemDaemons(systemClock).start(spec)).toThrow('ENOSPC');
  const running = (): readonly string[] => readdirSync('/proc').filter((pid) => commandOf(pid).endsWith(`${mark}\0`));
  await until(running, (found) => found.length === 0, { because: 'it is gone', clock: systemClock, timeoutMs: 3000 });
});

function commandOf(pid: string): string {
  try {
    return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
  } catch {
    return ''; // it ended meanwhile
  }
}
