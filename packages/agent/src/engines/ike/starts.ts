/**
 * When to start a tunnel again: at once the first time, then after 1, 2, 4, 8 and from then on every 10 seconds, as Azure
 * retries "every few seconds". Each connection has its own schedule; none waits for another. Pure but for its own memory.
 */
export type Starts = {
  readonly isDue: (connection: string, nowMs: number) => boolean;
  readonly started: (connection: string, nowMs: number) => void;
  /** It is up. The schedule begins anew once that has lasted, so that a peer which closes at once is not chased. */
  readonly connected: (connection: string, nowMs: number) => void;
  /** Something about it changed: the next start is due now. */
  readonly forget: (connection: string) => void;
};

const firstWaitMs = 1000;
const longestWaitMs = 10_000;

export function createStarts(): Starts {
  const attempts = new Map<string, { readonly count: number; readonly lastMs: number; readonly nextMs: number }>();
  return {
    isDue: (connection, nowMs) => nowMs >= (attempts.get(connection)?.nextMs ?? 0),
    started: (connection, nowMs) => {
      const count = attempts.get(connection)?.count ?? 0;
      const waitMs = Math.min(firstWaitMs * 2 ** Math.min(count, 10), longestWaitMs);
      attempts.set(connection, { count: count + 1, lastMs: nowMs, nextMs: nowMs + waitMs });
    },
    connected: (connection, nowMs) => {
      const last = attempts.get(connection);
      if (last !== undefined && nowMs - last.lastMs > longestWaitMs) attempts.delete(connection);
    },
    forget: (connection) => {
      attempts.delete(connection);
    },
  };
}
