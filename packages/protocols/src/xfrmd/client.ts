/**
 * The client of xfrmd's control socket: typed methods over one connection, answers matched by id. Not reconnecting: when
 * xfrmd ends, so does its charon, and the owner starts both anew.
 */
import { connect, type Socket } from 'node:net';
import { systemClock, type Clock } from '@sallyport/runtime';
import { XfrmdError, type XfrmdErrorCode } from './errors.ts';
import type {
  XfrmdAnswer,
  XfrmdCapture,
  XfrmdCaptureSettings,
  XfrmdHealth,
  XfrmdMethods,
  XfrmdStatistics,
  XfrmdTunnel,
  XfrmdTunnelSettings,
} from './protocol.ts';

export type XfrmdConnectOptions = {
  readonly clock?: Clock;
  /** For connecting and for each request. Default 5,000; xfrmd answers within milliseconds. */
  readonly timeoutMs?: number;
};

type Waiting = { readonly method: string; readonly resolve: (result: unknown) => void; readonly reject: (error: XfrmdError) => void };

const defaultTimeoutMs = 5000;
const maxAnswerCharacters = 256 * 1024 * 1024;

export class XfrmdClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #received: string[] = [];
  #receivedCharacters = 0;
  #nextId = 1;
  #end: XfrmdError | undefined;

  private constructor(socket: Socket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('error', (cause) => this.#close(new XfrmdError('disconnected', `the connection to xfrmd failed: ${cause.message}`, cause)));
    socket.on('close', () => this.#close(new XfrmdError('disconnected', 'xfrmd closed the connection')));
  }

  /** `path` is `<directory>/control.sock`. @throws XfrmdError `unreachable`, `timed-out` */
  static async connect(path: string, options: XfrmdConnectOptions = {}): Promise<XfrmdClient> {
    const clock = options.clock ?? systemClock;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const socket = connect({ path });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve);
    socket.once('error', (cause) => reject(new XfrmdError('unreachable', `no xfrmd at ${path}: ${cause.message}`, cause)));
    try {
      await withTimeout(clock, timeoutMs, promise, `connecting to ${path}`);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new XfrmdClient(socket, clock, timeoutMs);
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  health(): Promise<XfrmdHealth> {
    return this.#call('health', {});
  }

  /** Makes the TUN or changes its MTU and clamp; the same again is a no-op. @throws XfrmdError `conflict`, `invalid-parameter`, `system-error` */
  createTunnel(settings: XfrmdTunnelSettings): Promise<XfrmdTunnel> {
    return this.#call('createTunnel', settings);
  }

  /** Absent is success. */
  async deleteTunnel(ifId: number): Promise<void> {
    await this.#call('deleteTunnel', { ifId });
  }

  /** Those whose interface is really there, by if_id. */
  listTunnels(): Promise<readonly XfrmdTunnel[]> {
    return this.#call('listTunnels', {});
  }

  statistics(): Promise<XfrmdStatistics> {
    return this.#call('statistics', {});
  }

  /** @throws XfrmdError `conflict` for a name in use or whose files are still there, `invalid-parameter`, `system-error` */
  startCapture(settings: XfrmdCaptureSettings): Promise<XfrmdCapture> {
    return this.#call('startCapture', settings);
  }

  /** Every packet until now is in the files when this returns. @throws XfrmdError `not-found` */
  stopCapture(name: string): Promise<XfrmdCapture> {
    return this.#call('stopCapture', { name });
  }

  listCaptures(): Promise<readonly XfrmdCapture[]> {
    return this.#call('listCaptures', {});
  }

  /** The connection does not keep the process alive by itself. */
  unref(): this {
    this.#socket.unref();
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close(new XfrmdError('disconnected', 'the connection to xfrmd was closed by us'));
    return Promise.resolve();
  }

  async #call<M extends keyof XfrmdMethods>(method: M, params: XfrmdMethods[M]['params']): Promise<XfrmdMethods[M]['result']> {
    if (this.#end !== undefined) throw new XfrmdError(this.#end.code, `${method}: ${this.#end.message}`, this.#end);
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { method, resolve, reject });
    this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    try {
      return (await withTimeout(this.#clock, this.#timeoutMs, promise, method)) as XfrmdMethods[M]['result']; // xfrmd is ours, of this release
    } finally {
      this.#waiting.delete(id);
    }
  }

  #receive(chunk: string): void {
    let rest = chunk;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = [...this.#received, rest.slice(0, end)].join('');
      this.#received = [];
      this.#receivedCharacters = 0;
      rest = rest.slice(end + 1);
      this.#settle(line);
    }
    if (rest !== '') this.#received.push(rest);
    this.#receivedCharacters += rest.length;
    if (this.#receivedCharacters > maxAnswerCharacters) this.#close(new XfrmdError('malformed', 'an answer of xfrmd has no end'));
  }

  #settle(line: string): void {
    let answer: XfrmdAnswer;
    try {
      answer = JSON.parse(line) as XfrmdAnswer; // checked as far as it is used
    } catch (cause) {
      return this.#close(new XfrmdError('malformed', 'an answer of xfrmd is not JSON', cause));
    }
    const waiting = this.#waiting.get(answer.id ?? 0);
    if (waiting === undefined) return; // its request timed out
    if (answer.error === undefined) waiting.resolve(answer.result);
    else waiting.reject(new XfrmdError(answer.error.code as XfrmdErrorCode, `${waiting.method}: ${answer.error.message}`)); // xfrmd's codes
  }

  #close(reason: XfrmdError): void {
    if (this.#end !== undefined) return;
    this.#end = reason;
    this.#socket.destroy();
    for (const { method, reject } of this.#waiting.values()) reject(new XfrmdError(reason.code, `${method}: ${reason.message}`, reason));
  }
}

async function withTimeout<T>(clock: Clock, timeoutMs: number, work: Promise<T>, what: string): Promise<T> {
  const done = new AbortController();
  const timeout = clock.sleep(timeoutMs, done.signal).then(() => undefined);
  try {
    const winner = await Promise.race([work.then((value) => ({ value })), timeout]);
    if (winner === undefined) throw new XfrmdError('timed-out', `${what}: no answer from xfrmd in ${timeoutMs} ms`);
    return winner.value;
  } finally {
    done.abort('done'); // without a reason an exception is made, stack and all, for each request
  }
}
