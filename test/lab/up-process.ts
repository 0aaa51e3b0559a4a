/**
 * `sallyport up` as a user starts it: its own process group, a temporary data directory, port 0. Tests kill it in every way
 * and start it again. Disposing stops it, removes what is left and says so.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArmClient, Evidence, createFabric, listNamespaces, readClientFile } from '@sallyport/lab';
import type { DevicePorts, Fabric, LabSession } from '@sallyport/lab';
import type { ConnectionObservation, InstanceObservation } from '@sallyport/model';
import { systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import type { Clock } from '@sallyport/runtime';

export const ports: DevicePorts = { run: systemCommands.run, clock: systemClock, daemons: systemDaemons(systemClock) };
export const cli = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'sallyport');

export class UpProcess implements AsyncDisposable {
  readonly fabric: Fabric;
  readonly #options: readonly string[];
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #port = 0;
  #output = '';
  #arm: ArmClient | undefined;

  private constructor(fabric: Fabric, options: readonly string[], clock: Clock) {
    this.fabric = fabric;
    this.#options = options;
    this.#clock = clock;
  }

  /**
   * @param options more of `sallyport up`, like `--ipsec kernel`.
   * @param clock of the patience with it.
   */
  static async start(options: readonly string[] = [], clock: Clock = systemClock): Promise<UpProcess> {
    const up = new UpProcess(createFabric(mkdtempSync(join(tmpdir(), 'sallyport-test-'))), options, clock);
    await up.begin();
    return up;
  }

  /** What `up` printed, stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get session(): LabSession {
    this.#arm ??= new ArmClient(readClientFile(this.fabric.dataDirectory));
    return { ports, fabric: this.fabric, arm: this.#arm, tell: () => {} };
  }

  /** Starts it and waits for its ready line. The port of the first start is used again. */
  async begin(): Promise<void> {
    const own = ['--data-dir', this.fabric.dataDirectory, '--listen', `127.0.0.1:${this.#port}`];
    const child = spawn(cli, ['up', ...own, ...this.#options], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const began = this.#output.length;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (this.#output += chunk.toString()));
    const printed = (): string => this.#output.slice(began);
    await until(() => !this.isRunning || printed().includes('is ready at'), Boolean, {
      because: 'sallyport up prints its ready line',
      clock: this.#clock,
      timeoutMs: 120_000,
    });
    if (!this.isRunning) throw new Error(`sallyport up ended: ${printed()}`);
    this.#port = Number(new URL(readClientFile(this.fabric.dataDirectory).endpoint).port);
  }

  /** kill -9 of the program and its two children, as one group. */
  async kill(): Promise<void> {
    await this.#signal(-(this.#child?.pid ?? 0), 'SIGKILL');
  }

  /** A polite stop, as by Ctrl-C or a service manager. @returns the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    await this.#signal(this.#child?.pid ?? 0, signal);
    return this.#child?.exitCode ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.stop();
    this.#arm?.[Symbol.dispose]();
    await ports.run([cli, 'clean-up', '--data-dir', this.fabric.dataDirectory], { timeoutMs: 60_000 });
    rmSync(this.fabric.dataDirectory, { recursive: true, force: true });
  }

  async #signal(pid: number, signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning || pid === 0) return;
    process.kill(pid, signal);
    await until(
      () => this.isRunning,
      (running) => !running,
      { because: `sallyport up ends after ${signal}`, clock: this.#clock, timeoutMs: 60_000 },
    );
  }
}

/**
 * Runs a test body with evidence: kept and its folder named in the error when the body fails. The public network is captured all
 * the while, and whatever the body does to its tunnels, nothing may have left in clear.
 */
export async function withEvidence<T>(up: UpProcess, name: string, body: (evidence: Evidence) => Promise<T>): Promise<T> {
  await using evidence = new Evidence(ports, up.fabric, name);
  try {
    await evidence.startCapture();
    const result = await body(evidence);
    await evidence.expectNothingInClear();
    return result;
  } catch (error) {
    const folder = await evidence.collect(error);
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nevidence: ${folder}\nup printed: ${up.output}`, {
      cause: error,
    });
  }
}

/** What the agent sees of every connection, from `sallyport status --json`. */
export async function observedConnections(session: Pick<LabSession, 'fabric'>): Promise<readonly ConnectionObservation[]> {
  const { stdout } = await ports.run([cli, 'status', '--json', '--data-dir', session.fabric.dataDirectory], { okCodes: [0, 1] });
  const { instances } = JSON.parse(stdout) as { readonly instances: readonly InstanceObservation[] };
  return instances.flatMap(({ connections }) => connections);
}

export type Traces = {
  readonly namespaces: readonly string[];
  readonly processes: readonly string[];
  readonly tables: string;
  readonly links: string;
  readonly files: readonly string[];
};

/** Everything of one fabric that could be left on the host. */
export async function traces(fabric: Fabric): Promise<Traces> {
  const tables = await ports.run(['nft', 'list', 'tables']);
  const links = await ports.run(['ip', '-j', 'link', 'show']);
  return {
    namespaces: listNamespaces(fabric),
    processes: processesOf(fabric),
    tables: tables.stdout,
    links: JSON.stringify((JSON.parse(links.stdout) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname)),
    files: ['/run/sallyport', tmpdir()].flatMap((at) =>
      entriesOf(at)
        .filter((entry) => entry.includes(fabric.id))
        .map((entry) => join(at, entry)),
    ),
  };
}

/** Processes whose command line or environment names the fabric's run or data directory, or one of its namespaces. */
function processesOf(fabric: Fabric): readonly string[] {
  const marks = [fabric.runDirectory, fabric.dataDirectory, fabric.namespacePrefix];
  return entriesOf('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    const text = readProc(pid, 'cmdline') + readProc(pid, 'environ');
    return marks.some((mark) => text.includes(mark)) ? [`${pid} ${readProc(pid, 'cmdline').replaceAll('\0', ' ')}`] : [];
  });
}

function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // not there: nothing in it
  }
}
