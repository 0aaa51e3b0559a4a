/** What a subcommand is, and how its options are read: unknown ones are one sentence and exit code 2. */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export type Command = {
  /** One line in `sallyport --help`. */
  readonly summary: string;
  /** The whole of `sallyport NAME --help`. */
  readonly help: string;
  /** @returns the exit code. @throws UsageError for wrong arguments, any Error for what went wrong. */
  readonly run: (args: readonly string[]) => Promise<number>;
};

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<typeof parseArgs<{ options: O; allowPositionals: true; strict: true }>>;

/** @throws UsageError */
export function parseOptions<const O extends Options>(args: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split(/\.\s/)[0] ?? message);
  }
}

/** @throws UsageError when there are positional arguments left. */
export function refusePositionals(positionals: readonly string[]): void {
  if (positionals.length > 0) throw new UsageError(`unexpected argument '${positionals[0] ?? ''}'`);
}

export const dataDirectoryOption = { 'data-dir': { type: 'string' } } as const;

/** What `--data-dir` means when it is not given. */
export function dataDirectory(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  if (process.getuid?.() === 0) return '/var/lib/sallyport';
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'sallyport');
}

/** `HOST:PORT`, IPv6 hosts in brackets. @throws UsageError */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(text);
  const [host, port] = [match?.[1] ?? match?.[2], Number(match?.[3])];
  if (host === undefined || port > 65_535) throw new UsageError(`--listen must be HOST:PORT, like 127.0.0.1:8443; '${text}' is not`);
  return { host, port };
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** Progress and notes go to stderr, so that stdout stays what scripts read. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The error and its causes in one line, outermost first: `could not make site x: …: No such file or directory`. */
export function reasonOf(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = at instanceof Error ? at.cause : undefined) {
    const text = at instanceof Error ? at.message : typeof at === 'string' ? at : JSON.stringify(at);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
  }
  const reason = parts.join(': ');
  const remedy = remedies.find(([code]) => reason.includes(`${code}:`))?.[1];
  return remedy === undefined ? reason : `${reason}; ${remedy}`;
}

/** Of what the system refuses to every program, by its code, with which Node's messages begin. */
const remedies = [
  ['ENOSPC', 'free some space on this disk'],
  ['EROFS', 'mount this disk for writing'],
  ['EMFILE', 'allow the program more open files (ulimit -n)'],
  ['ENFILE', 'allow the machine more open files (sysctl fs.file-max)'],
] as const;
