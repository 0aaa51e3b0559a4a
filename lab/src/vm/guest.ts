/**
 * A virtual machine with Debian's stock kernel, whose root is this host's, read-only: same programs, same clone, other kernel.
 * QEMU's software emulation, so that it needs nothing of the host; about twenty times slower than the host, for correctness only.
 * No network but what the caller asks for. Not a security boundary.
 */
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, shellWord, until } from '@sallyport/runtime';
import type { CommandOptions, CommandResult } from '@sallyport/runtime';
import type { DevicePorts } from '../device.ts';
import { LabError } from '../fabric.ts';
import { inside } from '../namespaces.ts';
import { clone, findGuestKernel, makeInitrd } from './guest-files.ts';
import { initScript, serveScript, sharePoint } from './guest-scripts.ts';
import { qemuArgv } from './qemu.ts';

export type GuestOptions = {
  readonly memoryMb?: number;
  /** `eth0` in the guest is this TAP device of this network namespace; without it the guest has no network. */
  readonly network?: { readonly namespace: string; readonly tap: string; readonly mac: string };
  /** Loaded before the first command; the kernel asks for most by itself. */
  readonly modules?: readonly string[];
  readonly bootTimeoutMs?: number;
};

/** Five seconds on a quiet machine; a minute was seen beside others' work. */
const bootTimeoutMs = 300_000;
/** The kernel's ESP, what a namespace needs, and what tcpdump needs. */
const commonModules = ['tun', 'veth', 'bridge', 'af_packet', 'xfrm_user', 'xfrm_interface', 'esp4'];

export class Guest implements AsyncDisposable {
  readonly directory: string;
  /** The guest's own clock when it was ready. */
  readonly bootSeconds: number;
  readonly #ports: DevicePorts;
  #commands = 0;

  private constructor(ports: DevicePorts, directory: string, bootSeconds: number) {
    this.#ports = ports;
    this.directory = directory;
    this.bootSeconds = bootSeconds;
  }

  /** @throws LabError with the console's last words when it does not come up. Needs root for the namespace only. */
  static async boot(ports: DevicePorts, options: GuestOptions = {}): Promise<Guest> {
    const directory = mkdtempSync(join(tmpdir(), 'sp-vm-'));
    try {
      await start(ports, directory, options);
      const ready = join(directory, 'share', 'ready');
      await until(() => existsSync(ready) || !isRunning(ports, directory), Boolean, {
        because: 'the virtual machine is up',
        clock: ports.clock,
        timeoutMs: options.bootTimeoutMs ?? bootTimeoutMs,
        everyMs: 100,
      });
      if (!existsSync(ready)) throw new LabError('the virtual machine ended while it booted');
      return new Guest(ports, directory, Number(readFileSync(ready, 'utf8')));
    } catch (cause) {
      const lastWords = consoleText(directory).trimEnd().split('\n').slice(-8).join('\n');
      await remove(ports, directory);
      throw new LabError(`could not boot the virtual machine: ${lastWords}`, { cause });
    }
  }

  /** A folder that both sides write. In the guest it is at `sharedInGuest`. */
  get shared(): string {
    return join(this.directory, 'share', 'files');
  }

  get sharedInGuest(): string {
    return `${sharePoint}/files`;
  }

  get console(): string {
    return consoleText(this.directory);
  }

  /** As CommandRunner.run, in the guest; several may run at once. A command that times out goes on until the guest ends. */
  readonly run = async (argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> => {
    this.#commands += 1;
    const share = join(this.directory, 'share');
    const name = String(this.#commands);
    const words = [...Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${value}`), ...argv];
    const input = options.input === undefined ? '' : ` < ${sharePoint}/in/${name}.input`;
    if (options.input !== undefined) writeFileSync(join(share, 'in', `${name}.input`), options.input, { mode: 0o600 });
    writeFileSync(join(share, 'in', name), `exec env ${words.map(shellWord).join(' ')}${input}\n`, { mode: 0o600 });
    appendFileSync(join(this.directory, 'commands.in'), `${name}\n`);
    const output = (kind: string): string => {
      const file = join(share, 'out', `${name}.${kind}`);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    const hasEnded = (): boolean => output('code') !== '' || !isRunning(this.#ports, this.directory);
    const timeoutMs = options.timeoutMs ?? 60_000;
    const wait = { because: `${argv[0] ?? ''} ends in the guest`, clock: this.#ports.clock, timeoutMs, everyMs: 50 };
    await until(hasEnded, Boolean, options.signal === undefined ? wait : { ...wait, signal: options.signal }).catch((cause: unknown) => {
      const result = { stdout: output('stdout'), stderr: output('stderr'), code: 128 };
      throw new CommandError('timed-out', argv, `${argv.join(' ')} did not end in time in the guest`, result, cause);
    });
    if (output('code') === '') throw new LabError(`the virtual machine ended during ${argv.join(' ')}: ${this.console.slice(-500)}`);
    const result = { stdout: output('stdout'), stderr: output('stderr'), code: Number(output('code')) };
    if ((options.okCodes ?? [0]).includes(result.code)) return result;
    const lastLine = result.stderr.trimEnd().split('\n').at(-1) ?? '';
    throw new CommandError('failed', argv, `${argv.join(' ')} ended with ${result.code} in the guest: ${lastLine}`, result);
  };

  /** Power off, as by pulling the plug. */
  async [Symbol.asyncDispose](): Promise<void> {
    await remove(this.#ports, this.directory);
  }
}

async function start(ports: DevicePorts, directory: string, options: GuestOptions): Promise<void> {
  const kernel = findGuestKernel();
  const share = join(directory, 'share');
  for (const folder of ['in', 'out', 'files']) mkdirSync(join(share, folder), { recursive: true, mode: 0o700 });
  const modules = [...commonModules, ...(options.modules ?? [])];
  writeFileSync(join(share, 'serve'), serveScript({ clone, moduleRoot: kernel.moduleRoot, modules }));
  writeFileSync(join(directory, 'initrd.gz'), await makeInitrd(ports.run, kernel, initScript));
  await ports.run(['mkfifo', '-m', '600', join(directory, 'commands.in'), join(directory, 'commands.out')]);
  const { network } = options;
  const qemu = qemuArgv({
    memoryMb: options.memoryMb ?? 1536,
    kernelImage: kernel.image,
    initrd: join(directory, 'initrd.gz'),
    console: join(directory, 'console.log'),
    commands: join(directory, 'commands'),
    share,
    network,
  });
  // Dies with this process however that ends: a machine that nobody waits for would keep a core busy.
  const bound = ['setpriv', '--pdeathsig', 'KILL', '--', ...qemu];
  ports.daemons.start({
    argv: network === undefined ? bound : inside(network.namespace, bound),
    env: {},
    logFile: join(directory, 'qemu.log'),
    pidFile: join(directory, 'qemu.pid'),
  });
}

function isRunning(ports: DevicePorts, directory: string): boolean {
  return ports.daemons.find(join(directory, 'qemu.pid')) !== undefined;
}

async function remove(ports: DevicePorts, directory: string): Promise<void> {
  await ports.daemons.stop(join(directory, 'qemu.pid'), 500);
  rmSync(directory, { recursive: true, force: true });
}

function consoleText(directory: string): string {
  const parts = ['qemu.log', 'console.log'].map((name) => join(directory, name));
  return parts.map((file) => (existsSync(file) ? readFileSync(file, 'latin1') : '')).join('');
}
