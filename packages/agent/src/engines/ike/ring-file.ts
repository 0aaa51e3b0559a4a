/**
 * A file of JSON lines that never grows beyond a bound: when it is full it becomes the older half and a new one begins. Appended
 * line by line, so a crash costs at most the line being written; a damaged line is passed over. 0600.
 */
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readFileIfPresent } from '../../link/files.ts';

const mode = 0o600;

/** @param halfBytes of one of the two halves. */
export function appendToRing(file: string, entry: object, halfBytes: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= halfBytes) renameSync(file, olderHalf(file));
  // A line that a crash cut short must not swallow this one.
  appendFileSync(file, `${endsMidLine(file) ? '\n' : ''}${JSON.stringify(entry)}\n`, { mode });
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

function endsMidLine(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return false;
  const opened = openSync(file, 'r');
  try {
    const { size } = fstatSync(opened);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(opened, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
  } finally {
    closeSync(opened);
  }
}
