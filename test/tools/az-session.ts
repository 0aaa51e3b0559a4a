/**
 * One az, loaded once, that runs command after command (az_session.py): a start of az is two seconds of processor time, a command in it
 * little. What starting az anew reads from its configuration, signing in and clouds, is for `openAz` itself.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type AzResult = { readonly stdout: string; readonly stderr: string; readonly code: number };

const program = fileURLToPath(new URL('az_session.py', import.meta.url));

export class AzSession implements Disposable {
  readonly #child;
  readonly #answers: AsyncIterator<string>;
  readonly #timeoutMs: number;
  #stderr = '';
  #last: Promise<unknown> = Promise.resolve();

  constructor(env: Readonly<Record<string, string>>, timeoutMs: number) {
    this.#child = spawn('/usr/bin/python3', ['-W', 'ignore', program], { env: { PATH: '/usr/bin:/bin', ...env }, stdio: 'pipe' });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    this.#timeoutMs = timeoutMs;
    this.#child.stdin.on('error', () => {}); // it has ended: the missing answer tells
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk.toString()}`.slice(-2000);
    });
  }

  /** One after the other. @throws Error when az ends, or does not answer in time. */
  run(args: readonly string[]): Promise<AzResult> {
    const result = this.#last.then(() => this.#ask(args));
    this.#last = result.catch(() => {}); // who asked is told
    return result;
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(args: readonly string[]): Promise<AzResult> {
    this.#child.stdin.write(`${JSON.stringify(args)}\n`);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#timeoutMs);
    try {
      const { value, done } = await this.#answers.next();
      if (done === true) throw new Error(`az ended, or took too long, at ${args.slice(0, 3).join(' ')} …: ${this.#stderr}`);
      return JSON.parse(value) as AzResult; // az_session.py prints nothing else
    } finally {
      clearTimeout(timer);
    }
  }
}
