/** Ports of this machine: is one free, give me any. Somebody else may take it a moment later; the listener's error tells then. */
import { createServer } from 'node:net';
import { LabError } from '@sallyport/lab';

export function isPortFree(port: number): Promise<boolean> {
  return freePort('127.0.0.1', port).then(
    () => true,
    () => false,
  );
}

/** The port itself, or any free one for 0. @throws LabError when nothing can listen there. */
export function freePort(host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.on('error', (cause: NodeJS.ErrnoException) =>
    reject(
      cause.code === 'EADDRINUSE'
        ? new LabError(`${host}:${port} is in use by another program: choose another with --listen`)
        : new LabError(`could not listen on ${host}:${port}`, { cause }),
    ),
  );
  server.listen(port, host, () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
  return promise;
}
