/** Processor time and memory of processes, from /proc. proc(5). */
import { readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux architecture that runs this. */
const ticksPerSecond = 100;
const pageBytes = 4096;

/** Seconds of user and system time from the text of /proc/PID/stat. The name may hold spaces and parentheses. */
export function parseProcessSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function processSeconds(pid: number): number {
  return parseProcessSeconds(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

export function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageBytes;
}

export type EndSeconds = { readonly a: number; readonly b: number };

/** Runs `work` and tells how much processor time the two engine processes used meanwhile. */
export async function withProcessorTime<T>(
  pids: { readonly a: number; readonly b: number } | undefined,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly used: EndSeconds | undefined }> {
  if (pids === undefined) return { result: await work(), used: undefined };
  const before = { a: processSeconds(pids.a), b: processSeconds(pids.b) };
  const result = await work();
  return { result, used: { a: processSeconds(pids.a) - before.a, b: processSeconds(pids.b) - before.b } };
}
