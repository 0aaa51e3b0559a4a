/**
 * A host that exists only in memory, so that the real agent runs without root: `ip`, `nft` and `sysctl` act on tables kept
 * here; xfrmd and charon are in-process fakes on unix sockets in a directory of their own. Not a network: no packet moves.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { FakeCharon, openSession } from '@sallyport/protocols';
import type { FakeCharonOptions } from '@sallyport/protocols';
import { systemClock } from '@sallyport/runtime';
import type { Clock, CommandRunner, DaemonSpec } from '@sallyport/runtime';
import type { HostPaths } from '../engines/engine.ts';
import { FakeCommands } from './fake-commands.ts';
import { FakeDaemons, namespaceFileOf } from './fake-daemons.ts';
import type { FakeProgram } from './fake-daemons.ts';
import { startFakeXfrmd } from './fake-xfrmd.ts';
import { printNamespaces } from './print-host.ts';

export type FakeHostOptions = {
  /** Default `sp-fake-`. */
  readonly namespacePrefix?: string;
  /** Holds sockets, so its path must be short. Default: a new one under the system's temporary one, removed on dispose. */
  readonly directory?: string;
  readonly clock?: Clock;
  /** How peers on the simulated public network behave; default: they accept and carry nothing. */
  readonly peers?: Omit<FakeCharonOptions, 'clock'>;
};

export class FakeHost implements AsyncDisposable {
  readonly commands: FakeCommands;
  readonly daemons: FakeDaemons;
  readonly paths: HostPaths;
  /** charon runs as if the preloaded library had not taken effect. */
  ignoresShim = false;
  readonly #directory: string;
  readonly #charonOptions: FakeCharonOptions;
  /** By namespace. */
  readonly #charons = new Map<string, Promise<FakeCharon>>();

  constructor(options: FakeHostOptions = {}) {
    this.#directory = options.directory ?? mkdtempSync(join(tmpdir(), 'sp-fake-'));
    this.paths = {
      namespacePrefix: options.namespacePrefix ?? 'sp-fake-',
      runDirectory: join(this.#directory, 'run'),
      stateDirectory: join(this.#directory, 'state'),
      xfrmdProgram: 'xfrmd',
      shimLibrary: 'libxfrmshim.so',
    };
    for (const directory of [this.paths.runDirectory, this.paths.stateDirectory]) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#charonOptions = { clock: options.clock ?? systemClock, ...options.peers };
    const programs = {
      xfrmd: (spec: DaemonSpec, exit: () => void) => this.#startXfrmd(spec, exit),
      'charon-systemd': (spec: DaemonSpec, exit: () => void) => this.#startCharon(spec, exit),
    };
    this.daemons = new FakeDaemons(programs, (file) => this.commands.namespaces.get(basename(file)));
    this.commands = new FakeCommands();
  }

  get run(): CommandRunner['run'] {
    return this.commands.run;
  }

  /** The charon of a namespace, to play its peers. */
  charon(namespace: string): Promise<FakeCharon> | undefined {
    return this.#charons.get(`${this.paths.namespacePrefix}${namespace}`);
  }

  /** The whole host as text; equal for hosts in the same state, however they came to it. */
  async printHost(): Promise<string> {
    const daemons = this.daemons.list().map(({ name, spec }) => `daemon ${name} in ${namespaceOf(spec)}\n`);
    const loaded = await Promise.all([...this.#charons].map(async ([namespace, charon]) => printCharon(namespace, await charon)));
    return [printNamespaces(this.commands.namespaces), ...daemons.toSorted(), ...loaded.toSorted()].join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemons[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #startXfrmd(spec: DaemonSpec, exit: () => void): FakeProgram {
    const name = namespaceOf(spec);
    const namespace = this.commands.namespaces.get(name);
    if (namespace === undefined) {
      exit();
      return { stop: () => Promise.resolve() };
    }
    const charon = (): { readonly pid: number } | undefined =>
      this.daemons.list().find((daemon) => daemon.name === 'charon-systemd' && namespaceOf(daemon.spec) === name);
    const directory = spec.argv[spec.argv.indexOf('--directory') + 1] ?? '';
    const xfrmd = startFakeXfrmd(directory, namespace, () => (this.ignoresShim ? undefined : charon()?.pid));
    return {
      stop: async () => {
        await xfrmd[Symbol.asyncDispose]();
        // The shim ends a charon that lost its XFRM.
        const left = charon();
        if (left !== undefined) await this.daemons.kill(left.pid);
      },
    };
  }

  #startCharon(spec: DaemonSpec, exit: () => void): FakeProgram {
    const name = namespaceOf(spec);
    const settings = readFileSync(spec.env['STRONGSWAN_CONF'] ?? '', 'utf8');
    const socket = /socket = unix:\/\/(\S+)/.exec(settings)?.[1];
    if (socket === undefined) throw new Error('charon was given no VICI socket');
    const logFile = /path = (\S+)/.exec(settings)?.[1] ?? '';
    const charon = FakeCharon.listen(socket, { ...this.#charonOptions, log: (line) => appendFileSync(logFile, line) });
    this.#charons.set(name, charon);
    charon.catch(exit);
    return {
      stop: async () => {
        if (this.#charons.get(name) === charon) this.#charons.delete(name);
        await (await charon)[Symbol.asyncDispose]();
      },
    };
  }
}

/** Whole name of the namespace a daemon was started in. */
export function namespaceOf(spec: DaemonSpec): string {
  return basename(namespaceFileOf(spec));
}

async function printCharon(namespace: string, charon: FakeCharon): Promise<string> {
  using session = await openSession(charon.socketPath, { clock: systemClock });
  const connections = (await session.connectionNames()).toSorted();
  // What follows # in a key's id is a keyed digest: another one in every run.
  const keys = (await session.sharedKeyIds()).map((id) => id.split('#')[0] ?? '').toSorted();
  return [
    `charon of ${namespace}\n`,
    ...connections.map((name) => `  connection ${name}\n`),
    ...keys.map((key) => `  key of ${key}\n`),
  ].join('');
}
