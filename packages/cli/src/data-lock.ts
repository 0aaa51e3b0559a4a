/**
 * One program per data directory. The lock is an abstract unix socket named after the directory: the kernel frees it the
 * moment its owner is gone, however it died, and no file is left. unix(7). It answers with its owner's process id.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { LabError } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';

export type DataLock = Disposable;

/** A killed owner's children need a moment to see it. */
const patienceMs = 3000;

/** @param role `up`, `control-plane` or `agent`: each is there once. @throws LabError naming the owner. */
export async function lockDataDirectory(directory: string, role: string): Promise<DataLock> {
  const digest = createHash('sha256').update(realpathSync(directory)).digest('hex').slice(0, 32);
  const name = `\0sallyport-${role}-${digest}`;
  const patience = role === 'up' ? 300 : patienceMs;
  const tryIt = (): Promise<DataLock | undefined> => tryLock(name);
  const lock = await until(tryIt, (held) => held !== undefined, { because: 'lock', clock: systemClock, timeoutMs: patience }).catch(
    () => undefined,
  );
  if (lock === undefined) throw new LabError(`${directory} is in use by another \`sallyport ${role}\` (process ${await ownerOf(name)})`);
  return lock;
}

export async function isLocked(directory: string, role: string): Promise<boolean> {
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
