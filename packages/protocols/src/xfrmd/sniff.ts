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
  await testbed.stop('sniff');
  const said = readFileSync(log, 'utf8');
  rmSync(log);
  // One packet per line: tcpdump goes on in indented ones.
  return said
    .replace(/\n\s+/g, ' ')
    .split('\n')
    .filter((line) => /\bIP6? /.test(line));
}
