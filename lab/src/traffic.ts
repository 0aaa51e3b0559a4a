/** Traffic between places, counted: a steady stream of echoes whose every loss is known, and bulk TCP whose every byte is compared. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@sallyport/runtime';
import { member } from './arm.ts';
import { LabError } from './fabric.ts';
import type { Place } from './machines.ts';
import { inside } from './namespaces.ts';
import type { LabSession } from './run-scenario.ts';

export type EchoCount = { readonly sent: number; readonly answered: number; readonly lost: readonly number[] };

/** Counts of ping(8)'s output with -O. The newest echo may still be on its way, so it is not judged. */
export function parseEchoes(text: string): EchoCount {
  const answered = new Set([...text.matchAll(/bytes from .*icmp_seq=(\d+)/g)].map((match) => Number(match[1])));
  const missed = [...text.matchAll(/no answer yet for icmp_seq=(\d+)/g)].map((match) => Number(match[1]));
  const last = Math.max(0, ...answered, ...missed);
  const lost = Array.from({ length: Math.max(0, last - 1) }, (_, index) => index + 1).filter((sequence) => !answered.has(sequence));
  return { sent: last, answered: answered.size, lost };
}

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

  /** Counts so far. */
  read(): EchoCount {
    return parseEchoes(readFileSync(this.#logFile, 'utf8'));
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

export type Transfer = { readonly bytes: number; readonly seconds: number };

const peerProgram = join(import.meta.dirname, 'tcp-peer.ts');
const port = 5201;

/** Sends `bytes` over one TCP connection from one place to another. @throws LabError unless exactly these bytes arrived. */
export async function transfer(session: LabSession, from: Place, to: Place, bytes: number): Promise<Transfer> {
  const { ports } = session;
  const address = to.addresses[0] ?? '';
  const receiver = ports.run(inside(to.namespace, [process.execPath, peerProgram, 'receive', `${port}`]), { timeoutMs: 180_000 });
  receiver.catch(() => {}); // awaited below; a failure of the sender comes first and says more
  const listening = (): Promise<{ readonly stdout: string }> => ports.run(inside(to.namespace, ['ss', '-Hltn', 'sport', '=', `:${port}`]));
  await until(listening, ({ stdout }) => stdout !== '', { because: `${to.name} listens`, clock: ports.clock });
  const began = ports.clock.monotonic();
  const sent = await ports.run(inside(from.namespace, [process.execPath, peerProgram, 'send', address, `${port}`, `${bytes}`]), {
    timeoutMs: 180_000,
  });
  const seconds = (ports.clock.monotonic() - began) / 1000;
  const received = await receiver;
  if (received.stdout !== sent.stdout || member(JSON.parse(received.stdout), 'bytes') !== bytes)
    throw new LabError(`${from.name} sent ${sent.stdout.trim()} and ${to.name} received ${received.stdout.trim()}`);
  return { bytes, seconds };
}
