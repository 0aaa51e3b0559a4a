/** xfrmd's control socket, one connection per call: a line of JSON each way. See packages/dataplane/src/control/control_server.h. */
import { connect } from 'node:net';
import { join } from 'node:path';
import type { XfrmdControl, XfrmdHealth } from './xfrmd.ts';

const timeoutMs = 5000;

/** @param directory the one xfrmd was started with. Calls throw when it does not answer or refuses. */
export function connectXfrmd(directory: string): XfrmdControl {
  const call = (method: string, params: object = {}): Promise<unknown> => ask(join(directory, 'control.sock'), method, params);
  return {
    health: async () => (await call('health')) as XfrmdHealth, // our own daemon's, of this version
    listTunnels: async () => (await call('listTunnels')) as readonly { readonly ifId: number }[], // as above
    createTunnel: (tunnel) => call('createTunnel', tunnel),
    deleteTunnel: (ifId) => call('deleteTunnel', { ifId }),
  };
}

function ask(path: string, method: string, params: object): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const socket = connect(path);
  let received = '';
  socket.setEncoding('utf8');
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`xfrmd did not answer ${method} in time`)));
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`xfrmd closed the connection at ${method}`)));
  socket.on('data', (chunk: string) => {
    received += chunk;
    if (!received.endsWith('\n')) return;
    socket.destroy();
    const answer = JSON.parse(received) as { readonly result?: unknown; readonly error?: { readonly message: string } }; // as above
    if (answer.error === undefined) resolve(answer.result);
    else reject(new Error(`xfrmd refused ${method}: ${answer.error.message}`));
  });
  socket.write(`${JSON.stringify({ id: 1, method, params })}\n`);
  return promise;
}
