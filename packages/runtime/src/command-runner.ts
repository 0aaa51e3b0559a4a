/**
 * Runs other programs to their end. The only importer of node:child_process besides daemon.ts. No shell, a minimal
 * environment, output capped; secrets go through `input`, never argv.
 */
import { spawn } from 'node:child_process';

export type CommandResult = { readonly stdout: string; readonly stderr: string; readonly code: number };
export type CommandOptions = {
  /** Written to stdin. */
  readonly input?: string;
  /** Default 30,000. The process is killed and a CommandError thrown after that. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Exit codes that are not errors; default `[0]`. */
  readonly okCodes?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
};
export type CommandRunner = {
  /** @throws CommandError */
  readonly run: (argv: readonly string[], options?: CommandOptions) => Promise<CommandResult>;
};

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly argv: readonly string[];
  readonly result: CommandResult | undefined;
  readonly code: 'not-found' | 'failed' | 'timed-out';

  constructor(code: CommandError['code'], argv: readonly string[], message: string, result?: CommandResult, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.argv = argv;
    this.result = result;
  }
}

const outputLimit = 64 * 1024 * 1024;
const basePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export const systemCommands: CommandRunner = { run: runCommand };

function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) return Promise.reject(new CommandError('not-found', argv, 'empty command'));
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: basePath, LC_ALL: 'C', ...options.env } });
  child.on('error', (cause: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    const why = cause.code === 'ENOENT' ? '' : `: ${cause.message}`;
    reject(new CommandError('not-found', argv, `could not start ${program}${why}`, undefined, cause));
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let size = 0;
  let hasTimedOut = false;
  const collect = (into: Buffer[]) => (chunk: Buffer) => {
    size += chunk.length;
    if (size <= outputLimit) into.push(chunk);
  };
  const timer = setTimeout(() => {
    hasTimedOut = true;
    child.kill('SIGKILL');
  }, options.timeoutMs ?? 30_000);
  const abort = (): void => void child.kill('SIGKILL');
  // Without a file left to open there are no pipes, whatever the types say, and nothing but the error follows.
  if (child.pid === undefined) return promise;
  options.signal?.addEventListener('abort', abort, { once: true });
  child.stdout.on('data', collect(stdout));
  child.stderr.on('data', collect(stderr));
  child.stdin.on('error', () => {}); // the program may exit without reading; its exit code tells
  child.on('close', (exitCode, signalName) => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
    const result = { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString(), code: exitCode ?? 128 };
    if (hasTimedOut) reject(new CommandError('timed-out', argv, `${argv.join(' ')} did not end in time`, result));
    else if ((options.okCodes ?? [0]).includes(result.code)) resolve(result);
    else
      reject(
        new CommandError('failed', argv, `${argv.join(' ')} ended with ${signalName ?? result.code}: ${lastLine(result.stderr)}`, result),
      );
  });
  child.stdin.end(options.input ?? '');
  return promise;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
