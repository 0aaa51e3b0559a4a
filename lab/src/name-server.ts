/**
 * A name server for the lab: stock dnsmasq on the host's loopback, with exactly the names it is given. `sallyport up --name-server` is pointed
 * at it. Names can change while it runs; answers live two seconds.
 */
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import { until } from '@sallyport/runtime';
import type { DevicePorts } from './device.ts';

export type Names = Readonly<Record<string, string>>;

export class NameServer implements AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly #ports: DevicePorts;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sp-names-'));

  private constructor(ports: DevicePorts, port: number) {
    this.#ports = ports;
    this.address = `127.0.0.1:${port}`;
  }

  /** @throws when it does not answer. */
  static async start(ports: DevicePorts, names: Names): Promise<NameServer> {
    const port = await freeUdpPort();
    const server = new NameServer(ports, port);
    server.#write(names);
    ports.daemons.start({
      argv: [
        'dnsmasq',
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--user=root',
        '--pid-file=',
        `--port=${port}`,
        '--listen-address=127.0.0.1',
        '--bind-interfaces',
        '--no-resolv',
        '--no-hosts',
        '--local-ttl=2',
        `--addn-hosts=${server.#hostsFile}`,
      ],
      env: {},
      logFile: join(server.#folder, 'dnsmasq.log'),
      pidFile: server.#pidFile,
    });
    await server.#untilKnown(names);
    return server;
  }

  /** From now on it has these names and no others. */
  async change(names: Names): Promise<void> {
    this.#write(names);
    const pid = this.#ports.daemons.find(this.#pidFile)?.pid;
    if (pid === undefined) throw new Error('dnsmasq has ended');
    process.kill(pid, 'SIGHUP');
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
    for (const [name, address] of Object.entries(names))
      await until(
        () => resolver.resolve4(name),
        (found) => found.join() === address,
        { because: `dnsmasq says that ${name} is ${address}`, clock: this.#ports.clock, timeoutMs: 10_000 },
      );
  }

  get #hostsFile(): string {
    return join(this.#folder, 'hosts');
  }

  get #pidFile(): string {
    return join(this.#folder, 'dnsmasq.pid');
  }
}

function freeUdpPort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = createSocket('udp4').once('error', reject);
  socket.bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    socket.close(() => resolve(port));
  });
  return promise;
}
