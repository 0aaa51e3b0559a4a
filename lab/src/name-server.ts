/**
 * A name server for the lab: stock dnsmasq on the host's loopback, with exactly the names it is given. `sallyport up --name-server` is pointed
 * at it. Names can change while it runs; answers live two seconds.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import { until } from '@sallyport/runtime';
import type { DevicePorts } from './device.ts';

export type Names = Readonly<Record<string, string>>;

export class NameServer implements AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly #port: number;
  readonly #ports: DevicePorts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sp-names-'));

  private constructor(ports: DevicePorts, port: number) {
    this.#ports = ports;
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
  }

  /**
   * @param choosePort where it listens, over UDP and TCP. Somebody may have it, or be quicker: then another is asked for, three times in all.
   * @throws what dnsmasq said, when it ended, or when it does not answer.
   */
  static async start(ports: DevicePorts, names: Names, choosePort = freePort): Promise<NameServer> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new NameServer(ports, await choosePort());
      try {
        await server.#begin(names);
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        if (attempt === 3 || !(error instanceof Error && error.message.includes('Address already in use'))) throw error;
      }
    }
  }

  async #begin(names: Names): Promise<void> {
    this.#write(names);
    this.#ports.daemons.start({
      argv: [
        'dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--user=root',
        '--pid-file=',
        `--port=${this.#port}`,
        '--listen-address=127.0.0.1',
        '--bind-interfaces',
        '--no-resolv',
        '--no-hosts',
        '--local-ttl=2',
        `--addn-hosts=${this.#hostsFile}`,
      ],
      env: {},
      logFile: this.#logFile,
      pidFile: this.#pidFile,
    });
    await this.#untilKnown(names);
  }

  /** From now on it has these names and no others. */
  async change(names: Names): Promise<void> {
    this.#write(names);
    if (this.#pid !== undefined) process.kill(this.#pid, 'SIGHUP');
    await this.#untilKnown(names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ports.daemons.stop(this.#pidFile);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #write(names: Names): void {
    const lines = Object.entries(names).map(([name, address]) => `${address} ${name}\n`);
    writeFileSync(this.#hostsFile, lines.join(''));
  }

  async #untilKnown(names: Names): Promise<void> {
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([this.address]);
    for (const [name, address] of Object.entries(names)) {
      await until(
        () => (this.#pid === undefined ? [] : resolver.resolve4(name)),
        (found) => found.join() === address || this.#pid === undefined,
        { because: `dnsmasq says that ${name} is ${address}`, clock: this.#ports.clock, timeoutMs: 10_000 },
      );
      if (this.#pid === undefined) throw new Error(`dnsmasq has ended: ${readFileSync(this.#logFile, 'utf8').trim()}`);
    }
  }

  get #pid(): number | undefined {
    return this.#ports.daemons.find(this.#pidFile)?.pid;
  }

  get #logFile(): string {
    return join(this.#folder, 'dnsmasq.log');
  }

  get #hostsFile(): string {
    return join(this.#folder, 'hosts');
  }

  get #pidFile(): string {
    return join(this.#folder, 'dnsmasq.pid');
  }
}

/** Free over TCP; nothing says that it is over UDP. */
function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return promise;
}
