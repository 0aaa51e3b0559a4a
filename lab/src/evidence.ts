/**
 * What a person needs after a failed lab run: a capture of the public network, every namespace's links, routes and rules,
 * nft tables, the devices' SAs and all logs, in one folder. Taken only when asked; a success removes it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Capture } from './capture.ts';
import { deviceRunDirectory, swanctl } from './device.ts';
import type { DevicePorts } from './device.ts';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { readMachines } from './lab-file.ts';
import type { Place } from './machines.ts';
import { inside, listNamespaces, waitForPublicNetwork } from './namespaces.ts';

/** RFC 1918 and RFC 6598: what is behind gateways and sites. pcap-filter(7) sees the outer header only. */
const privateAddresses = 'net 10.0.0.0/8 or net 172.16.0.0/12 or net 192.168.0.0/16 or net 100.64.0.0/10';

/** In the clone, ignored by git. */
const evidenceFolder = join(import.meta.dirname, '..', '..', '.lab-evidence');

export class Evidence implements AsyncDisposable {
  readonly folder: string;
  readonly #ports: DevicePorts;
  readonly #fabric: Fabric;
  readonly #public: Capture;
  readonly #others: Capture[] = [];
  #isKept = false;

  constructor(ports: DevicePorts, fabric: Fabric, name: string) {
    this.#ports = ports;
    this.#fabric = fabric;
    this.folder = join(evidenceFolder, `${name}-${fabric.id}`);
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#public = new Capture(ports, this.folder, 'public');
  }

  get captureFile(): string {
    return this.#public.file;
  }

  /** Captures every link of the public network from now on; once. */
  async startCapture(): Promise<void> {
    await this.#public.start(await waitForPublicNetwork(this.#fabric, this.#ports.clock));
  }

  async stopCapture(): Promise<void> {
    await this.#public.stop();
  }

  /** Packets of the capture that match a pcap-filter(7) expression. */
  countPackets(filter: string): Promise<number> {
    return this.#public.count(filter);
  }

  /** See `Capture.udpBytes`. */
  udpBytes(filter: string): Promise<number> {
    return this.#public.udpBytes(filter);
  }

  /** Another place is captured too; the file is kept with the rest. */
  async captureAt({ name, namespace }: Pick<Place, 'name' | 'namespace'>): Promise<Capture> {
    const capture = new Capture(this.#ports, this.folder, name.replaceAll('/', '-'));
    this.#others.push(capture);
    await capture.start(namespace);
    return capture;
  }

  /**
   * Ends the capture and looks at every packet in it: none has an address of a private network outside of a tunnel. What a gateway or a site
   * sends to the Internet under its public address is not judged here.
   * @throws LabError with the first of those that should not be there.
   */
  async expectNothingInClear(): Promise<void> {
    await this.stopCapture();
    const found = await this.#public.first(privateAddresses);
    if (found !== '') throw new LabError(`packets left in clear, of which these are the first:\n${found}`);
  }

  /** Dumps everything; the folder stays. @returns the folder. */
  async collect(reason: unknown): Promise<string> {
    this.#isKept = true;
    writeFileSync(join(this.folder, 'reason.txt'), `${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}\n`);
    for (const namespace of listNamespaces(this.#fabric)) {
      const commands = [
        ['ip', '-d', 'address'],
        ['ip', 'route', 'show', 'table', 'all'],
        ['ip', 'rule'],
        ['nft', 'list', 'ruleset'],
        ['ss', '-anup'],
      ];
      for (const argv of commands) await this.#dump(`${namespace}.txt`, inside(namespace, argv));
    }
    for (const machine of readMachines(this.#fabric)) {
      if (machine.kind !== 'site' || machine.device === 'none') continue;
      const sas = await swanctl(this.#ports, this.#fabric, machine.name, ['--list-sas']).catch((error: unknown) => ({
        stdout: String(error),
      }));
      writeFileSync(join(this.folder, `site-${machine.name}-sas.txt`), sas.stdout);
      copyIfThere(join(deviceRunDirectory(this.#fabric, machine.name), 'charon.log'), join(this.folder, `site-${machine.name}-charon.log`));
    }
    await this.#dump('processes.txt', ['ps', '-eo', 'pid,ppid,pgid,stat,rss,lstart,args']);
    copyLogs(this.#fabric.runDirectory, this.folder);
    copyLogs(this.#fabric.dataDirectory, this.folder);
    return this.folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const capture of [this.#public, ...this.#others]) await capture.stop();
    if (!this.#isKept) rmSync(this.folder, { recursive: true, force: true });
  }

  async #dump(file: string, argv: readonly string[]): Promise<void> {
    const text = await this.#ports.run(argv, { okCodes: [0, 1, 2, 255] }).then(({ stdout, stderr }) => stdout + stderr, String);
    writeFileSync(join(this.folder, file), `$ ${argv.join(' ')}\n${text}\n`, { flag: 'a' });
  }
}

/** Logs only: never keys, databases or configuration. */
function copyLogs(from: string, to: string): void {
  if (!existsSync(from)) return;
  for (const entry of readdirSync(from, { recursive: true, encoding: 'utf8' }))
    if (entry.endsWith('.log')) copyIfThere(join(from, entry), join(to, `${basename(from)}-${entry.replaceAll('/', '-')}`));
}

function copyIfThere(from: string, to: string): void {
  if (existsSync(from) && statSync(from).isFile()) cpSync(from, to);
}
