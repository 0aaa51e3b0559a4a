/** Ports of this machine: is one free, give me any. Somebody else may take it a moment later; the listener's error tells then. */
import { createServer } from 'node:net';
import { LabError } from '@sallyport/lab';

export function isPortFree(port: number): Promise<boolean> {
  return listenOnce('127.0.0.1', port).then(
    () => true,
    () => false,
  );
}

/** @throws LabError when nothing can listen on that address. */
export async function anyFreePort(host: string): Promise<number> {
  try {
    return await listenOnce(host, 0);
  } catch (cause) {
    throw new LabError(`could not listen on ${host}`, { cause });
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', reject);
  server.listen(port, host, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return promise;
}
