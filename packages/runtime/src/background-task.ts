/**
 * The only loop: an input-less activation, run every `periodMs` and sooner when woken. Single-flight; wakes coalesce.
 * An activation that throws is retried with backoff, and never ends the loop; it is logged when it fails in another way than before, and once it works again.
 */
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export type BackgroundTaskOptions = {
  readonly name: string;
  readonly periodMs: number;
  /** Before the first activation, unless woken. Default 0: it runs at once. */
  readonly firstAfterMs?: number;
  /** First wait after a failure; doubles up to `periodMs` (at least 5 s). Default 250. */
  readonly retryMs?: number;
  /** After an activation that took t the next one waits `rest` × t, also when woken: a storm of wakes costs a bounded share of a core. Default 0. */
  readonly rest?: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** May answer `unrested` when its time was spent waiting for others: then no rest follows. */
  readonly activate: (signal: AbortSignal) => Promise<void | 'unrested'>;
};

export type TaskStatus = {
  readonly name: string;
  readonly activations: number;
  readonly failuresInARow: number;
  readonly lastError?: string;
};

export class BackgroundTask implements AsyncDisposable {
  readonly #options: BackgroundTaskOptions;
  readonly #stop = new AbortController();
  #wakeUp = new AbortController();
  #isWoken = false;
  #running: Promise<void> | undefined;
  #activations = 0;
  #failuresInARow = 0;
  #lastError: string | undefined;

  constructor(options: BackgroundTaskOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Makes the next activation happen now, or right after the current one. */
  readonly wake = (): void => {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.#wakeUp.abort('woken'); // without a reason an exception is made, stack and all, for each wake
  };

  status(): TaskStatus {
    return {
      name: this.#options.name,
      activations: this.#activations,
      failuresInARow: this.#failuresInARow,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wakeUp.abort();
    await this.#running;
  }

  async #loop(): Promise<void> {
    const { clock, log, name, periodMs, firstAfterMs = 0 } = this.#options;
    if (firstAfterMs > 0) await clock.sleep(firstAfterMs, this.#wakeUp.signal);
    while (!this.#stop.signal.aborted) {
      this.#isWoken = false;
      this.#wakeUp = new AbortController();
      const began = clock.monotonic();
      let isUnrested = false;
      try {
        isUnrested = (await this.#options.activate(this.#stop.signal)) === 'unrested';
        if (this.#failuresInARow > 0) log.info({ task: name, failuresInARow: this.#failuresInARow }, 'task works again');
        this.#failuresInARow = 0;
        this.#lastError = undefined;
      } catch (error) {
        this.#failuresInARow += 1;
        const message = error instanceof Error ? error.message : String(error);
        if (!this.#stop.signal.aborted && message !== this.#lastError) log.warn({ task: name, err: error }, 'task activation failed');
        this.#lastError = message;
      }
      this.#activations += 1;
      const retryMs = Math.min((this.#options.retryMs ?? 250) * 2 ** Math.min(this.#failuresInARow - 1, 10), Math.max(periodMs, 5000));
      const ended = clock.monotonic();
      const waitMs = this.#failuresInARow === 0 ? periodMs : retryMs;
      if (!this.#isWoken && !this.#stop.signal.aborted) await clock.sleep(waitMs, this.#wakeUp.signal);
      const restMs = isUnrested ? 0 : (this.#options.rest ?? 0) * (ended - began) - (clock.monotonic() - ended);
      if (restMs > 0) await clock.sleep(restMs, this.#stop.signal);
    }
  }
}
