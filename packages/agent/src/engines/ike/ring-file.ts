/**
 * A file of JSON lines that never grows beyond a bound: when it is full it becomes the older half and a new one begins. Only ever
 * appended to, so a crash costs at most the lines being written; a damaged line is passed over. 0600.
 */
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readFileIfPresent } from '../../link/files.ts';

const mode = 0o600;

/** @param halfBytes of one of the two halves. */
export function appendToRing(file: string, entries: readonly object[], halfBytes: number): void {
  let lines = entries.map((entry) => `${JSON.stringify(entry)}\n`);
  while (lines.length > 0) lines = lines.slice(appendUntilFull(file, lines, halfBytes));
}

/** @returns how many lines the newer half has taken; none when it was full, and has become the older one. */
function appendUntilFull(file: string, lines: readonly string[], halfBytes: number): number {
  const opened = openToAppend(file);
  try {
    let { size } = fstatSync(opened);
    if (size >= halfBytes) {
      renameSync(file, olderHalf(file));
      return 0;
    }
    // A line that a crash cut short must not swallow the next one.
    const start = endsMidLine(opened, size) ? '\n' : '';
    let count = 0;
    for (; count < lines.length && size < halfBytes; count += 1) size += Buffer.byteLength(lines[count] ?? '');
    writeFileSync(opened, start + lines.slice(0, count).join(''));
    return count;
  } finally {
    closeSync(opened);
  }
}

function openToAppend(file: string): number {
  try {
    return openSync(file, 'a+', mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // node:fs throws these
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, 'a+', mode);
  }
}

/** Oldest first. */
export function readRing<T>(file: string): readonly T[] {
  return [olderHalf(file), file].flatMap((half) => (readFileIfPresent(half) ?? '').split('\n')).flatMap((line) => parsed<T>(line));
}

export function removeRing(file: string): void {
  for (const half of [olderHalf(file), file]) rmSync(half, { force: true });
}

export function olderHalf(file: string): string {
  return `${file}.old`;
}

function parsed<T>(line: string): readonly T[] {
  try {
    return line === '' ? [] : [JSON.parse(line) as T]; // only ever written by `appendToRing`
  } catch {
    return [];
  }
}

function endsMidLine(opened: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size > 0 && readSync(opened, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
}
