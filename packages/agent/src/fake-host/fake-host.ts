/**
 * A host that exists only in memory, so that the real agent runs without root: `ip`, `nft` and `sysctl` act on tables kept
 * here, xfrmd and charon are in-process fakes on unix sockets in a directory of their own. Not a network: no packet moves.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandRunner } from '@sallyport/runtime';
import type { HostPaths } from '../engines/engine.ts';
import { FakeCommands } from './fake-commands.ts';
import { FakeDaemons } from './fake-daemons.ts';
import type { FakeProgramStart } from './fake-daemons.ts';
import { printNamespaces } from './print-host.ts';

export type FakeHostOptions = {
  /** Default `sp-fake-`. */
  readonly namespacePrefix?: string;
  /** Default a directory under the system's temporary one, removed on dispose. */
  readonly directory?: string;
};

export class FakeHost implements AsyncDisposable {
  readonly commands = new FakeCommands();
  readonly daemons: FakeDaemons;
  readonly paths: HostPaths;
  readonly #directory: string;

  constructor(options: FakeHostOptions = {}, programs: Readonly<Record<string, FakeProgramStart>> = {}) {
    this.#directory = options.directory ?? mkdtempSync(join(tmpdir(), 'sallyport-fake-host-'));
    this.paths = {
      namespacePrefix: options.namespacePrefix ?? 'sp-fake-',
      runDirectory: join(this.#directory, 'run'),
      stateDirectory: join(this.#directory, 'state'),
      xfrmdProgram: 'xfrmd',
      shimLibrary: 'libxfrmshim.so',
    };
    for (const directory of [this.paths.runDirectory, this.paths.stateDirectory]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.daemons = new FakeDaemons(programs);
  }

  get run(): CommandRunner['run'] {
    return this.commands.run;
  }

  /** The whole host as text; equal for hosts in the same state, however they came to it. */
  printHost(): string {
    return printNamespaces(this.commands.namespaces);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemons[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
