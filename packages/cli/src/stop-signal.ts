/**
 * When a program is to end: SIGTERM, SIGINT, or, for a child of `up`, the end of its stdin, which comes also when `up` is
 * killed. A child leaves SIGINT to `up`: a terminal sends it to the whole group.
 */
import { note } from './command.ts';

export function stopSignal(options: { readonly isChild: boolean }): AbortSignal {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.on('SIGTERM', abort);
  if (!options.isChild) {
    let first: number | undefined;
    process.on('SIGINT', () => {
      // npm passes a terminal's Ctrl-C on, so one keystroke may come twice.
      first ??= performance.now();
      if (performance.now() - first > 1000) note('sallyport: still stopping');
      abort();
    });
    process.on('SIGHUP', abort);
    return stop.signal;
  }
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  // Without `up` there is nobody to stop politely for: what we own is in the store or found again by the next start.
  process.stdin.on('end', () => process.exit(1));
  process.stdin.on('error', () => process.exit(1));
  process.stdin.resume();
  // Listening to it must not keep a program alive that has stopped.
  if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
  return stop.signal;
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
