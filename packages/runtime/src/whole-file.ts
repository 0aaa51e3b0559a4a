/**
 * Files that are the old content or the new one, never a part: also after a crash, and on a disk that fills in the middle, where the system
 * takes the first bytes and says so only by their number. Readable by their owner alone, in folders that are too. Not for logs.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

/** As `writeWholeFile`, and nothing where the file has this content: then it works on a full disk too. */
export function keepWholeFile(file: string, content: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeWholeFile(file, content);
}

/**
 * Reads a file that only we write, into what `parse` makes of it.
 * @param remedy what to do when it can't be: it was damaged from outside.
 * @throws Error that names the file, with the remedy.
 */
export function readOwnFile<T>(file: string, parse: (text: string) => T, remedy: string): T {
  const text = readFileSync(file, 'utf8');
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(`${file} is damaged: ${remedy}`, { cause });
  }
}
