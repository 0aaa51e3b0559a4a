/** A simulated xfrmd on a unix socket: the same lines of JSON, FakeXfrmdModel behind them. For tests and the simulated host. */
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { FakeXfrmdModel } from './fake-model.ts';
import { XfrmdError } from './errors.ts';

export class FakeXfrmd implements AsyncDisposable {
  readonly path: string;
  readonly model: FakeXfrmdModel;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(path: string, model: FakeXfrmdModel) {
    this.path = path;
    this.model = model;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on `path` (`<directory>/control.sock`), replacing a stale socket. */
  static async start(path: string, model = new FakeXfrmdModel()): Promise<FakeXfrmd> {
    const fake = new FakeXfrmd(path, model);
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fake.#server.once('error', reject);
    fake.#server.listen(path, resolve);
    await promise;
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #serve(socket: Socket): void {
    let received = '';
    this.#sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // the client went away
    socket.on('data', (chunk: string) => {
      const lines = `${received}${chunk}`.split('\n');
      received = lines.pop() ?? '';
      for (const line of lines) socket.write(`${JSON.stringify(answer(this.model, line))}\n`);
    });
  }
}

function answer(model: FakeXfrmdModel, line: string): object {
  let id: unknown = null;
  try {
    const request: unknown = JSON.parse(line);
    if (typeof request !== 'object' || request === null) throw new XfrmdError('invalid-request', 'not a JSON object');
    const { method, params } = request as { readonly method?: unknown; readonly params?: unknown }; // any object may be looked into
    id = (request as { readonly id?: unknown }).id ?? null; // as above
    if (typeof method !== 'string') throw new XfrmdError('invalid-request', 'method is missing');
    return { id, result: model.call(method, params) };
  } catch (error) {
    const code = error instanceof XfrmdError ? error.code : 'invalid-request';
    return { id, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}
