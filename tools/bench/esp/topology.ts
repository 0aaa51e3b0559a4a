/**
 * What every engine is measured on: host-a – gw-a == wire == gw-b – host-b, each a network namespace, links veth pairs. Also the
 * processes in it. Everything goes with it, whatever failed. An engine adds its own tunnel between the gateways.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addNamespace, inside, ipBatch, removeNamespace } from '@sallyport/lab';
import { systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import type { CommandOptions, CommandResult } from '@sallyport/runtime';

export type End = 'a' | 'b';
export type Place = 'host-a' | 'gw-a' | 'gw-b' | 'host-b';
export const ends: readonly End[] = ['a', 'b'];
export const otherEnd = { a: 'b', b: 'a' } as const;
export const outer = { a: '192.0.2.1', b: '192.0.2.2' } as const;
export const hosts = { a: '10.1.0.10', b: '10.2.0.10' } as const;
export const networks = { a: '10.1.0.0/24', b: '10.2.0.0/24' } as const;
const routers = { a: '10.1.0.1', b: '10.2.0.1' } as const;
/** Of every tunnel, and of the hosts' routes also where there is none: all send the same packets. */
export const innerMtu = 1400;

const ports = { run: systemCommands.run, clock: systemClock };
const daemons = systemDaemons(systemClock);
/** Of namespaces and directories: the number is the run's process. */
const namePattern = /^sp-bench(\d+)-/;
const ownPrefix = `sp-bench${process.pid}-`;

/** What a signal must remove. */
const living = new Set<Topology>();

export class Topology implements AsyncDisposable {
  /** Configurations, sockets, logs and keys of this run (0700). */
  readonly directory = mkdtempSync(join(tmpdir(), ownPrefix));
  readonly #made: string[] = [];
  readonly #pidFiles = new Set<string>();
  #removal: Promise<void> | undefined;

  static async build(): Promise<Topology> {
    const topology = new Topology();
    living.add(topology);
    try {
      await topology.#build();
    } catch (error) {
      await topology[Symbol.asyncDispose]();
      throw error;
    }
    return topology;
  }

  namespace(place: Place): string {
    return `${ownPrefix}${place}`;
  }

  ip(place: Place, ...lines: readonly (readonly (string | number)[])[]): Promise<void> {
    return ipBatch(ports, this.namespace(place), lines);
  }

  exec(place: Place, argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return ports.run(inside(this.namespace(place), argv), options);
  }

  /** In the background until stopped or the topology goes. Its output: `<directory>/<name>.log`. Gives the pid. */
  start(place: Place, name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): number {
    const pidFile = this.#pidFile(name);
    this.#pidFiles.add(pidFile);
    return daemons.start({ argv: inside(this.namespace(place), argv), env, logFile: join(this.directory, `${name}.log`), pidFile }).pid;
  }

  async stop(name: string): Promise<void> {
    await daemons.stop(this.#pidFile(name), 2000);
    this.#pidFiles.delete(this.#pidFile(name));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#removal ??= this.#remove();
    return this.#removal;
  }

  async #remove(): Promise<void> {
    for (const pidFile of [...this.#pidFiles].toReversed()) await daemons.stop(pidFile, 1000);
    for (const namespace of this.#made.toReversed()) await removeNamespace(ports, namespace);
    rmSync(this.directory, { recursive: true, force: true });
    living.delete(this);
  }

  async #build(): Promise<void> {
    for (const place of ['host-a', 'gw-a', 'gw-b', 'host-b'] as const) {
      this.#made.push(this.namespace(place));
      await addNamespace(ports, this.namespace(place), { forwards: place.startsWith('gw') });
      await this.exec(place, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']);
    }
    await this.ip('gw-a', ['link', 'add', 'wire', 'type', 'veth', 'peer', 'name', 'wire', 'netns', this.namespace('gw-b')]);
    for (const end of ends) {
      const [gateway, host] = [`gw-${end}`, `host-${end}`] as const;
      await this.ip(gateway, ['link', 'add', 'inside', 'type', 'veth', 'peer', 'name', 'inside', 'netns', this.namespace(host)]);
      await this.ip(
        gateway,
        ['address', 'add', `${outer[end]}/24`, 'dev', 'wire'],
        ['link', 'set', 'wire', 'up'],
        ['address', 'add', `${routers[end]}/24`, 'dev', 'inside'],
        ['link', 'set', 'inside', 'up'],
      );
      await this.ip(
        host,
        ['address', 'add', `${hosts[end]}/24`, 'dev', 'inside'],
        ['link', 'set', 'inside', 'up'],
        ['route', 'add', 'default', 'via', routers[end], 'mtu', innerMtu],
      );
    }
  }

  #pidFile(name: string): string {
    return join(this.directory, `${name}.pid`);
  }
}

export async function removeLiving(): Promise<void> {
  for (const topology of living) await topology[Symbol.asyncDispose]();
}

/** Removes what a run that was killed left behind: namespaces with their processes, and directories with their keys. */
export async function sweepLeftovers(): Promise<void> {
  for (const namespace of leftovers('/run/netns')) await removeNamespace(ports, namespace);
  for (const directory of leftovers(tmpdir())) rmSync(join(tmpdir(), directory), { recursive: true, force: true });
}

function leftovers(folder: string): readonly string[] {
  if (!existsSync(folder)) return []; // no namespace was ever made
  return readdirSync(folder).filter((name) => {
    const pid = namePattern.exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
