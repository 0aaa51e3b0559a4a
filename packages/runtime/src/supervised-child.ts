/**
 * A child that lives and dies with us: its stdin is a pipe from us, so it sees end-of-file also when we are killed and ends
 * itself. Started again with backoff when it dies. Daemons that must outlive us are daemon.ts's.
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

export type SupervisedChildOptions = {
  readonly name: string;
  readonly argv: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Each line of the child's stdout. */
  readonly onLine?: (line: string) => void;
  /** After each unexpected end, before the next start. */
  readonly onDeath?: (how: string) => void;
};

/** First wait after a death; doubles up to the second while the child keeps dying young. */
const [firstRetryMs, lastRetryMs] = [100, 5000];
/** A child that lived this long had recovered: the next death starts the backoff anew. */
const settledMs = 10_000;

export class SupervisedChild implements AsyncDisposable {
  readonly #options: SupervisedChildOptions;
  readonly #stop = new AbortController();
  #child: ChildProcessByStdio<Writable, Readable, null> | undefined;
  readonly #running: Promise<void>;

  constructor(options: SupervisedChildOptions) {
    this.#options = options;
    this.#running = this.#supervise();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** SIGTERM, then end-of-file and SIGKILL after `graceMs`; resolves when the child is gone. */
  async stop(graceMs = 10_000): Promise<void> {
    this.#stop.abort();
    this.#child?.kill('SIGTERM');
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), graceMs);
    await this.#running;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #supervise(): Promise<void> {
    const { clock, log, name, onDeath } = this.#options;
    for (let retryMs = firstRetryMs; !this.#stop.signal.aborted;) {
      const began = clock.monotonic();
      const how = await this.#runOnce();
      // Who ends a whole process group, as timeout(1) and systemd do, ends it with us: then nothing is started, and nothing wrong.
      await clock.sleep(firstRetryMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      retryMs = clock.monotonic() - began > settledMs ? firstRetryMs : Math.min(retryMs * 2, lastRetryMs);
      log.error({ child: name, how, retryMs }, 'child ended, starting it again');
      onDeath?.(how);
      await clock.sleep(retryMs - firstRetryMs, this.#stop.signal);
    }
  }

  /** Resolves with how it ended. */
  #runOnce(): Promise<string> {
    const [program = '', ...args] = this.#options.argv;
    const { promise, resolve } = Promise.withResolvers<string>();
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', (error) => resolve(error.message));
    // Without a file left to open there are no pipes, whatever the types say, and nothing but the error follows.
    if (child.pid === undefined) return promise;
    this.#child = child;
    child.stdin.on('error', () => {}); // it may be gone; its exit tells
    const { onLine } = this.#options;
    if (onLine === undefined) child.stdout.resume();
    else createInterface({ input: child.stdout }).on('line', onLine);
    child.on('close', (code, signal) => resolve(signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`));
    return promise;
  }
}
