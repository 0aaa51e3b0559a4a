/**
 * charon's commands as typed calls over one VICI connection. Answers with `success = no` become ViciError `refused`.
 * What charon knows is the truth: `listConnections`, `listSas`, `sharedKeyIds` read it back. Commands and their
 * members: README.md of strongSwan's vici plugin; connection members: swanctl.conf(5).
 */
import { EncodedMessage, type ViciInput, type ViciMessage } from './codec.ts';
import { connectVici, type ConnectOptions, type EventHandler, type ViciConnection } from './connection.ts';
import { ViciError } from './errors.ts';
import { flag, integer, list, section, sections, text } from './read.ts';

export type LogLine = {
  /** Subsystem: `IKE`, `CFG`, `KNL`… */
  readonly group: string;
  readonly level: number;
  /** Unknown until charon has chosen a connection. */
  readonly connection: string | undefined;
  readonly ikeSaId: string | undefined;
  readonly message: string;
};
export type NamedSection = { readonly name: string; readonly body: ViciMessage };
export type SharedKey = {
  /** Unique; loading the same id again replaces the key. */
  readonly id: string;
  readonly key: Uint8Array;
  /** Identities of both ends. */
  readonly owners: readonly string[];
};
export type Selection = {
  readonly ike?: string;
  readonly ikeId?: string;
  readonly child?: string;
  readonly childId?: string;
};
export type InitiateOptions = {
  readonly ike: string;
  readonly child: string;
  /** Milliseconds charon waits for the outcome; -1 does not wait at all: the `log` event tells how it goes on. */
  readonly timeoutMs: number;
  readonly onLog?: (line: LogLine) => void;
};
export type EventName = 'ike-updown' | 'child-updown' | 'ike-rekey' | 'child-rekey';

/** Time for the answer itself beyond the time charon was told to wait. */
const answerMarginMs = 10_000;

/** @throws ViciError `unreachable`, `timed-out` */
export async function openSession(socketPath: string, options: ConnectOptions): Promise<ViciSession> {
  return new ViciSession(await connectVici(socketPath, options));
}

export class ViciSession implements Disposable {
  readonly connection: ViciConnection;

  constructor(connection: ViciConnection) {
    this.connection = connection;
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }

  async version(): Promise<{ readonly daemon: string; readonly version: string }> {
    const answer = await this.connection.request('version');
    return { daemon: text(answer, 'daemon') ?? '', version: text(answer, 'version') ?? '' };
  }

  stats(): Promise<ViciMessage> {
    return this.connection.request('stats');
  }

  algorithms(): Promise<ViciMessage> {
    return this.connection.request('get-algorithms');
  }

  async reloadSettings(): Promise<void> {
    await this.#command('reload-settings', {});
  }

  /** @throws ViciError `refused` when it did not come up in time (never with `timeoutMs` -1). */
  async initiate(options: InitiateOptions): Promise<void> {
    const { ike, child, timeoutMs, onLog } = options;
    await this.#command('initiate', { ike, child, timeout: `${timeoutMs}`, loglevel: '1' }, Math.max(0, timeoutMs), onLog);
  }

  /**
   * Ends SAs; none matching is success. `force` sends the DELETE and does not wait for its answer.
   * Gives how many were ended.
   */
  async terminate(what: Selection & { readonly force?: boolean; readonly timeoutMs?: number }): Promise<number> {
    const timeoutMs = what.timeoutMs ?? 5000;
    const message = { ...selection(what), force: what.force === true ? 'yes' : 'no', timeout: `${timeoutMs}` };
    const answer = await this.connection.request('terminate', message, { timeoutMs: Math.max(0, timeoutMs) + answerMarginMs });
    const hasMatches = (integer(answer, 'matches') ?? 0) > 0;
    if (hasMatches && !flag(answer, 'success')) throw refused('terminate', answer);
    return integer(answer, 'terminated') ?? 0;
  }

  /** Starts rekeying; gives how many SAs matched. */
  async rekey(what: Selection): Promise<number> {
    const answer = await this.connection.request('rekey', selection(what));
    return integer(answer, 'matches') ?? 0;
  }

  async install(what: { readonly ike: string; readonly child: string }): Promise<void> {
    await this.#command('install', what);
  }

  async uninstall(what: { readonly ike: string; readonly child: string }): Promise<void> {
    await this.#command('uninstall', what);
  }

  /** IKE SAs with their child SAs, in charon's words; several of one name are possible. */
  listSas(filter: Pick<Selection, 'ike' | 'ikeId'> = {}): Promise<readonly NamedSection[]> {
    return this.#streamed('list-sas', 'list-sa', selection(filter));
  }

  listPolicies(): Promise<readonly NamedSection[]> {
    return this.#streamed('list-policies', 'list-policy', { drop: 'yes', pass: 'yes', trap: 'yes' });
  }

  listConnections(): Promise<readonly NamedSection[]> {
    return this.#streamed('list-conns', 'list-conn', {});
  }

  /** DER bytes are in each message's `data`. */
  async listCertificates(filter: { readonly subject?: string } = {}): Promise<readonly ViciMessage[]> {
    const found: ViciMessage[] = [];
    await this.connection.request('list-certs', filter, { stream: { event: 'list-cert', on: (message) => found.push(message) } });
    return found;
  }

  /** Names of connections loaded over VICI. */
  async connectionNames(): Promise<readonly string[]> {
    return list(await this.connection.request('get-conns'), 'conns');
  }

  /** Loads or replaces one connection; its SAs, if any, stay as they are. */
  loadConnection(name: string, body: ViciInput): Promise<void> {
    return this.loadEncoded(new EncodedMessage({ [name]: body }));
  }

  /** `loadConnection` of a section with the connection's name, and all of it in there. */
  async loadEncoded(connection: EncodedMessage): Promise<void> {
    await this.#command('load-conn', connection);
  }

  /** Absent is success. SAs stay. */
  async unloadConnection(name: string): Promise<void> {
    await this.#withoutAbsent('unload-conn', { name });
  }

  async loadShared(key: SharedKey): Promise<void> {
    await this.#command('load-shared', { id: key.id, type: 'IKE', data: key.key, owners: key.owners });
  }

  /** Absent is success. */
  async unloadShared(id: string): Promise<void> {
    await this.#withoutAbsent('unload-shared', { id });
  }

  async sharedKeyIds(): Promise<readonly string[]> {
    return list(await this.connection.request('get-shared'), 'keys');
  }

  /** DER or PEM; `CA` for one that issues others. There is no way to unload one but `clear-creds`. */
  async loadCertificate(flag: 'NONE' | 'CA', data: Uint8Array): Promise<void> {
    await this.#command('load-cert', { type: 'X509', flag, data });
  }

  /** RSA; DER, or PEM where charon has that plugin. Gives the id to unload it by: the SHA-1 of its public key, in hex. */
  async loadPrivateKey(data: Uint8Array): Promise<string> {
    const answer = await this.connection.request('load-key', { type: 'rsa', data });
    if (!flag(answer, 'success')) throw refused('load-key', answer);
    return text(answer, 'id') ?? '';
  }

  async privateKeyIds(): Promise<readonly string[]> {
    return list(await this.connection.request('get-keys'), 'keys');
  }

  /** Absent is success. */
  async unloadPrivateKey(id: string): Promise<void> {
    await this.#withoutAbsent('unload-key', { id });
  }

  subscribe(event: EventName, handler: EventHandler): Promise<void> {
    return this.connection.subscribe(event, handler);
  }

  unsubscribe(event: EventName, handler: EventHandler): Promise<void> {
    return this.connection.unsubscribe(event, handler);
  }

  /** charon's log at its default level, whatever is written to files. */
  subscribeLog(handler: (line: LogLine) => void): Promise<void> {
    return this.connection.subscribe('log', (message) => handler(readLogLine(message)));
  }

  async #command(name: string, message: ViciInput | EncodedMessage, waitMs?: number, onLog?: (line: LogLine) => void): Promise<void> {
    const answer = await this.connection.request(name, message, {
      ...(waitMs === undefined ? {} : { timeoutMs: waitMs + answerMarginMs }),
      ...(onLog === undefined ? {} : { stream: { event: 'control-log', on: (line) => onLog(readLogLine(line)) } }),
    });
    if (!flag(answer, 'success')) throw refused(name, answer);
  }

  async #withoutAbsent(name: string, message: ViciInput): Promise<void> {
    const answer = await this.connection.request(name, message);
    if (!flag(answer, 'success') && !/not found/.test(text(answer, 'errmsg') ?? '')) throw refused(name, answer);
  }

  async #streamed(command: string, event: string, message: ViciInput): Promise<readonly NamedSection[]> {
    const found: NamedSection[] = [];
    const on: EventHandler = (streamed) => found.push(...sections(streamed).map(([name, body]) => ({ name, body })));
    await this.connection.request(command, message, { stream: { event, on } });
    return found;
  }
}

/** The SA that an `ike-updown` or `child-updown` event is about. */
export function readUpDown(message: ViciMessage): { readonly isUp: boolean; readonly sa: NamedSection | undefined } {
  const [first] = sections(message);
  return { isUp: flag(message, 'up'), sa: first === undefined ? undefined : { name: first[0], body: first[1] } };
}

/** Child SAs of an SA in `list-sa` form: names are `<config>-<unique id>`, the config's is in the body's `name`. */
export function childSas(sa: NamedSection): readonly NamedSection[] {
  return sections(section(sa.body, 'child-sas')).map(([name, body]) => ({ name: text(body, 'name') ?? name, body }));
}

function readLogLine(message: ViciMessage): LogLine {
  return {
    group: text(message, 'group') ?? '',
    level: integer(message, 'level') ?? 0,
    connection: text(message, 'ikesa-name'),
    ikeSaId: text(message, 'ikesa-uniqueid'),
    message: text(message, 'msg') ?? '',
  };
}

function selection(what: Selection): Readonly<Record<string, string | undefined>> {
  return { ike: what.ike, 'ike-id': what.ikeId, child: what.child, 'child-id': what.childId };
}

function refused(command: string, answer: ViciMessage): ViciError {
  return new ViciError('refused', `${command}: ${text(answer, 'errmsg') ?? 'charon gave no reason'}`);
}
