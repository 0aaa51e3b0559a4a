/** Two namespaces and a cable for tests that run the real xfrmd: processes, captures and clean-up. Needs root. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, systemCommands, systemDaemons, until, type CommandResult } from '@sallyport/runtime';
import { XfrmdClient } from './client.ts';

/** Another build of the data plane (with a sanitizer) takes the place of the usual one by this variable. */
export const buildDirectory =
  process.env['SALLYPORT_DATAPLANE_BUILD'] ?? fileURLToPath(new URL('../../../dataplane/build', import.meta.url));
/** Daemons get a clean environment; a build with a sanitizer is told by these where to report. */
const checkerOptions = Object.fromEntries(
  ['ASAN_OPTIONS', 'TSAN_OPTIONS', 'UBSAN_OPTIONS'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
);
const run = systemCommands.run;
const daemons = systemDaemons(systemClock);

export class Testbed implements AsyncDisposable {
  readonly directory: string;
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #pidFiles: string[] = [];

  constructor(name: string) {
    this.directory = mkdtempSync(join(tmpdir(), `sp-${name}-`));
    this.#prefix = `sp-${name}${process.pid}`;
  }

  namespace(end: string): string {
    return `${this.#prefix}-${end}`;
  }

  async addNamespace(end: string): Promise<string> {
    const namespace = this.namespace(end);
    await run(['ip', 'netns', 'add', namespace]);
    this.#namespaces.push(namespace);
    await run(['ip', '-n', namespace, 'link', 'set', 'lo', 'up']);
    return namespace;
  }

  /** Interface `wire` in both. */
  async connect(a: string, addressA: string, b: string, addressB: string): Promise<void> {
    const [left, right] = [this.namespace(a), this.namespace(b)];
    await run(['ip', 'link', 'add', 'wire', 'netns', left, 'type', 'veth', 'peer', 'name', 'wire', 'netns', right]);
    for (const [namespace, address] of [
      [left, addressA],
      [right, addressB],
    ] as const) {
      await run(['ip', '-n', namespace, 'address', 'add', address, 'dev', 'wire']);
      await run(['ip', '-n', namespace, 'link', 'set', 'wire', 'up']);
    }
  }

  ip(end: string, ...argv: readonly string[]): Promise<CommandResult> {
    return run(['ip', '-n', this.namespace(end), ...argv]);
  }

  exec(
    end: string,
    argv: readonly string[],
    options: { readonly okCodes?: readonly number[]; readonly timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    return run(['nsenter', `--net=/run/netns/${this.namespace(end)}`, '--', ...argv], options);
  }

  /** In the background, until the testbed goes. Its output: `<directory>/<name>.log`. */
  start(end: string, name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): number {
    const pidFile = join(this.directory, `${name}.pid`);
    if (!this.#pidFiles.includes(pidFile)) this.#pidFiles.push(pidFile);
    return daemons.start({
      argv: ['nsenter', `--net=/run/netns/${this.namespace(end)}`, '--', ...argv],
      env: { ...checkerOptions, ...env },
      logFile: join(this.directory, `${name}.log`),
      pidFile,
    }).pid;
  }

  isRunning(name: string): boolean {
    return daemons.find(join(this.directory, `${name}.pid`)) !== undefined;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    const found = daemons.find(join(this.directory, `${name}.pid`));
    if (found !== undefined) process.kill(found.pid, signal);
  }

  stop(name: string, graceMs = 2000): Promise<void> {
    return daemons.stop(join(this.directory, `${name}.pid`), graceMs);
  }

  /** Sockets in the testbed's directory itself. */
  async startXfrmd(end: string): Promise<XfrmdClient> {
    this.start(end, 'xfrmd', [join(buildDirectory, 'xfrmd'), '--directory', this.directory]);
    return until(
      () => XfrmdClient.connect(join(this.directory, 'control.sock')),
      () => true,
      { because: 'xfrmd answers', clock: systemClock },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pidFile of this.#pidFiles.toReversed()) await daemons.stop(pidFile, 500);
    for (const namespace of this.#namespaces) await run(['ip', 'netns', 'delete', namespace], { okCodes: [0, 1] });
    rmSync(this.directory, { recursive: true, force: true });
  }
}
