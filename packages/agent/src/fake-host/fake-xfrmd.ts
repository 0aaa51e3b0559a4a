/**
 * xfrmd of the fake host: its control socket, and TUN interfaces in the fake namespace it runs in. No packet moves; the
 * answers have the shape of packages/dataplane/src/control/methods.cc, and the same client reads both.
 */
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { FakeNamespace } from './fake-namespace.ts';

type Tunnel = { readonly ifId: number; readonly name: string; readonly mtu: number; readonly mssClamp: number };
type Request = { readonly id: number; readonly method: string; readonly params: Partial<Tunnel> };

export class FakeXfrmd implements AsyncDisposable {
  readonly #namespace: FakeNamespace;
  /** Process id of the charon that is connected, if there is one. */
  readonly #charonPid: () => number | undefined;
  readonly #tunnels = new Map<number, Tunnel>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(directory: string, namespace: FakeNamespace, charonPid: () => number | undefined) {
    this.#namespace = namespace;
    this.#charonPid = charonPid;
    this.#server = createServer((socket) => this.#accept(socket)).listen(join(directory, 'control.sock'));
  }

  /** As a killed process: its sockets break and its interfaces vanish. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { name } of this.#tunnels.values()) if (this.#namespace.links.has(name)) this.#namespace.deleteLink(name);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {}); // the caller went away
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const lines = received.split('\n');
      received = lines.pop() ?? '';
      for (const line of lines) socket.write(`${this.#answer(JSON.parse(line) as Request)}\n`); // our own client's
    });
  }

  #answer({ id, method, params }: Request): string {
    try {
      return JSON.stringify({ id, result: this.#call(method, params) });
    } catch (error) {
      return JSON.stringify({ id, error: { code: 'InvalidParameter', message: error instanceof Error ? error.message : '' } });
    }
  }

  #call(method: string, params: Partial<Tunnel>): unknown {
    switch (method) {
      case 'health': {
        const pid = this.#charonPid();
        return {
          version: 'fake',
          pid: 0,
          uptimeSeconds: 0,
          xfrmClients: pid === undefined ? [] : [{ pid, connections: 2, ikeChannels: 2, listensToEvents: true }],
          udpSockets: pid === undefined ? [] : [{ address: '0.0.0.0', port: 4500, pid }],
          workers: 1,
        };
      }
      case 'listTunnels':
        return [...this.#tunnels.values()];
      case 'createTunnel':
        return this.#create(params);
      case 'deleteTunnel': {
        const found = this.#tunnels.get(params.ifId ?? 0);
        this.#tunnels.delete(params.ifId ?? 0);
        if (found !== undefined && this.#namespace.links.has(found.name)) this.#namespace.deleteLink(found.name);
        return {};
      }
      default:
        throw new Error(`unknown method ${method}`);
    }
  }

  #create(params: Partial<Tunnel>): Tunnel {
    const { ifId, name, mtu, mssClamp } = params;
    if (ifId === undefined || name === undefined || mtu === undefined || mssClamp === undefined)
      throw new Error('ifId, name, mtu and mssClamp are needed');
    const tunnel = { ifId, name, mtu, mssClamp };
    const link = this.#namespace.links.get(name) ?? this.#namespace.addLink({ name, kind: 'tun' });
    link.mtu = mtu;
    this.#namespace.setUp(name);
    this.#tunnels.set(ifId, tunnel);
    return tunnel;
  }
}
