/**
 * Joins what comes in bursts: an act that follows many calls once, when they have paused, or after a bound while they go on. Not a loop of
 * its own: what must happen whether or not anybody calls is a BackgroundTask's.
 */
import type { Clock } from './clock.ts';

export type WhenQuietOptions = {
  readonly clock: Clock;
  /** Without a call for so long, it is quiet. */
  readonly quietMs: number;
  /** Longer by so much for each call of the burst, up to ten times `quietMs`: the more come, the less likely a pause is the end. Default 0. */
  readonly longerMs?: number;
  /** After the first of a burst that does not end. */
  readonly atMostMs: number;
};

type Burst = { readonly firstMs: number; lastMs: number; calls: number };

/** Times `quietMs`. */
const longestPause = 10;

/** @returns what to call each time. */
export function whenQuiet({ clock, quietMs, longerMs = 0, atMostMs }: WhenQuietOptions, act: () => void): () => void {
  let burst: Burst | undefined;
  const watch = async (current: Burst): Promise<void> => {
    for (;;) {
      const pauseMs = Math.min(quietMs + longerMs * (current.calls - 1), longestPause * quietMs);
      const dueMs = Math.min(current.lastMs + pauseMs, current.firstMs + atMostMs);
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
      burst.calls += 1;
      return;
    }
    burst = { firstMs: nowMs, lastMs: nowMs, calls: 1 };
    void watch(burst);
  };
}
