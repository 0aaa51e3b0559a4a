/** One tcpdump over all links of a namespace, into a file, and what is in that file. Headers only. What must not be in it is evidence.ts's. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@sallyport/runtime';
import type { DevicePorts } from './device.ts';
import { inside } from './namespaces.ts';

/** Enough for all headers of an encapsulated packet; keys and payloads are of no use here. */
const snapLength = 128;

export class Capture implements AsyncDisposable {
  readonly file: string;
  readonly #ports: DevicePorts;
  readonly #pidFile: string;

  /** `NAME.pcap` in the folder; nothing runs yet. */
  constructor(ports: DevicePorts, folder: string, name: string) {
    this.file = join(folder, `${name}.pcap`);
    this.#ports = ports;
    this.#pidFile = join(folder, `tcpdump-${name}.pid`);
  }

  /** From now on, once. */
  async start(namespace: string): Promise<void> {
    if (existsSync(this.file)) return;
    this.#ports.daemons.start({
      // Each packet at once: those of the last second would otherwise still be in the kernel's buffer at a stop, and are lost with it.
      argv: inside(namespace, ['tcpdump', '-i', 'any', '-n', '-U', '--immediate-mode', '-s', `${snapLength}`, '-w', this.file]),
      env: {},
      logFile: this.#pidFile.replace(/pid$/, 'log'),
      pidFile: this.#pidFile,
    });
    const hasBegun = (): boolean => existsSync(this.file) && statSync(this.file).size > 0;
    await until(hasBegun, Boolean, { because: `tcpdump captures in ${namespace}`, clock: this.#ports.clock, timeoutMs: 30_000 });
  }

  async stop(): Promise<void> {
    await this.#ports.daemons.stop(this.#pidFile);
  }

  /** Packets that match a pcap-filter(7) expression. */
  async count(filter: string): Promise<number> {
    const { stdout } = await this.#ports.run(['tcpdump', '-r', this.file, '-n', '--count', filter], { timeoutMs: 120_000 });
    const count = /^(\d+) packets?$/m.exec(stdout)?.[1];
    if (count === undefined) throw new Error(`could not count packets in ${this.file}: tcpdump printed ${JSON.stringify(stdout)}`);
    return Number(count);
  }

  /** What their UDP carries: unlike a count, the same however a sender batches its datagrams (UDP_SEGMENT). Twice what passes through a router. */
  async udpBytes(filter: string): Promise<number> {
    const { stdout } = await this.#ports.run(['tcpdump', '-r', this.file, '-n', '-q', filter], { timeoutMs: 120_000 });
    return [...stdout.matchAll(/ UDP, length (\d+)$/gm)].reduce((sum, [, length]) => sum + Number(length), 0);
  }

  /** The first few of those, a line each; empty when there are none. */
  async first(filter: string): Promise<string> {
    const { stdout } = await this.#ports.run(['tcpdump', '-r', this.file, '-n', '-c', '3', filter], { timeoutMs: 120_000 });
    return stdout.trim();
  }

  /** When those were seen, in seconds of the host's clock. */
  async times(filter: string): Promise<readonly number[]> {
    const { stdout } = await this.#ports.run(['tcpdump', '-r', this.file, '-n', '-tt', filter], { timeoutMs: 120_000 });
    return stdout
      .split('\n')
      .flatMap((line) => /^(\d+\.\d+) /.exec(line)?.[1] ?? [])
      .map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
