/** Ctrl-C and SIGTERM end a measurement as a failure does: whoever made namespaces and daemons takes them away again. */
const interrupted = Promise.withResolvers<never>();
interrupted.promise.catch(() => {}); // nothing may be measuring just now; the next that begins fails at once

class Interrupted extends Error {}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    process.stderr.write(`bench: ${signal}: removing what was made\n`);
    interrupted.reject(new Interrupted(`interrupted by ${signal}`));
  });

/** The work's outcome, or a rejection as soon as somebody interrupts; what the work still does then fails by itself. */
export function unlessInterrupted<T>(work: () => Promise<T>): Promise<T> {
  return Promise.race([interrupted.promise, work()]);
}

/** Ends the program when the work was interrupted, as a shell expects it. */
export async function orExit<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Interrupted) process.exit(130);
    throw error;
  }
}
