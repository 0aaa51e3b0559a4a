/**
 * Joins what comes in bursts: an act that follows many calls once, when they have paused, or after a bound while they go on. Not a loop of
 * its own: what must happen whether or not anybody calls is a BackgroundTask's.
 */
import type { Clock } from './clock.ts';

export type WhenQuietOptions = {
  readonly clock: Clock;
  /** Without a call for so long, it is quiet. */
  readonly quietMs: number;
  /** After the first of a burst that does not end. */
  readonly atMostMs: number;
};

/** @returns what to call each time. */
export function whenQuiet({ clock, quietMs, atMostMs }: WhenQuietOptions, act: () => void): () => void {
  let burst: { readonly firstMs: number; lastMs: number } | undefined;
  const watch = async (current: { readonly firstMs: number; lastMs: number }): Promise<void> => {
    for (;;) {
      const dueMs = Math.min(current.lastMs + quietMs, current.firstMs + atMostMs);
      const leftMs = dueMs - clock.monotonic();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs);
    }
    burst = undefined;
    act();
  };
  return () => {
    const nowMs = clock.monotonic();
    if (burst !== undefined) {
      burst.lastMs = nowMs;
      return;
    }
    burst = { firstMs: nowMs, lastMs: nowMs };
    void watch(burst);
  };
}
