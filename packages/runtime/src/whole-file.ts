/**
 * Files that are the old content or the new one, never a part: also after a crash, and on a disk that fills in the middle, where the system
 * takes the first bytes and says so only by their number. Readable by their owner alone, in folders that are too. Not for logs.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type WholeFileOptions = {
  /** Default 0600. */
  readonly mode?: number;
  /** False for what may be lost with the power: the disk is not waited for. */
  readonly isDurable?: boolean;
};

/** @throws Error that names the file, with the system's code; the old content is still there then. */
export function writeWholeFile(file: string, content: string, { mode = 0o600, isDurable = true }: WholeFileOptions = {}): void {
  const temporary = `${file}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const descriptor = openSync(temporary, 'w', mode);
    try {
      writeFileSync(descriptor, content);
      if (isDurable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const { message, code } = cause as NodeJS.ErrnoException; // node:fs throws these
    throw Object.assign(new Error(`could not write ${file}: ${message}`, { cause }), { code });
  }
}
