/** Poll until a reading satisfies; on timeout the error carries the last reading. For tests and start-up waits, never around a mutation. */
import type { Clock } from './clock.ts';

export async function until<T>(
  read: () => Promise<T> | T,
  isDone: (value: T) => boolean,
  options: {
    readonly because: string;
    readonly clock: Clock;
    readonly timeoutMs?: number;
    readonly everyMs?: number;
    readonly signal?: AbortSignal;
  },
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const deadline = options.clock.monotonic() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await read();
      if (isDone(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (options.signal?.aborted === true) throw new Error(`stopped while waiting: ${options.because}`, { cause: last });
    if (options.clock.monotonic() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${options.because}; last seen: ${describe(last)}`, { cause: last });
    await options.clock.sleep(options.everyMs ?? 50, options.signal);
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
