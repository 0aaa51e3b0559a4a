/**
 * The agent's status over a unix socket in the run directory (0700): true also while the control plane is away. One JSON text per connection.
 * Its file is made again when somebody removed it, or when there was no space for it.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import type { AgentStatus } from '@sallyport/agent';
import { BackgroundTask } from '@sallyport/runtime';
import type { Clock, Logger } from '@sallyport/runtime';

const lookEveryMs = 2000;

export function serveStatus(
  socket: string,
  status: () => AgentStatus,
  ports: { readonly clock: Clock; readonly log: Logger },
): AsyncDisposable {
  let server: Server | undefined;
  rmSync(socket, { force: true }); // of an agent that was killed
  const task = new BackgroundTask({
    name: 'status-socket',
    periodMs: lookEveryMs,
    ...ports,
    activate: async () => {
      if (existsSync(socket)) return;
      server?.close();
      mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
      server = createServer((connection) => {
        connection.on('error', () => {}); // the reader went away
        connection.end(JSON.stringify(status()));
      });
      server.listen(socket);
      await once(server, 'listening');
    },
  });
  task.start();
  return {
    [Symbol.asyncDispose]: async () => {
      await task[Symbol.asyncDispose]();
      server?.close();
    },
  };
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
