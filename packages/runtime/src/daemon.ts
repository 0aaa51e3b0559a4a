/**
 * Daemons that outlive us: started in their own session, found again after our restart by a pid file that also holds the
 * process's start time (so a reused pid is never taken for ours). Not a restart policy: the reconcile loop starts what is missing.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { until } from './until.ts';

export type DaemonSpec = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** stdout and stderr are appended here (0600). */
  readonly logFile: string;
  readonly pidFile: string;
};
export type DaemonProcess = { readonly pid: number; readonly startTicks: string };

export type Daemons = {
  readonly start: (spec: DaemonSpec) => DaemonProcess;
  /** The process of a pid file if it is still the same process and not a zombie, and, where one is given, in this network namespace. */
  readonly find: (pidFile: string, namespaceFile?: string) => DaemonProcess | undefined;
  /** SIGTERM, then SIGKILL after `graceMs`; absent is success. Removes the pid file. @throws when it is there ten seconds later all the same. */
  readonly stop: (pidFile: string, graceMs?: number) => Promise<void>;
  readonly residentBytes: (pid: number) => number | undefined;
  /** Kills every process of a network namespace, or those of one program (as the kernel names it, 15 bytes), whoever started them. @throws as `stop`. */
  readonly killWithin: (namespaceFile: string, program?: string) => Promise<void>;
};

const killTimeoutMs = 10_000;

export function systemDaemons(clock: Clock): Daemons {
  return {
    start: startDaemon,
    find: findDaemon,
    stop: (pidFile, graceMs) => stopDaemon(clock, pidFile, graceMs ?? 3000),
    residentBytes,
    killWithin: (namespaceFile, program) => killWithin(clock, namespaceFile, program),
  };
}

function startDaemon(spec: DaemonSpec): DaemonProcess {
  const [program, ...args] = spec.argv;
  if (program === undefined) throw new Error('empty daemon command');
  const log = openSync(spec.logFile, 'a', 0o600);
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...spec.env },
  });
  closeSync(log);
  child.on('error', () => {}); // seen by the loop: the daemon is not there, and its log says why
  child.unref();
  if (child.pid === undefined) throw new Error(`could not start ${program}`);
  const found = { pid: child.pid, startTicks: startTicksOf(child.pid) ?? '' };
  try {
    writeFileSync(spec.pidFile, `${found.pid} ${found.startTicks}\n`, { mode: 0o600 });
  } catch (error) {
    signal(found.pid, 'SIGKILL'); // nobody would find it again, and the next one would run beside it
    throw error;
  }
  return found;
}

function findDaemon(pidFile: string, namespaceFile?: string): DaemonProcess | undefined {
  if (!existsSync(pidFile)) return undefined;
  const [pidText, startTicks] = readFileSync(pidFile, 'utf8').trim().split(' ');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  if (startTicks === undefined || startTicksOf(pid) !== startTicks) return undefined;
  return namespaceFile === undefined || isWithin(pid, namespaceFile) ? { pid, startTicks } : undefined;
}

async function stopDaemon(clock: Clock, pidFile: string, graceMs: number): Promise<void> {
  const daemon = findDaemon(pidFile);
  const isAlive = (): boolean => daemon !== undefined && startTicksOf(daemon.pid) === daemon.startTicks;
  if (daemon !== undefined) {
    signal(daemon.pid, 'SIGTERM');
    const deadline = clock.monotonic() + graceMs;
    while (isAlive() && clock.monotonic() < deadline) await clock.sleep(20);
    if (isAlive()) signal(daemon.pid, 'SIGKILL');
    await untilGone(clock, isAlive, `process ${daemon.pid}, which was killed,`);
  }
  rmSync(pidFile, { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Field 22 of /proc/PID/stat, undefined when gone or a zombie. proc(5). The first thread of a killed process is a zombie while others
 * are still ending (field 20 counts them), and until then its sockets and interfaces are there: such a process is not gone.
 */
function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isEnded = fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1);
    return isEnded ? undefined : fields[19];
  } catch {
    return undefined; // no such process
  }
}

function residentBytes(pid: number): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return pages * 4096;
  } catch {
    return undefined; // no such process
  }
}

/** network_namespaces(7): two names of one namespace are one inode. */
function isWithin(pid: number | string, namespaceFile: string): boolean {
  const namespace = inodeOf(namespaceFile);
  return namespace !== undefined && inodeOf(`/proc/${pid}/ns/net`) === namespace;
}

async function killWithin(clock: Clock, namespaceFile: string, program: string | undefined): Promise<void> {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isWithin(name, namespaceFile))
    .filter((name) => program === undefined || nameOf(name) === program)
    .map((name) => ({ pid: Number(name), startTicks: startTicksOf(Number(name)) }))
    .filter(({ startTicks }) => startTicks !== undefined);
  for (const { pid } of found) signal(pid, 'SIGKILL');
  const isAlive = (): boolean => found.some(({ pid, startTicks }) => startTicksOf(pid) === startTicks);
  await untilGone(clock, isAlive, `what was killed in ${namespaceFile} (${found.map(({ pid }) => pid).join(', ')})`);
}

/** A process in uninterruptible sleep, which a broken disk or driver can cause, does not end before that does. */
async function untilGone(clock: Clock, isAlive: () => boolean, what: string): Promise<void> {
  const read = (): string => (isAlive() ? 'it is still there' : 'nothing');
  await until(read, (seen) => seen === 'nothing', { because: `${what} is gone`, clock, timeoutMs: killTimeoutMs, everyMs: 20 });
}

/** With its device; undefined when gone, also of a process that has ended. */
function inodeOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

function nameOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return undefined;
  }
}
