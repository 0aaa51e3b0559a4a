/** SQLite's failures in one sentence with the remedy. Not what follows from them: sqlite-store.ts. https://sqlite.org/rescode.html */
import { dirname } from 'node:path';
import { StoreError } from './store.ts';

/** Primary result codes: the lowest byte of an extended one. */
const result = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cantOpen: 14, notDatabase: 26 } as const;

export function writeError(file: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  return groundError(file, cause) ?? new StoreError('unavailable', `could not write ${file}`, cause);
}

export function movedError(file: string): StoreError {
  const remedy = 'put it back, or start the control plane again with what is there';
  return new StoreError('unavailable', `${file} was removed or replaced while in use: ${remedy}`);
}

export function openError(file: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = codeOf(cause);
  if (code === result.busy) return new StoreError('in-use', `${file} is in use by another control plane`, cause);
  const isDamaged = code === result.corrupt || code === result.notDatabase || cause instanceof SyntaxError;
  const damaged = `${file} is damaged: put a copy of the whole data directory back, or begin anew with an empty one`;
  if (isDamaged) return new StoreError('corrupt', damaged, cause);
  return groundError(file, cause) ?? new StoreError('corrupt', `could not open ${file}`, cause);
}

/** What is wrong with the disk itself. */
function groundError(file: string, cause: unknown): StoreError | undefined {
  const directory = dirname(file);
  switch (codeOf(cause)) {
    case result.full:
      return new StoreError('full', `the disk of ${directory} is full: free some space on it`, cause);
    case result.readOnly:
    case result.cantOpen:
      return new StoreError(
        'unavailable',
        `${directory} can't be written: it must be there, writable, on a disk mounted for writing`,
        cause,
      );
    case result.ioError:
      return new StoreError('unavailable', `the disk of ${directory} fails: look at the kernel's log, and for free space`, cause);
    case undefined:
    default:
      return undefined;
  }
}

function codeOf(cause: unknown): number | undefined {
  return cause instanceof Error && 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : undefined;
}
