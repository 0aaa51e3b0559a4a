/**
 * How many connections the API takes: fewer than the files that the process may open, so that clients which connect and say nothing leave
 * some for the agents' listener and for our own files. Not how long they may say nothing: http-server.ts.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import type { Clock, Logger } from '@sallyport/runtime';

const reservedFiles = 256;
const toldEveryMs = 60_000;

/** Node has raised the soft limit to the hard one at its start. proc(5) */
export function connectionLimit(limits: string = readFileSync('/proc/self/limits', 'utf8')): number {
  const openFiles = Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return openFiles - Math.min(reservedFiles, Math.ceil(openFiles / 2));
}

export function limitConnections(server: Server, limit: number, { clock, log }: { readonly clock: Clock; readonly log: Logger }): void {
  let toldAt = Number.NEGATIVE_INFINITY;
  if (Number.isFinite(limit)) server.maxConnections = limit;
  server.on('drop', () => {
    if (clock.monotonic() - toldAt < toldEveryMs) return;
    toldAt = clock.monotonic();
    log.warn(
      { limit },
      'too many connections at once: new ones are closed; allow the program more open files (ulimit -n), or look who connects',
    );
  });
}
