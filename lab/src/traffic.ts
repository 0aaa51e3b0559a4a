/** Traffic between places, counted: a steady stream of echoes whose every loss is known, and bulk TCP by iperf3. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@sallyport/runtime';
import { member } from './arm.ts';
import { LabError } from './fabric.ts';
import type { Place } from './machines.ts';
import { inside } from './namespaces.ts';
import type { LabSession } from './run-scenario.ts';

export type EchoCount = { readonly sent: number; readonly answered: number; readonly lost: readonly number[] };

/** One ping(8) that runs until stopped, every answer on a line. */
export class EchoStream implements AsyncDisposable {
  readonly name: string;
  readonly #session: LabSession;
  readonly #folder: string;

  constructor(session: LabSession, from: Place, to: Place, everyMs = 100) {
    this.#session = session;
    this.name = `${from.name}-${to.name}`.replaceAll('/', '_');
    this.#folder = join(session.fabric.runDirectory, 'traffic', this.name);
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const ping = ['ping', '-n', '-O', '-i', `${everyMs / 1000}`, to.addresses[0] ?? ''];
    session.ports.daemons.start({
      argv: inside(from.namespace, ['stdbuf', '-oL', ...ping]),
      env: {},
      logFile: this.#logFile,
      pidFile: this.#pidFile,
    });
  }

  /** Waits for one more answer: the path works right now. */
  async waitForAnswer(timeoutMs = 20_000): Promise<void> {
    const before = this.read().answered;
    await until(
      () => this.read().answered,
      (answered) => answered > before,
      {
        because: `${this.name}: an echo is answered`,
        clock: this.#session.ports.clock,
        timeoutMs,
      },
    );
  }

  /** Counts so far. The newest echo may still be on its way, so it is not judged. */
  read(): EchoCount {
    const text = readFileSync(this.#logFile, 'utf8');
    const answered = new Set([...text.matchAll(/bytes from .*icmp_seq=(\d+)/g)].map((match) => Number(match[1])));
    const missed = [...text.matchAll(/no answer yet for icmp_seq=(\d+)/g)].map((match) => Number(match[1]));
    const last = Math.max(0, ...answered, ...missed);
    const lost = Array.from({ length: Math.max(0, last - 1) }, (_, index) => index + 1).filter((sequence) => !answered.has(sequence));
    return { sent: last, answered: answered.size, lost };
  }

  async stop(): Promise<EchoCount> {
    await this.#session.ports.daemons.stop(this.#pidFile);
    return this.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.ports.daemons.stop(this.#pidFile);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #logFile(): string {
    return join(this.#folder, 'ping.log');
  }

  get #pidFile(): string {
    return join(this.#folder, 'ping.pid');
  }
}

export type Transfer = { readonly bytes: number; readonly bitsPerSecond: number; readonly retransmits: number };

/** Sends `bytes` over TCP from one place to another. @throws LabError when not all of it arrived. */
export async function transfer(session: LabSession, from: Place, to: Place, bytes: number): Promise<Transfer> {
  const folder = join(session.fabric.runDirectory, 'traffic', `iperf-${to.name}`.replaceAll('/', '_'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pidFile = join(folder, 'iperf3.pid');
  const address = to.addresses[0] ?? '';
  session.ports.daemons.start({
    argv: inside(to.namespace, ['iperf3', '-s', '-1', '-B', address]),
    env: {},
    logFile: join(folder, 'iperf3.log'),
    pidFile,
  });
  try {
    const listening = (): Promise<{ readonly stdout: string }> =>
      session.ports.run(inside(to.namespace, ['ss', '-Hltn', 'sport', '=', ':5201']));
    await until(listening, ({ stdout }) => stdout !== '', { because: `iperf3 listens in ${to.name}`, clock: session.ports.clock });
    const client = inside(from.namespace, ['iperf3', '-c', address, '-n', `${bytes}`, '-J']);
    const { stdout } = await session.ports.run(client, { timeoutMs: 180_000 });
    const end = member(JSON.parse(stdout), 'end');
    const received = Number(member(end, 'sum_received', 'bytes'));
    if (!(received >= bytes * 0.99)) throw new LabError(`of ${bytes} bytes from ${from.name} only ${received} arrived at ${to.name}`);
    return {
      bytes: received,
      bitsPerSecond: Number(member(end, 'sum_received', 'bits_per_second')),
      retransmits: Number(member(end, 'sum_sent', 'retransmits')),
    };
  } finally {
    await session.ports.daemons.stop(pidFile);
    rmSync(folder, { recursive: true, force: true });
  }
}
