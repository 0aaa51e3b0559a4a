/**
 * Keeps a log file that a daemon holds open from growing without end: copied aside and emptied in place, since the daemon goes on
 * writing to the same file. Right for files opened for appending only (daemon.ts does that): the next line starts at offset 0.
 * Lines written between copy and emptying are lost; a daemon that can reopen its log has no need of this.
 */
import { copyFileSync, existsSync, statSync, truncateSync } from 'node:fs';

/** At most twice `maxBytes`, and what is written between two calls, lie on disk: the file and `<file>.old` (0600, as the file). */
export function boundLog(file: string, maxBytes: number): void {
  if (!existsSync(file) || statSync(file).size < maxBytes) return;
  copyFileSync(file, oldLog(file));
  truncateSync(file);
}

export function oldLog(file: string): string {
  return `${file}.old`;
}
