/**
 * charon's log file, read as it grows: VICI's `log` event would have charon build and send a message for each line, which under a hundred
 * calls costs as much as half the calls. What has been read is told as a position, so that an agent which was away goes on where it
 * stopped. Follows the file through its rotation (charon.ts). What a line means is not known here. strongswan.conf(5), filelog.
 */
import { closeSync, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import type { LogLine } from '@sallyport/protocols';

export type LogPosition = {
  /** Inode: the name changes when the log is moved aside. */
  readonly file: number;
  readonly offset: number;
};
export type TimedLogLine = LogLine & {
  /** ISO 8601 without zone, of the machine's own: as charon wrote it. */
  readonly written: string;
};

const chunkBytes = 256 * 1024;
const newline = 0x0a;

export class CharonLog implements Disposable {
  readonly #file: string;
  readonly #older: string;
  readonly #from: LogPosition | undefined;
  readonly #chunk = Buffer.alloc(chunkBytes);
  #open: { readonly descriptor: number; readonly inode: number } | undefined;
  /** Begin of the first line that has not been handed on. */
  #offset = 0;

  /** @param from undefined: what is in the log by now is left aside. */
  constructor(file: string, from: LogPosition | undefined) {
    this.#file = file;
    this.#older = `${file}.old`;
    this.#from = from;
  }

  /** Whole lines since the last call, oldest first. @throws when the file is there and can't be read. */
  read(onLine: (line: TimedLogLine) => void): void {
    this.#open ??= this.#begin();
    while (this.#open !== undefined) {
      // Asked first: charon writes to the new file only after its last line in the old one.
      const next = statIfPresent(this.#file);
      this.#readOpen(this.#open.descriptor, onLine);
      if (next === undefined || next.ino === this.#open.inode || next.size === 0) return;
      this.#switchTo(this.#file, 0);
    }
  }

  /** In the file being read, not yet handed on. */
  get unreadBytes(): number {
    return this.#open === undefined ? 0 : Math.max(0, fstatSync(this.#open.descriptor).size - this.#offset);
  }

  /** Of what `read` has handed on. */
  get position(): LogPosition | undefined {
    return this.#open === undefined ? this.#from : { file: this.#open.inode, offset: this.#offset };
  }

  [Symbol.dispose](): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor);
    this.#open = undefined;
  }

  #begin(): { readonly descriptor: number; readonly inode: number } | undefined {
    const [current, older] = [statIfPresent(this.#file), statIfPresent(this.#older)];
    if (current === undefined) return undefined;
    const from = this.#from;
    if (from !== undefined && older?.ino === from.file) return this.#switchTo(this.#older, from.offset);
    if (from === undefined) return this.#switchTo(this.#file, current.size);
    return this.#switchTo(this.#file, current.ino === from.file ? from.offset : 0);
  }

  #switchTo(file: string, offset: number): { readonly descriptor: number; readonly inode: number } {
    this[Symbol.dispose]();
    const descriptor = openSync(file, 'r');
    this.#open = { descriptor, inode: fstatSync(descriptor).ino };
    this.#offset = offset;
    return this.#open;
  }

  #readOpen(descriptor: number, onLine: (line: TimedLogLine) => void): void {
    const { size } = fstatSync(descriptor);
    if (size < this.#offset) this.#offset = 0; // somebody emptied it
    while (this.#offset < size) {
      const count = readSync(descriptor, this.#chunk, 0, chunkBytes, this.#offset);
      const end = this.#chunk.subarray(0, count).lastIndexOf(newline);
      if (end === -1 && count < chunkBytes) return; // its end is not written yet
      const whole = end === -1 ? count : end + 1;
      this.#offset += whole;
      for (const text of this.#chunk.toString('utf8', 0, whole).split('\n')) {
        const line = parseLogLine(text);
        if (line !== undefined) onLine(line);
      }
    }
  }
}

/** `2026-01-02T03:04:05.678 09[IKE] <hq-site1|12> message`; name and number are those of the IKE SA, when there is one. */
const pattern = /^(\d{4}-\d\d-\d\dT[\d:.]+) \d+\[(\w+)\] (?:<(?:([^|>]*)\|)?(\d+)> )?(.*)$/;

/** undefined for what is no line of charon's log. */
export function parseLogLine(text: string): TimedLogLine | undefined {
  const match = text === '' ? null : pattern.exec(text);
  if (match === null) return undefined;
  const [, written = '', group = '', connection, ikeSaId, message = ''] = match;
  return { written, group, level: 1, connection, ikeSaId, message };
}

function statIfPresent(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false });
}
