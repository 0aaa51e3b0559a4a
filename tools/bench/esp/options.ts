/** Command line of `npm run bench:esp`. Pure. */
import { parseArgs } from 'node:util';

export type BenchOptions = {
  /** Of one TCP measurement; the others are parts of it. */
  readonly seconds: number;
  /** Names to measure; empty: all. Engines by a part of their name, `tunnels`, `ike`, `profile`. */
  readonly only: readonly string[];
  /** Short measurements, the first suite of each engine, fewer tunnels; writes no page. */
  readonly isQuick: boolean;
};

export const usage = 'npm run bench:esp -- [--seconds N] [--only name,…] [--quick]';
const defaultSeconds = 4;
const longestSeconds = 60;

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): BenchOptions {
  const options = { seconds: { type: 'string' }, only: { type: 'string' }, quick: { type: 'boolean' } } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true }));
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : String(cause)}\nusage: ${usage}`, { cause });
  }
  const isQuick = values.quick ?? false;
  const seconds = values.seconds === undefined ? (isQuick ? 1 : defaultSeconds) : Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > longestSeconds)
    throw new UsageError(`--seconds takes a whole number from 1 to ${longestSeconds}\nusage: ${usage}`);
  return { seconds, only: (values.only ?? '').split(',').filter(Boolean), isQuick };
}

/** `libipsec` selects `kernel-libipsec`; `xfrmd` all of its backends. */
export function isSelected(options: Pick<BenchOptions, 'only'>, name: string): boolean {
  return options.only.length === 0 || options.only.some((wanted) => name.toLowerCase().includes(wanted.toLowerCase()));
}
