/**
 * A charon without IPsec: a VICI server on a unix socket over a small working model, for unit tests and the simulated host.
 * It answers as 5.9.8 does for what our engine uses; vici.contract.ts holds both to the same. Unknown commands are refused
 * as charon refuses them. Enter at `FakeCharon.listen`.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { ViciInput, ViciMessage } from './codec.ts';
import { FakeCharonModel, isKnownProposal, type FakeCharonOptions, type FakeSa } from './fake-charon-model.ts';
import { decodePacket, encodePacket, FrameReader, type Packet } from './packet.ts';
import { flag, integer, list, section, sections, text } from './read.ts';

export type { FakeCharonOptions, FakePeerAnswer } from './fake-charon-model.ts';

type Client = { readonly socket: Socket; readonly events: Set<string>; isCommanding: boolean };
type Handler = (message: ViciMessage, client: Client) => Promise<ViciInput> | ViciInput;

const knownEvents = new Set(
  'log control-log list-sa list-conn list-policy list-cert ike-updown ike-rekey child-updown child-rekey'.split(' '),
);
const success = { success: 'yes' };

export class FakeCharon implements AsyncDisposable {
  readonly socketPath: string;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #model: FakeCharonModel;
  readonly #options: FakeCharonOptions;
  readonly #startedMs: number;
  /** Commands that change something, in order, by name: what a test means by "nothing was touched". */
  readonly mutations: string[] = [];

  #breakAt = Infinity;

  private constructor(socketPath: string, options: FakeCharonOptions) {
    this.socketPath = socketPath;
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
    this.#model = new FakeCharonModel(options, (event, message) => this.#emit(event, message));
    this.#model.logToFile('spawning 16 worker threads', 'JOB');
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async listen(socketPath: string, options: FakeCharonOptions): Promise<FakeCharon> {
    rmSync(socketPath, { force: true });
    const fake = new FakeCharon(socketPath, options);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject);
      fake.#server.listen(socketPath, resolve);
    });
    return fake;
  }

  /** The peer starts the connection towards us. @throws when it is not loaded. */
  peerConnects(connection: string): void {
    this.#model.peerConnects(connection);
  }

  peerDeletes(connection: string): void {
    this.#model.peerDeletes(connection);
  }

  /** Breaks all connections once this many more changing commands were carried out, before the last is answered. */
  breakAfter(mutations: number): void {
    this.#breakAt = this.mutations.length + mutations;
  }

  /** A line in charon's log, for lines the model does not make by itself; with an id, of an IKE SA that has no connection yet. */
  say(message: string, ikeSaId?: string): void {
    this.#model.log(message, ikeSaId === undefined ? undefined : { name: '(unnamed)', uniqueId: Number(ikeSaId) });
  }

  /** As a killed process: sockets break, nothing is said to peers. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const sa of this.#model.sas) sa.stop.abort();
    for (const { socket } of this.#clients) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const client: Client = { socket, events: new Set(), isCommanding: false };
    const frames = new FrameReader();
    // As charon: a client's commands in their order, one at a time.
    let last = Promise.resolve();
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    socket.on('error', () => {}); // the close that follows is what counts
    socket.on('data', (chunk) => {
      try {
        for (const frame of frames.push(chunk)) {
          const packet = decodePacket(frame);
          last = last.then(() => this.#serve(packet, client));
        }
      } catch {
        socket.destroy(); // as charon does with bytes that are no packet
      }
    });
  }

  async #serve(packet: Packet, client: Client): Promise<void> {
    if (packet.type === 'event-register' || packet.type === 'event-unregister') {
      const isKnown = knownEvents.has(packet.name);
      if (packet.type === 'event-register' && isKnown) client.events.add(packet.name);
      else client.events.delete(packet.name);
      client.socket.write(encodePacket(isKnown ? 'event-confirm' : 'event-unknown'));
      return;
    }
    const handler = packet.type === 'request' ? this.#handlers[packet.name] : undefined;
    if (handler === undefined) {
      client.socket.write(encodePacket('command-unknown'));
      return;
    }
    if (mutating.has(packet.name)) this.mutations.push(mutationText(packet));
    client.isCommanding = true;
    const answer = await handler(packet.message, client);
    client.isCommanding = false;
    if (this.mutations.length >= this.#breakAt) {
      this.#breakAt = Infinity;
      for (const { socket } of this.#clients) socket.destroy();
    }
    if (!client.socket.destroyed) client.socket.write(encodePacket('response', '', answer));
  }

  #emit(event: string, message: ViciInput): void {
    for (const client of this.#clients) {
      if (!client.events.has(event) || (event === 'control-log' && !client.isCommanding)) continue;
      client.socket.write(encodePacket('event', event, message));
    }
  }

  #stream(client: Client, event: string, message: ViciInput): void {
    if (client.events.has(event)) client.socket.write(encodePacket('event', event, message));
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    version: () => ({ daemon: 'charon-systemd', version: '5.9.8', sysname: 'Linux', release: 'fake', machine: 'fake' }),
    stats: () => ({
      uptime: { running: `${Math.floor((this.#options.clock.monotonic() - this.#startedMs) / 1000)} seconds` },
      workers: { total: '16', idle: '11' },
      ikesas: { total: `${this.#model.sas.length}`, 'half-open': `${this.#model.sas.filter((sa) => sa.state === 'CONNECTING').length}` },
    }),
    'reload-settings': () => success,
    'get-conns': () => ({ conns: [...this.#model.connections.keys()] }),
    'list-conns': (_message, client) => {
      for (const [name, connection] of this.#model.connections) this.#stream(client, 'list-conn', { [name]: listedConnection(connection) });
      return {};
    },
    'list-sas': (message, client) => {
      for (const sa of this.#select(message)) this.#stream(client, 'list-sa', { [sa.name]: this.#model.describe(sa) });
      return {};
    },
    'list-policies': () => ({}),
    'load-conn': (message) => {
      for (const [name, connection] of sections(message)) {
        const bad = refusedMember(connection);
        if (bad !== undefined) return { success: 'no', errmsg: `invalid value for: ${bad}, config discarded` };
        this.#model.connections.set(name, connection);
        this.#model.log(`added vici connection: ${name}`, undefined, 'CFG');
      }
      return success;
    },
    'unload-conn': (message) => {
      const name = text(message, 'name') ?? '';
      if (this.#model.connections.delete(name)) return success;
      return { success: 'no', errmsg: `connection '${name}' not found for unloading` };
    },
    'load-shared': (message) => {
      this.#model.keys.set(text(message, 'id') ?? '', message);
      return success;
    },
    'unload-shared': (message) => {
      this.#model.keys.delete(text(message, 'id') ?? '');
      return success;
    },
    'load-cert': () => success,
    'load-key': (message) => {
      const id = createHash('sha1')
        .update(text(message, 'data') ?? '')
        .digest('hex');
      this.#model.privateKeys.add(id);
      return { ...success, id };
    },
    'unload-key': (message) => {
      this.#model.privateKeys.delete(text(message, 'id') ?? '');
      return success;
    },
    'get-keys': () => ({ keys: [...this.#model.privateKeys] }),
    'get-shared': () => ({ keys: [...this.#model.keys.keys()] }),
    initiate: (message) => this.#initiate(message),
    terminate: (message) => this.#terminate(message),
    rekey: (message) => {
      const children = this.#select(message).flatMap((sa) => sa.children.map((child) => ({ sa, child })));
      const wanted = children.filter(({ child }) => text(message, 'child') === child.name);
      for (const { sa, child } of wanted) this.#model.rekeyChild(sa, child);
      return wanted.length === 0
        ? { success: 'no', matches: '0', errmsg: 'no matching SAs to rekey found' }
        : { ...success, matches: `${wanted.length}` };
    },
  };

  async #initiate(message: ViciMessage): Promise<ViciInput> {
    const name = text(message, 'ike') ?? '';
    const child = text(message, 'child') ?? '';
    if (section(section(this.#model.connections.get(name), 'children'), child) === undefined)
      return { success: 'no', errmsg: `CHILD_SA config '${child}' not found` };
    const timeoutMs = integer(message, 'timeout') ?? 0;
    this.#model.log(`vici initiate CHILD_SA '${child}'`, undefined, 'CFG');
    const outcome = this.#model.initiate(name, child);
    if (timeoutMs < 0) return success;
    const timeUp = this.#options.clock.sleep(timeoutMs).then(() => undefined);
    const isUp = await (timeoutMs === 0 ? outcome : Promise.race([outcome, timeUp]));
    if (isUp === true) return success;
    const errmsg =
      isUp === undefined ? `CHILD_SA '${child}' not established after ${timeoutMs}ms` : `establishing CHILD_SA '${child}' failed`;
    return { success: 'no', errmsg };
  }

  #terminate(message: ViciMessage): ViciInput {
    const [childName, childId] = [text(message, 'child'), text(message, 'child-id')];
    const isOfChild = childName !== undefined || childId !== undefined;
    const sas = this.#select(message);
    const children = isOfChild ? sas.flatMap((sa) => sa.children.map((child) => ({ sa, child }))) : [];
    const wanted = children.filter(({ child }) => child.name === childName || `${child.uniqueId}` === childId);
    for (const { sa, child } of wanted) this.#model.endChild(sa, child);
    if (!isOfChild) for (const sa of sas) this.#model.end(sa);
    const count = isOfChild ? wanted.length : sas.length;
    if (count === 0) return { success: 'no', matches: '0', terminated: '0', errmsg: 'no matching SAs to terminate found' };
    return { ...success, matches: `${count}`, terminated: `${count}` };
  }

  #select(message: ViciMessage): readonly FakeSa[] {
    const ike = text(message, 'ike');
    const ikeId = text(message, 'ike-id');
    return this.#model.sas.filter((sa) => (ike === undefined || sa.name === ike) && (ikeId === undefined || `${sa.uniqueId}` === ikeId));
  }
}

const mutating = new Set([
  'load-conn',
  'unload-conn',
  'load-shared',
  'unload-shared',
  'load-cert',
  'load-key',
  'unload-key',
  'initiate',
  'terminate',
  'rekey',
  'install',
  'uninstall',
]);

/** `load-conn hq`, `load-shared hq#…`: enough to tell which object, never a value. */
function mutationText({ name, message }: Packet): string {
  const about =
    name === 'load-conn'
      ? sections(message).map(([connection]) => connection)
      : ['ike', 'child', 'id', 'name'].map((key) => text(message, key) ?? '');
  return [name, ...about.filter((word) => word !== '')].join(' ').replace(/#\w+/, '');
}

function listedConnection(connection: ViciMessage): ViciInput {
  const children = sections(section(connection, 'children')).map(
    ([name, child]) => [name, { mode: 'TUNNEL', 'local-ts': list(child, 'local_ts'), 'remote-ts': list(child, 'remote_ts') }] as const,
  );
  return {
    local_addrs: list(connection, 'local_addrs'),
    remote_addrs: list(connection, 'remote_addrs'),
    version: text(connection, 'version') === '1' ? 'IKEv1' : 'IKEv2',
    'local-1': { class: 'pre-shared key', id: text(section(connection, 'local'), 'id') ?? '' },
    'remote-1': { class: 'pre-shared key', id: text(section(connection, 'remote'), 'id') ?? '' },
    children: new Map(children),
  };
}

/** Name of a member that charon would refuse too. */
function refusedMember(connection: ViciMessage): string | undefined {
  if (list(connection, 'proposals').some((proposal) => !isKnownProposal(proposal))) return 'proposals';
  const children = sections(section(connection, 'children'));
  const isBad = children.some(([, child]) => list(child, 'esp_proposals').some((proposal) => !isKnownProposal(proposal)));
  return isBad || flag(connection, 'refuse') ? 'esp_proposals' : undefined;
}
