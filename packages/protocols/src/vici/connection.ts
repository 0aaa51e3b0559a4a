/**
 * One VICI connection: packets over a unix socket, events in between. charon takes a connection's commands in their order, one at a time, and
 * answers so (the protocol has no request numbers); the next ones may be on their way meanwhile, which saves a busy machine a turn of both
 * processes for each. Streamed commands take turns. A timeout closes the connection, because a late answer could not be told from the next one's.
 * Not reconnecting: owners open a new one. Typed commands are session.ts.
 */
import { connect, type Socket } from 'node:net';
import type { Clock } from '@sallyport/runtime';
import type { EncodedMessage, ViciInput, ViciMessage } from './codec.ts';
import { ViciError } from './errors.ts';
import { decodePacket, encodePacket, FrameReader, type Packet, type PacketType } from './packet.ts';

export type EventHandler = (message: ViciMessage) => void;
export type ConnectOptions = {
  readonly clock: Clock;
  /** For the connect and for each command that gives no other. Default 10,000. */
  readonly timeoutMs?: number;
};

const defaultTimeoutMs = 10_000;

type Waiting = {
  readonly what: string;
  /** charon is at it, as far as we know: everything sent before is answered. */
  readonly begin: () => void;
  readonly settle: (packet: Packet) => void;
  readonly fail: (error: ViciError) => void;
};

/** @throws ViciError `unreachable`, `timed-out` */
export async function connectVici(socketPath: string, options: ConnectOptions): Promise<ViciConnection> {
  const socket = connect({ path: socketPath });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) => reject(new ViciError('unreachable', `no VICI at ${socketPath}: ${cause.message}`, cause)));
  });
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  try {
    await raceTimeout(options.clock, timeoutMs, opened, `connecting to ${socketPath}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  return new ViciConnection(socket, options.clock, timeoutMs);
}

export class ViciConnection implements Disposable {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #frames = new FrameReader();
  readonly #handlers = new Map<string, Set<EventHandler>>();
  readonly #closed = Promise.withResolvers<ViciError>();
  /** Sent and not answered, in order. */
  readonly #waiting: Waiting[] = [];
  #tail: Promise<unknown> = Promise.resolve();
  #end: ViciError | undefined;

  constructor(socket: Socket, clock: Clock, timeoutMs: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (cause) => this.#close(new ViciError('disconnected', `VICI connection failed: ${cause.message}`, cause)));
    socket.on('close', () => this.#close(new ViciError('disconnected', 'charon closed the VICI connection')));
  }

  /** Resolves, with the reason, when the connection has ended. */
  get closed(): Promise<ViciError> {
    return this.#closed.promise;
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /**
   * Sends a command and gives its answer, `success` not looked at. `stream` receives the events that charon sends
   * while it works (`list-sa`, `control-log`); registering and unregistering them is done here.
   * @throws ViciError `disconnected`, `timed-out`, `unknown`, `malformed`
   */
  request(
    command: string,
    message: ViciInput | EncodedMessage = {},
    options: { readonly timeoutMs?: number; readonly stream?: { readonly event: string; readonly on: EventHandler } } = {},
  ): Promise<ViciMessage> {
    const { stream } = options;
    if (stream === undefined) return this.#exchange('request', command, message, options.timeoutMs);
    return this.#queue(async () => {
      await this.#register(stream.event, stream.on);
      try {
        return await this.#exchange('request', command, message, options.timeoutMs);
      } finally {
        if (this.isOpen) await this.#unregister(stream.event, stream.on);
      }
    });
  }

  /** Events of this name go to the handler until the connection ends. @throws ViciError `unknown` and those of `request` */
  subscribe(event: string, handler: EventHandler): Promise<void> {
    return this.#queue(() => this.#register(event, handler));
  }

  /** The handler may still get what was sent before. @throws as `request` */
  unsubscribe(event: string, handler: EventHandler): Promise<void> {
    return this.#queue(() => this.#unregister(event, handler));
  }

  /** The connection does not keep the process alive by itself. */
  unref(): this {
    this.#socket.unref();
    return this;
  }

  /** What charon still sends is read and left aside: it logs an error when it can't be rid of it. */
  [Symbol.dispose](): void {
    if (this.#end !== undefined) return;
    this.#socket.unref().end();
    this.#finish(new ViciError('disconnected', 'VICI connection was closed by us'));
  }

  async #register(event: string, handler: EventHandler): Promise<void> {
    const handlers = this.#handlers.get(event) ?? new Set();
    const isFirst = handlers.size === 0;
    handlers.add(handler);
    this.#handlers.set(event, handlers);
    if (!isFirst) return;
    try {
      await this.#exchange('event-register', event);
    } catch (error) {
      handlers.delete(handler);
      throw error;
    }
  }

  async #unregister(event: string, handler: EventHandler): Promise<void> {
    const handlers = this.#handlers.get(event);
    handlers?.delete(handler);
    if (handlers?.size === 0) await this.#exchange('event-unregister', event);
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {}); // the caller has `done`; the next command only waits its turn
    return done;
  }

  async #exchange(
    type: PacketType,
    name: string,
    message: ViciInput | EncodedMessage = {},
    timeoutMs = this.#timeoutMs,
  ): Promise<ViciMessage> {
    const frame = encodePacket(type, name, message);
    if (this.#end !== undefined) throw new ViciError('disconnected', `${name}: ${this.#end.message}`, this.#end);
    const { promise, resolve, reject } = Promise.withResolvers<Packet>();
    const turn = Promise.withResolvers<void>();
    this.#waiting.push({ what: name, begin: turn.resolve, settle: resolve, fail: reject });
    if (this.#waiting.length === 1) turn.resolve();
    this.#send(frame);
    try {
      // The time of those before it is not its own.
      await Promise.race([turn.promise, promise]);
      const answer = await raceTimeout(this.#clock, timeoutMs, promise, name);
      if (answer.type === 'command-unknown' || answer.type === 'event-unknown')
        throw new ViciError('unknown', `charon does not know ${name}`);
      return answer.message;
    } catch (error) {
      if (error instanceof ViciError && error.code === 'timed-out') this.#close(error);
      throw error;
    }
  }

  /** What is sent in one turn of ours is one system call. */
  #send(frame: Uint8Array): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork();
      queueMicrotask(() => this.#socket.uncork());
    }
    this.#socket.write(frame);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    try {
      for (const frame of this.#frames.push(chunk)) this.#dispatch(decodePacket(frame));
    } catch (error) {
      this.#close(
        error instanceof ViciError ? error : new ViciError('malformed', `handling a VICI packet failed: ${String(error)}`, error),
      );
    }
  }

  #dispatch(packet: Packet): void {
    if (packet.type === 'event') {
      for (const handler of this.#handlers.get(packet.name) ?? []) handler(packet.message);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) throw new ViciError('malformed', `VICI ${packet.type} without a request`);
    waiting.settle(packet);
    this.#waiting[0]?.begin();
  }

  #close(reason: ViciError): void {
    if (this.#end !== undefined) return;
    this.#socket.destroy();
    this.#finish(reason);
  }

  #finish(reason: ViciError): void {
    this.#end = reason;
    // What went wrong is that of the one that charon was at.
    for (const [index, { what, fail }] of this.#waiting.splice(0).entries())
      fail(new ViciError(index === 0 ? reason.code : 'disconnected', `${what}: ${reason.message}`, reason));
    this.#closed.resolve(reason);
  }
}

async function raceTimeout<T>(clock: Clock, timeoutMs: number, work: Promise<T>, what: string): Promise<T> {
  const settled = new AbortController();
  const timeout = clock.sleep(timeoutMs, settled.signal).then(() => {
    if (settled.signal.aborted) return undefined;
    throw new ViciError('timed-out', `${what}: no answer from charon in ${timeoutMs} ms`);
  });
  try {
    const winner = await Promise.race([work.then((value) => ({ value })), timeout]);
    if (winner === undefined) throw new ViciError('timed-out', `${what}: stopped waiting`);
    return winner.value;
  } finally {
    settled.abort('settled'); // without a reason an exception is made, stack and all, for each command
  }
}
