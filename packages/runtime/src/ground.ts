/** What is wrong with a folder that something must be written to, in one sentence with the remedy. Reads only, and cures nothing. */
import { accessSync, constants, existsSync, statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Less than this is full: it is what a log grows by in a day. */
const enoughBytes = 1024 * 1024;

export type Disk = {
  /** @throws with the system's code when it can't be written. */
  readonly access: (directory: string) => void;
  readonly space: (directory: string) => {
    readonly blocks: number;
    readonly bsize: number;
    readonly bfree: number;
    readonly bavail: number;
    readonly files: number;
    readonly ffree: number;
  };
};

const systemDisk: Disk = { access: (directory) => accessSync(directory, constants.W_OK), space: (directory) => statfsSync(directory) };

/** @param directory need not be there yet: then it is about the folder it would be made in. */
export function groundTrouble(directory: string, disk: Disk = systemDisk): string | undefined {
  const place = nearestThere(directory);
  if (!statSync(place).isDirectory()) return `${place} is no folder: remove the file, or choose another place`;
  try {
    disk.access(place);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // node:fs throws these
    if (code === 'EROFS') return `the disk of ${directory} is mounted read-only: mount it for writing`;
    return `${directory} can't be written (${code ?? message}): run as its owner, or choose another place`;
  }
  const { blocks, bsize, bfree, bavail, files, ffree } = disk.space(place);
  const freeBytes = bsize * (process.getuid?.() === 0 ? bfree : bavail);
  // Without limits there are no numbers: a tmpfs of size=0, inodes of btrfs.
  if (blocks > 0 && freeBytes < enoughBytes) return `the disk of ${directory} is full: free some space on it`;
  if (files > 0 && ffree === 0) return `the disk of ${directory} has as many files as it can: remove some`;
  return undefined;
}

function nearestThere(directory: string): string {
  let place = directory;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  return place;
}
