/**
 * What a guest boots from: Debian's kernel as tools/vm/fetch-kernel.sh unpacked it, and an initrd made here of busybox and the few
 * modules that reach the host's root directory. Everything else the guest takes from there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { CommandRunner } from '@sallyport/runtime';
import { LabError } from '../fabric.ts';
import { cpioArchive } from './cpio.ts';
import type { ArchiveEntry } from './cpio.ts';

export const clone = join(import.meta.dirname, '..', '..', '..');
const kernelFolder = join(clone, 'build', 'vm', 'kernel');
const busybox = '/bin/busybox';
/** In this order; modprobe adds what they need. */
const modules = ['virtio_pci', 'virtio_console', 'virtio_net', '9pnet_virtio', '9p'];

export type GuestKernel = {
  /** As `uname -r` prints it. */
  readonly version: string;
  readonly image: string;
  /** For `modprobe -d`. */
  readonly moduleRoot: string;
};

/** @throws LabError when the machine was not set up for tests. */
export function findGuestKernel(): GuestKernel {
  const file = join(kernelFolder, 'version');
  if (!existsSync(file)) throw new LabError('there is no kernel for the virtual machine: run tools/set-up.sh test');
  const version = readFileSync(file, 'utf8').trim();
  return { version, image: join(kernelFolder, 'boot', `vmlinuz-${version}`), moduleRoot: kernelFolder };
}

/** A compressed initrd with this /init. */
export async function makeInitrd(run: CommandRunner['run'], kernel: GuestKernel, init: string): Promise<Buffer> {
  const files = await moduleFiles(run, kernel);
  const file = (path: string, content: Uint8Array, isExecutable = false): ArchiveEntry => ({ path, kind: 'file', content, isExecutable });
  const archive = cpioArchive([
    ...['bin', 'dev', 'proc', 'sys', 'modules', 'sysroot'].map((path): ArchiveEntry => ({ path, kind: 'directory' })),
    file('bin/busybox', readFileSync(busybox), true),
    ...files.map((path) => file(`modules/${basename(path)}`, readFileSync(path))),
    file('modules/order', Buffer.from(`${files.map((path) => basename(path)).join('\n')}\n`)),
    file('init', Buffer.from(init), true),
  ]);
  return gzipSync(archive, { level: 1 });
}

/** Paths in the order in which they must be loaded. */
async function moduleFiles(run: CommandRunner['run'], kernel: GuestKernel): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const module of modules) {
    const { stdout } = await run(['modprobe', '-d', kernel.moduleRoot, '-S', kernel.version, '--show-depends', module]);
    for (const [, path] of stdout.matchAll(/^insmod (\S+)/gm)) if (path !== undefined) files.add(path);
  }
  return [...files];
}
