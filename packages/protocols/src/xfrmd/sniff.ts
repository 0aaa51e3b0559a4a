/** What tcpdump prints of packets while something happens in a testbed, a line each. What a line must say is the tests' matter. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, until } from '@sallyport/runtime';
import type { Testbed } from './testbed.ts';

/** @param options of tcpdump(8): interface, direction, verbosity, and last the filter. */
export async function sniff(
  testbed: Testbed,
  namespace: string,
  options: readonly string[],
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const log = join(testbed.directory, 'sniff.log');
  testbed.start(namespace, 'sniff', ['tcpdump', '--immediate-mode', '-l', '-n', ...options]);
  await until(
    () => readFileSync(log, 'utf8'),
    (said) => said.includes('listening on'),
    { because: 'tcpdump listens', clock: systemClock },
  );
  await work();
  await untilRead(testbed, () => readFileSync(log, 'utf8'));
  await testbed.stop('sniff');
  const said = readFileSync(log, 'utf8');
  rmSync(log);
  // One packet per line: tcpdump goes on in indented ones.
  return said
    .replace(/\n\s+/g, ' ')
    .split('\n')
    .filter((line) => /\bIP6? /.test(line));
}

/**
 * tcpdump leaves aside what it has not come to when it is stopped. Asked by SIGUSR1 it says how many packets it has taken: when it has said
 * the same three times in a row, each after the other, there were none left.
 */
async function untilRead(testbed: Testbed, read: () => string): Promise<void> {
  const counts = (): readonly string[] => [...read().matchAll(/(\d+) packets? captured/g)].map(([, count]) => count ?? '');
  let asked = counts().length;
  await until(
    () => {
      const said = counts();
      if (said.length >= asked) {
        testbed.signal('sniff', 'SIGUSR1');
        asked = said.length + 1;
      }
      return said.slice(-3);
    },
    (last) => last.length === 3 && new Set(last).size === 1,
    { because: 'tcpdump has read all there was', clock: systemClock },
  );
}
