/** The agent's status over a unix socket in the run directory (0700): true also while the control plane is away. One JSON text per connection. */
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import type { AgentStatus } from '@sallyport/agent';

export function serveStatus(socket: string, status: () => AgentStatus): Disposable {
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  rmSync(socket, { force: true });
  const server = createServer((connection) => {
    connection.on('error', () => {}); // the reader went away
    connection.end(JSON.stringify(status()));
  });
  server.listen(socket);
  return { [Symbol.dispose]: () => void server.close() };
}

/** Undefined when no agent runs. */
export function readStatus(socket: string): Promise<AgentStatus | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<AgentStatus | undefined>();
  const chunks: Buffer[] = [];
  const connection = connect(socket);
  connection.on('data', (chunk) => chunks.push(chunk));
  connection.on('error', () => resolve(undefined));
  connection.on('end', () => {
    try {
      resolve(JSON.parse(Buffer.concat(chunks).toString()) as AgentStatus); // our own agent's
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  return promise;
}
