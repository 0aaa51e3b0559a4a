/**
 * Structured logging: `log.info({ connection, instance }, 'child SA established')`. Constant message, facts as fields.
 * Levels: error = someone must act, warn = degraded, info = state changed, debug = rest. Never a secret.
 */
import { existsSync, statSync } from 'node:fs';
import { pino } from 'pino';
import { boundLog } from './bounded-log.ts';

export type LogFields = Readonly<Record<string, unknown>>;
export type Logger = {
  readonly error: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly debug: (fields: LogFields, message: string) => void;
  readonly child: (fields: LogFields) => Logger;
};

const defaultMaxBytes = 20 * 1024 * 1024;
/** Kept in memory of lines that can't be written; later ones are dropped. */
const heldBackBytes = 1024 * 1024;

/**
 * JSON lines to a file or stderr. `file` is created 0600, and bounded as bounded-log.ts says. Saying something never fails: lines that a full disk does not take are written
 * once it has space, before the next line.
 */
export function createLogger(options: {
  readonly component: string;
  readonly level?: string;
  readonly file?: string;
  readonly maxBytes?: number;
}): Logger {
  const destination =
    options.file === undefined
      ? pino.destination({ dest: 2, sync: true })
      : pino.destination({ dest: options.file, sync: true, mode: 0o600, maxLength: heldBackBytes });
  // Without a listener pino throws it at who logs: a full disk would end the program.
  destination.on('error', () => {});
  if (options.file !== undefined) destination.on('write', keepBounded(options.file, options.maxBytes ?? defaultMaxBytes));
  return wrap(
    pino({ base: { component: options.component }, level: options.level ?? 'info', timestamp: pino.stdTimeFunctions.isoTime }, destination),
  );
}

/** @returns what to call with the number of bytes of each write. */
function keepBounded(file: string, maxBytes: number): (written: number) => void {
  let size = existsSync(file) ? statSync(file).size : 0;
  return (written) => {
    size += written;
    if (size < maxBytes) return;
    size = 0;
    try {
      boundLog(file, maxBytes);
    } catch {
      // No space for a copy: tried again when as much was written again.
    }
  };
}

type PinoLogger = ReturnType<typeof pino>;

function wrap(log: PinoLogger): Logger {
  return {
    error: (fields, message) => log.error(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    info: (fields, message) => log.info(fields, message),
    debug: (fields, message) => log.debug(fields, message),
    child: (fields) => wrap(log.child(fields)),
  };
}

export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};
