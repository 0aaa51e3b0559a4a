/**
 * One charon-systemd per gateway instance: its files, start, finding it again, stop. Ready means VICI answers.
 * What is loaded into it is not this file's business, its settings
 * are charon-settings.ts.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openSession, type ViciSession } from '@sallyport/protocols';
import { boundLog, until, writeWholeFile, type DaemonProcess } from '@sallyport/runtime';
import { readFileIfPresent } from '../../link/files.ts';
import { inNamespace, namespaceFile, type EngineContext, type HostPaths } from '../engine.ts';
import { charonSettings } from './charon-settings.ts';
import type { XfrmVariant } from './render.ts';

export type CharonContext = Pick<EngineContext, 'run' | 'daemons' | 'clock' | 'log' | 'paths'>;
export type CharonSpec = {
  readonly namespace: string;
  readonly variant: XfrmVariant;
  /** What makes charon use xfrmd (LD_PRELOAD and its socket); empty for the kernel. */
  readonly environment: Readonly<Record<string, string>>;
};
export type RunningCharon = { readonly process: DaemonProcess; readonly session: ViciSession; readonly wasStarted: boolean };

/** sun_path holds 108 bytes with the final zero. */
const maxSocketPathBytes = 107;
const readyTimeoutMs = 15_000;
/** A charon on a busy machine may be slow; one that does not answer in this time does not work. */
const answerTimeoutMs = 10_000;
const stopGraceMs = 3000;
const maxLogBytes = 8 * 1024 * 1024;

export type CharonFiles = {
  readonly directory: string;
  readonly settings: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
  /** How far the agent has read it. */
  readonly logRead: string;
  readonly outputFile: string;
  readonly markKey: string;
};

/** @throws when no socket path short enough exists. */
export function charonFiles(paths: Pick<HostPaths, 'runDirectory'>, namespace: string): CharonFiles {
  const directory = join(paths.runDirectory, namespace);
  const short = createHash('sha256').update(namespace).digest('hex').slice(0, 10);
  const socket = [join(directory, 'charon.vici'), join(paths.runDirectory, `${short}.vici`)].find(
    (path) => Buffer.byteLength(path) <= maxSocketPathBytes,
  );
  if (socket === undefined)
    throw new Error(`run directory ${paths.runDirectory} is too long for charon's socket: at most ${maxSocketPathBytes} bytes`);
  return {
    directory,
    settings: join(directory, 'strongswan.conf'),
    socket,
    pidFile: join(directory, 'charon.pid'),
    logFile: join(directory, 'charon.log'),
    logRead: join(directory, 'charon.log-read'),
    outputFile: join(directory, 'charon.out'),
    markKey: join(directory, 'charon.mark-key'),
  };
}

/**
 * The instance's charon, started if it is not there or does not answer. Runs that were found keep everything they hold.
 * @throws when it can't be started or does not get ready; the message ends with charon's own last words.
 */
export async function ensureCharon(context: CharonContext, spec: CharonSpec): Promise<RunningCharon> {
  const files = charonFiles(context.paths, spec.namespace);
  const found = findCharon(context, spec.namespace);
  if (found !== undefined) {
    try {
      return { process: found, session: await greet(context, files), wasStarted: false };
    } catch (error) {
      if (context.daemons.find(files.pidFile) !== undefined)
        context.log.warn({ instance: spec.namespace, pid: found.pid, err: error }, 'charon does not answer: starting it anew');
    }
  }
  await stopCharon(context, spec.namespace);
  const process = await startCharon(context, spec, files);
  try {
    const session = await until(
      () => {
        if (context.daemons.find(files.pidFile) === undefined) throw new CharonEnded();
        return greet(context, files);
      },
      () => true,
      { because: 'charon answers on its VICI socket', clock: context.clock, timeoutMs: readyTimeoutMs, everyMs: 10 },
    );
    context.log.info({ instance: spec.namespace, pid: process.pid }, 'charon started');
    return { process, session, wasStarted: true };
  } catch (error) {
    throw new Error(`charon of ${spec.namespace} did not get ready: ${lastWords(files)}`, { cause: error });
  }
}

/** One that is in a namespace which somebody deleted, and whose name is another one's now, is not this instance's: it is stopped and started anew. */
export function findCharon({ daemons, paths }: Pick<EngineContext, 'daemons' | 'paths'>, namespace: string): DaemonProcess | undefined {
  return daemons.find(charonFiles(paths, namespace).pidFile, namespaceFile(paths, namespace));
}

class CharonEnded extends Error {
  override readonly message = 'charon has ended';
}

async function greet(context: CharonContext, files: CharonFiles): Promise<ViciSession> {
  const session = await openSession(files.socket, { clock: context.clock, timeoutMs: answerTimeoutMs });
  try {
    await session.version();
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
  session.connection.unref();
  return session;
}

async function startCharon(context: CharonContext, spec: CharonSpec, files: CharonFiles): Promise<DaemonProcess> {
  mkdirSync(files.directory, { recursive: true, mode: 0o700 });
  writeWholeFile(files.settings, charonSettings(files));
  makePrivate(files.logFile);
  if (spec.variant === 'kernel') await flushKernel(context, spec.namespace);
  // `env` and not the daemon's environment: the preloaded library is for charon, not for nsenter.
  const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
  const program = [...(environment.length === 0 ? [] : ['env', ...environment]), 'charon-systemd'];
  return context.daemons.start({
    argv: inNamespace(context.paths, spec.namespace, program),
    env: { STRONGSWAN_CONF: files.settings },
    logFile: files.outputFile,
    pidFile: files.pidFile,
  });
}

/** SAs and policies of a charon that was killed; nobody else's, for the namespace is ours. */
async function flushKernel(context: CharonContext, namespace: string): Promise<void> {
  for (const table of ['state', 'policy']) await context.run(inNamespace(context.paths, namespace, ['ip', 'xfrm', table, 'flush']));
}

/**
 * Tells peers that their SAs end, waits a little, then kills. Absent is success. So goes one without a pid file, which was started in the instant before
 * an agent crashed, or whose folder somebody removed: whatever charon is in our namespace is ours.
 */
export async function stopCharon(context: CharonContext, namespace: string): Promise<void> {
  const files = charonFiles(context.paths, namespace);
  await context.daemons.stop(files.pidFile, stopGraceMs);
  await context.daemons.killWithin(namespaceFile(context.paths, namespace), 'charon-systemd');
  rmSync(files.socket, { force: true });
}

/** Moves the log aside when it has grown, keeping one old one. */
export async function rotateLog(session: ViciSession, files: CharonFiles): Promise<void> {
  boundLog(files.outputFile, maxLogBytes);
  if (!existsSync(files.logFile) || statSync(files.logFile).size < maxLogBytes) return;
  renameSync(files.logFile, `${files.logFile}.old`);
  makePrivate(files.logFile);
  await session.reloadSettings();
}

function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

/** ISO 8601, when the running charon was started. */
export function startedAt(files: Pick<CharonFiles, 'pidFile'>): string | undefined {
  return existsSync(files.pidFile) ? statSync(files.pidFile).mtime.toISOString() : undefined;
}

function lastWords(files: CharonFiles): string {
  const text = [files.outputFile, files.logFile].map((file) => readFileIfPresent(file) ?? '').join('\n');
  return text.trimEnd().split('\n').slice(-3).join(' | ') || 'it said nothing';
}
