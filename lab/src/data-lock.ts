/**
 * One program of a kind per data directory. The lock is an abstract unix socket named after the directory: the kernel frees it the
 * moment its owner is gone, however it died, and no file is left. unix(7). It answers with its owner's process id.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { systemClock, until } from '@sallyport/runtime';
import { LabError } from './fabric.ts';

export type DataLock = Disposable;

/** `lab` is held for a moment by each lab command; the others as long as the program runs. */
export type LockRole = 'up' | 'control-plane' | 'agent' | 'lab';

/** How long to wait for the owner: a killed `up` leaves children that need a moment to see it. */
const patienceMs: Readonly<Record<LockRole, number>> = { up: 300, 'control-plane': 3000, agent: 3000, lab: 20_000 };

/** @throws LabError naming the owner. */
export async function lockDataDirectory(directory: string, role: LockRole): Promise<DataLock> {
  const digest = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32);
  const name = `\0sallyport-${role}-${digest}`;
  const tryIt = (): Promise<DataLock | undefined> => tryLock(name);
  const lock = await until(tryIt, (held) => held !== undefined, { because: 'lock', clock: systemClock, timeoutMs: patienceMs[role] }).catch(
    () => undefined,
  );
  if (lock === undefined) throw new LabError(`${directory} is in use by another \`sallyport ${role}\` (process ${await ownerOf(name)})`);
  return lock;
}

export async function isLocked(directory: string, role: LockRole): Promise<boolean> {
  const lock = await lockDataDirectory(directory, role).catch(() => undefined);
  lock?.[Symbol.dispose]();
  return lock === undefined;
}

function tryLock(name: string): Promise<DataLock | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<DataLock | undefined>();
  const server = createServer((socket) => socket.end(String(process.pid)));
  server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
  server.listen(name, () => {
    server.unref();
    resolve({ [Symbol.dispose]: () => void server.close() });
  });
  return promise;
}

function ownerOf(name: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(name);
  socket.on('data', (data) => resolve(data.toString()));
  socket.on('error', () => resolve('unknown'));
  socket.setTimeout(1000, () => resolve('unknown'));
  return promise;
}
