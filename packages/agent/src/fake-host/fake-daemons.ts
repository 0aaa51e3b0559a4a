/**
 * Daemons of the fake host: programs that run inside this process, found by their pid files as real ones are. Which
 * program does what is the caller's; here they start, are found, are stopped, and die.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { DaemonProcess, DaemonSpec, Daemons } from '@sallyport/runtime';

export type FakeProgram = {
  /** Polite or not, it is gone afterwards; undefined ports and sockets with it. */
  readonly stop: () => Promise<void>;
};
/** @param exit to be called when the program ends by itself. */
export type FakeProgramStart = (spec: DaemonSpec, exit: () => void) => FakeProgram;

/** A namespace is the object that its name stands for: made anew under the same name, it is another one. */
export type FakeNamespaceOf = (namespaceFile: string) => object | undefined;

type Running = { readonly spec: DaemonSpec; readonly program: FakeProgram; readonly name: string; readonly namespace: object | undefined };

export class FakeDaemons implements Daemons {
  readonly #programs: Readonly<Record<string, FakeProgramStart>>;
  readonly #running = new Map<number, Running>();
  #nextPid = 1000;

  readonly #namespaceOf: FakeNamespaceOf;

  /** @param programs by file name: `xfrmd`, `charon-systemd`. */
  constructor(programs: Readonly<Record<string, FakeProgramStart>>, namespaceOf: FakeNamespaceOf) {
    this.#programs = programs;
    this.#namespaceOf = namespaceOf;
  }

  readonly start = (spec: DaemonSpec): DaemonProcess => {
    const name = spec.argv.map((word) => basename(word)).find((word) => Object.hasOwn(this.#programs, word)) ?? '';
    const begin = this.#programs[name];
    if (begin === undefined) throw new Error(`the fake host has no program for "${spec.argv.join(' ')}"`);
    const pid = this.#nextPid++;
    const namespace = this.#namespaceOf(namespaceFileOf(spec));
    this.#running.set(pid, { spec, name, namespace, program: begin(spec, () => this.#running.delete(pid)) });
    writeFileSync(spec.pidFile, `${pid} 1\n`, { mode: 0o600 });
    return { pid, startTicks: '1' };
  };

  readonly find = (pidFile: string, namespaceFile?: string): DaemonProcess | undefined => {
    const pid = pidOf(pidFile);
    const running = pid === undefined ? undefined : this.#running.get(pid);
    if (pid === undefined || running === undefined) return undefined;
    const isThere = namespaceFile === undefined || running.namespace === this.#namespaceOf(namespaceFile);
    return isThere ? { pid, startTicks: '1' } : undefined;
  };

  readonly stop = async (pidFile: string): Promise<void> => {
    const pid = pidOf(pidFile);
    if (pid !== undefined) await this.kill(pid);
    rmSync(pidFile, { force: true });
  };

  readonly residentBytes = (pid: number): number | undefined => (this.#running.has(pid) ? 4_194_304 : undefined);

  readonly killWithin = async (namespaceFile: string, program?: string): Promise<void> => {
    const within = this.list().filter(({ spec }) => spec.argv.includes(`--net=${namespaceFile}`));
    await Promise.all(within.filter(({ name }) => program === undefined || name === program).map(({ pid }) => this.kill(pid)));
  };

  async kill(pid: number): Promise<void> {
    const running = this.#running.get(pid);
    this.#running.delete(pid);
    await running?.program.stop();
  }

  /** What runs, by pid file. */
  list(): readonly { readonly pid: number; readonly name: string; readonly spec: DaemonSpec }[] {
    return [...this.#running].map(([pid, { name, spec }]) => ({ pid, name, spec }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((pid) => this.kill(pid)));
  }
}

/** The one that nsenter(1) is told to enter. */
export function namespaceFileOf({ argv }: DaemonSpec): string {
  return argv.find((word) => word.startsWith('--net='))?.replace('--net=', '') ?? '';
}

function pidOf(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split(' ')[0]);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined; // never started
  }
}
