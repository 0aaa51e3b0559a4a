/**
 * What charon's log tells about an instance's tunnels: read as it grows, handed to history, reasons and the peers' names. Where reading has
 * come to is kept beside the log, after the history of it is written: an agent that was killed, or away, goes on from there, and misses
 * nothing. Reading is cheap and late by a tenth of a second at most; who decides by what the log says asks for it first (`catchUp`).
 */
import { rmSync } from 'node:fs';
import { BackgroundTask, whenQuiet, writeWholeFile } from '@sallyport/runtime';
import { readFileIfPresent } from '../../link/files.ts';
import type { EngineContext } from '../engine.ts';
import { CharonLog, type LogPosition, type TimedLogLine } from './charon-log.ts';
import { startedAt, type CharonFiles } from './charon.ts';
import type { Arrivals } from './crossing.ts';
import type { History } from './history.ts';
import type { PeerIdentities } from './peer-identity.ts';
import type { ReasonTracker } from './reason-tracker.ts';
import type { Finding } from './reasons.ts';

export type ListeningOptions = {
  readonly context: Pick<EngineContext, 'clock' | 'log'>;
  readonly namespace: string;
  readonly files: Pick<CharonFiles, 'logFile' | 'logRead' | 'pidFile'>;
  readonly history: History;
  readonly reasons: Pick<ReasonTracker, 'onLog'>;
  readonly identities: Pick<PeerIdentities, 'onLog'>;
  readonly arrivals: Pick<Arrivals, 'onLog' | 'clear'>;
  /** Many tunnels come up at once: what charon says of them is read when that is over. */
  readonly isFlooded: () => boolean;
  /** After lines that told why something failed. */
  readonly onFinding: (finding: Finding) => void;
  /** What peers call themselves is not what is expected. */
  readonly onIdentity: () => void;
};

export type Listening = AsyncDisposable & {
  /** From the first pass on, when connections are known by name. */
  readonly start: () => void;
  /** Reads what there is now. Nothing before `start`. */
  readonly catchUp: () => void;
};

type Kept = LogPosition & {
  /** Of the charon whose lines these are: SAs of each count from 1. */
  readonly session: string;
};

const periodMs = 100;
/** More than a few tunnels write in a period. While it goes on so, it is read once a second: calls come first. */
const busyBytes = 16 * 1024;
const busyPeriodMs = 1000;
/** Each tunnel's lines are written together, where many come: a kill costs nothing, they are read again. */
const flush = { quietMs: 200, atMostMs: 1000 };

export function createListening(options: ListeningOptions): Listening {
  const { context, namespace, files, history, reasons, identities, arrivals } = options;
  const kept = readKept(files.logRead);
  const log = new CharonLog(files.logFile, kept);
  let session = kept?.session;
  let isStarted = false;
  let isFirst = true;
  let lastBytes = 0;
  let lastReadMs = -busyPeriodMs;

  const onLine = (line: TimedLogLine): void => {
    if (startsSession(line)) {
      session = `${namespace} ${line.written}`;
      arrivals.clear();
    }
    const atMs = Date.parse(line.written);
    session ??= `${namespace} ${startedAt(files) ?? ''}`;
    history.onLog(line, atMs, session);
    arrivals.onLog(line);
    const finding = reasons.onLog(line, atMs);
    if (finding !== undefined) options.onFinding(finding);
    if (identities.onLog(line)) options.onIdentity();
  };
  const save = (isReread = false): void => {
    try {
      history.flush(isReread);
      const position = log.position;
      if (position !== undefined) writeWholeFile(files.logRead, JSON.stringify({ ...position, session }), { isDurable: false });
    } catch (error) {
      // A full disk costs history, never tunnels.
      context.log.warn({ instance: namespace, err: error }, 'could not write the history of tunnels');
    }
  };
  const saveSoon = whenQuiet({ clock: context.clock, ...flush }, () => {
    if (isStarted) save();
  });
  const catchUp = (): void => {
    if (!isStarted) return;
    let count = 0;
    log.read((line) => {
      count += 1;
      onLine(line);
    });
    if (isFirst) save(kept !== undefined);
    else if (count > 0) saveSoon();
    isFirst = false;
  };
  const reading = new BackgroundTask({
    name: `log of ${namespace}`,
    periodMs,
    clock: context.clock,
    log: context.log,
    activate: () => {
      const [bytes, nowMs] = [log.unreadBytes, context.clock.monotonic()];
      const isBusy = bytes - lastBytes > busyBytes && nowMs - lastReadMs < busyPeriodMs;
      lastBytes = isBusy ? bytes : 0;
      if (isBusy || options.isFlooded()) return Promise.resolve();
      lastReadMs = nowMs;
      catchUp();
      return Promise.resolve();
    },
  });
  return {
    start: () => {
      isStarted = true;
      reading.start();
    },
    catchUp,
    [Symbol.asyncDispose]: async () => {
      await reading[Symbol.asyncDispose]();
      if (isStarted) save();
      isStarted = false;
      log[Symbol.dispose]();
    },
  };
}

/** charon says so once, when it is ready. */
function startsSession({ group, ikeSaId, message }: TimedLogLine): boolean {
  return group === 'JOB' && ikeSaId === undefined && message.startsWith('spawning ');
}

/** A damaged file costs what was logged while nobody listened. */
function readKept(file: string): Kept | undefined {
  try {
    const text = readFileIfPresent(file);
    return text === undefined ? undefined : (JSON.parse(text) as Kept); // only ever written here
  } catch {
    rmSync(file, { force: true });
    return undefined;
  }
}
