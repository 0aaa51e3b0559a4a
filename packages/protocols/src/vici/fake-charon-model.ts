/**
 * The working model behind fake-charon.ts: connections, keys and SAs, and how a peer's answer turns a start into an SA or
 * into charon's log lines of a failure (wording as recorded from 5.9.8). No sockets; no cryptography; no packets move.
 */
import type { Clock } from '@sallyport/runtime';
import type { ViciInput, ViciMessage } from './codec.ts';
import { list, section, sections, text } from './read.ts';

/** What a peer makes of our start. */
export type FakePeerAnswer = 'accepts' | 'silent' | 'wrong-key' | 'no-ike-proposal' | 'no-esp-proposal' | 'selectors-refused';
export type FakeCharonOptions = {
  readonly clock: Clock;
  /** Default: accepts. Asked anew at each start. */
  readonly answer?: (connection: string, remoteAddress: string) => FakePeerAnswer;
  /** From start to established. Default 20. */
  readonly handshakeMs?: number;
  /** Inner bytes per second that each child SA is said to carry, each way. Default 0. */
  readonly bytesPerSecond?: number;
  /** Receives its log, a line at a time, as strongSwan's filelog writes it. */
  readonly log?: (line: string) => void;
};
export type Emit = (event: string, message: ViciInput) => void;
export type FakeSa = {
  readonly uniqueId: number;
  readonly name: string;
  readonly connection: ViciMessage;
  readonly isInitiator: boolean;
  readonly stop: AbortController;
  state: 'CONNECTING' | 'ESTABLISHED' | 'DELETING';
  establishedMs: number;
  children: FakeChild[];
};
export type FakeChild = { readonly uniqueId: number; readonly name: string; readonly body: ViciMessage; readonly installedMs: number };

const retransmitMs = [1000, 1400, 1960, 2744, 3842];
const packetBytes = 1000;

export class FakeCharonModel {
  readonly connections = new Map<string, ViciMessage>();
  readonly keys = new Map<string, ViciMessage>();
  /** Ids only. */
  readonly privateKeys = new Set<string>();
  readonly #options: FakeCharonOptions;
  readonly #emit: Emit;
  sas: FakeSa[] = [];
  #nextSa = 1;
  #nextChild = 1;

  constructor(options: FakeCharonOptions, emit: Emit) {
    this.#options = options;
    this.#emit = emit;
  }

  log(message: string, sa?: Pick<FakeSa, 'name' | 'uniqueId'>, group = 'IKE'): void {
    const about = sa === undefined ? {} : { 'ikesa-name': sa.name, 'ikesa-uniqueid': `${sa.uniqueId}` };
    const line = { group, level: '1', thread: '1', ...about, msg: message };
    this.#emit('log', line);
    this.logToFile(message, group, sa === undefined ? '' : `<${sa.name}|${sa.uniqueId}> `);
    this.#emit('control-log', line);
  }

  logToFile(message: string, group: string, about = ''): void {
    const at = new Date(this.#options.clock.now());
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
    this.#options.log?.(`${local.toISOString().slice(0, -1)} 01[${group}] ${about}${message}\n`);
  }

  /** @returns whether the child came up, when that is known; waits for ever on a silent peer that is tried for ever. */
  async initiate(name: string, childName: string): Promise<boolean> {
    const connection = this.connections.get(name);
    const child = section(section(connection, 'children'), childName);
    if (connection === undefined || child === undefined) return false;
    const existing = this.sas.find((sa) => sa.name === name && sa.state === 'ESTABLISHED');
    const remote = list(connection, 'remote_addrs')[0] ?? '';
    const answer = this.#options.answer?.(name, remote) ?? 'accepts';
    const sa = existing ?? this.#addSa(name, connection, true);
    if (existing === undefined) this.log(`initiating IKE_SA ${name}[${sa.uniqueId}] to ${remote}`, sa);
    if (answer === 'silent') return this.#retransmit(sa);
    await this.#options.clock.sleep(this.#options.handshakeMs ?? 20, sa.stop.signal);
    if (sa.stop.signal.aborted) return false;
    return this.#conclude(sa, childName, child, answer);
  }

  /** The peer starts the connection towards us. */
  peerConnects(name: string): void {
    const connection = this.connections.get(name);
    const [child] = sections(section(connection, 'children'));
    if (connection === undefined || child === undefined) throw new Error(`no connection ${name} with a child`);
    const sa = this.#addSa(name, connection, false);
    this.log(`${list(connection, 'remote_addrs')[0] ?? ''} is initiating an IKE_SA`, sa);
    this.#conclude(sa, child[0], child[1], 'accepts');
  }

  /** The peer closes all SAs of the connection. */
  peerDeletes(name: string): void {
    for (const sa of this.sas.filter((other) => other.name === name)) {
      this.log(`received DELETE for IKE_SA ${sa.name}[${sa.uniqueId}]`, sa);
      this.end(sa);
    }
  }

  end(sa: FakeSa): void {
    const wasUp = sa.state === 'ESTABLISHED';
    sa.stop.abort();
    sa.state = 'DELETING';
    this.sas = this.sas.filter((other) => other !== sa);
    if (!wasUp) return;
    this.#emit('ike-updown', { [sa.name]: this.describe(sa, []) });
    for (const child of sa.children) this.#emit('child-updown', { [sa.name]: this.describe(sa, [child]) });
  }

  endChild(sa: FakeSa, child: FakeChild): void {
    this.#emit('child-updown', { [sa.name]: this.describe(sa, [child]) });
    sa.children = sa.children.filter((other) => other !== child);
  }

  rekeyChild(sa: FakeSa, old: FakeChild): void {
    const renewed = this.#install(old.name, old.body);
    sa.children = sa.children.map((child) => (child === old ? renewed : child));
    const form = (child: FakeChild): ViciInput => this.#describeChild(child, sa);
    const both = { [old.name]: { old: form(old), new: form(renewed) } };
    this.#emit('child-rekey', { [sa.name]: { ...this.describe(sa), 'child-sas': both } });
  }

  /** In the form of a `list-sa` event. */
  describe(sa: FakeSa, children: readonly FakeChild[] = sa.children): Readonly<Record<string, string | readonly string[] | ViciInput>> {
    const [encryption, integrity, group] = words(list(sa.connection, 'proposals')[0] ?? '');
    const spi = sa.uniqueId.toString(16).padStart(16, '0');
    const port = sa.state === 'CONNECTING' ? '500' : '4500';
    return {
      uniqueid: `${sa.uniqueId}`,
      version: text(sa.connection, 'version') === '1' ? '1' : '2',
      state: sa.state,
      'local-host': list(sa.connection, 'local_addrs')[0] ?? '',
      'local-port': port,
      'local-id': text(section(sa.connection, 'local'), 'id') ?? '',
      'remote-host': list(sa.connection, 'remote_addrs')[0] ?? '',
      'remote-port': port,
      'remote-id': text(section(sa.connection, 'remote'), 'id') ?? '',
      ...(sa.isInitiator ? { initiator: 'yes' } : {}),
      'initiator-spi': spi,
      'responder-spi': sa.state === 'CONNECTING' ? '0'.repeat(16) : spi.replace(/^0/, 'f'),
      ...(sa.state === 'CONNECTING' ? { 'tasks-active': ['IKE_INIT', 'CHILD_CREATE'] } : { ...encryption, ...integrity, ...group }),
      ...(sa.state === 'CONNECTING' ? {} : { established: `${this.#secondsSince(sa.establishedMs)}`, 'rekey-time': '25000' }),
      'child-sas': Object.fromEntries(children.map((child) => [`${child.name}-${child.uniqueId}`, this.#describeChild(child, sa)])),
    };
  }

  #describeChild(child: FakeChild, sa: FakeSa): ViciInput {
    const [encryption, integrity, group] = words(list(child.body, 'esp_proposals')[0] ?? '');
    const seconds = this.#secondsSince(child.installedMs);
    const bytes = seconds * (this.#options.bytesPerSecond ?? 0);
    const packets = `${Math.ceil(bytes / packetBytes)}`;
    return {
      name: child.name,
      uniqueid: `${child.uniqueId}`,
      reqid: `${sa.uniqueId}`,
      state: 'INSTALLED',
      mode: 'TUNNEL',
      protocol: 'ESP',
      ...(text(sa.connection, 'encap') === 'yes' ? { encap: 'yes' } : {}),
      'spi-in': (0xc000_0000 + child.uniqueId).toString(16),
      'spi-out': (0xd000_0000 + child.uniqueId).toString(16),
      ...encryption,
      ...integrity,
      ...group,
      'bytes-in': `${bytes}`,
      'packets-in': packets,
      'bytes-out': `${bytes}`,
      'packets-out': packets,
      'rekey-time': '24000',
      'life-time': `${27_000 - seconds}`,
      'install-time': `${seconds}`,
      'local-ts': list(child.body, 'local_ts'),
      'remote-ts': list(child.body, 'remote_ts'),
    };
  }

  #addSa(name: string, connection: ViciMessage, isInitiator: boolean): FakeSa {
    const sa: FakeSa = {
      uniqueId: this.#nextSa++,
      name,
      connection,
      isInitiator,
      stop: new AbortController(),
      state: 'CONNECTING',
      establishedMs: 0,
      children: [],
    };
    this.sas.push(sa);
    return sa;
  }

  #conclude(sa: FakeSa, childName: string, child: ViciMessage, answer: FakePeerAnswer): boolean {
    if (answer === 'wrong-key' || answer === 'no-ike-proposal') {
      const notify = answer === 'wrong-key' ? 'AUTHENTICATION_FAILED' : 'NO_PROPOSAL_CHOSEN';
      this.log(`received ${notify} notify error`, sa);
      this.end(sa);
      return false;
    }
    if (sa.state === 'CONNECTING') this.#establish(sa);
    if (answer !== 'accepts') {
      const notify = answer === 'no-esp-proposal' ? 'NO_PROPOSAL_CHOSEN' : 'TS_UNACCEPTABLE';
      this.log(`received ${notify} notify, no CHILD_SA built`, sa);
      return false;
    }
    const installed = this.#install(childName, child);
    sa.children.push(installed);
    const selectors = `${list(child, 'local_ts').join(' ')} === ${list(child, 'remote_ts').join(' ')}`;
    this.log(`CHILD_SA ${childName}{${installed.uniqueId}} established with SPIs and TS ${selectors}`, sa);
    this.#emit('child-updown', { up: 'yes', [sa.name]: this.describe(sa, [installed]) });
    return true;
  }

  #establish(sa: FakeSa): void {
    sa.state = 'ESTABLISHED';
    sa.establishedMs = this.#options.clock.monotonic();
    const end = (host: string, own: 'local' | 'remote'): string => `${host}[${text(section(sa.connection, own), 'id') ?? ''}]`;
    const local = end(list(sa.connection, 'local_addrs')[0] ?? '', 'local');
    const remote = end(list(sa.connection, 'remote_addrs')[0] ?? '', 'remote');
    this.log(`IKE_SA ${sa.name}[${sa.uniqueId}] established between ${local}...${remote}`, sa);
    this.#emit('ike-updown', { up: 'yes', [sa.name]: this.describe(sa, []) });
  }

  async #retransmit(sa: FakeSa): Promise<boolean> {
    do {
      for (const [index, waitMs] of retransmitMs.entries()) {
        await this.#options.clock.sleep(waitMs, sa.stop.signal);
        if (sa.stop.signal.aborted) return false;
        if (index + 1 < retransmitMs.length) this.log(`retransmit ${index + 1} of request with message ID 0`, sa);
      }
      this.log('giving up after 4 retransmits', sa);
    } while (text(sa.connection, 'keyingtries') === '0' && sa.state === 'CONNECTING');
    this.end(sa);
    return false;
  }

  #install(name: string, body: ViciMessage): FakeChild {
    return { uniqueId: this.#nextChild++, name, body, installedMs: this.#options.clock.monotonic() };
  }

  #secondsSince(ms: number): number {
    return Math.floor((this.#options.clock.monotonic() - ms) / 1000);
  }
}

const ciphers: Readonly<Record<string, readonly [string, string?]>> = {
  aes128: ['AES_CBC', '128'],
  aes192: ['AES_CBC', '192'],
  aes256: ['AES_CBC', '256'],
  aes128gcm16: ['AES_GCM_16', '128'],
  aes192gcm16: ['AES_GCM_16', '192'],
  aes256gcm16: ['AES_GCM_16', '256'],
  '3des': ['3DES_CBC'],
  des: ['DES_CBC'],
  null: ['NULL'],
};
const hashes: Readonly<Record<string, string>> = {
  md5: 'HMAC_MD5_96',
  sha1: 'HMAC_SHA1_96',
  sha256: 'HMAC_SHA2_256_128',
  sha384: 'HMAC_SHA2_384_192',
};
const prfs: Readonly<Record<string, string>> = {
  prfmd5: 'PRF_HMAC_MD5',
  prfsha1: 'PRF_HMAC_SHA1',
  prfsha256: 'PRF_HMAC_SHA2_256',
  prfsha384: 'PRF_HMAC_SHA2_384',
};
const groups: Readonly<Record<string, string>> = {
  modp768: 'MODP_768',
  modp1024: 'MODP_1024',
  modp2048: 'MODP_2048',
  modp2048s256: 'MODP_2048_256',
  ecp256: 'ECP_256',
  ecp384: 'ECP_384',
};

export function isKnownProposal(proposal: string): boolean {
  const tables = [ciphers, hashes, prfs, groups];
  return proposal.split('-').every((word) => tables.some((table) => Object.hasOwn(table, word)));
}

type Members = Readonly<Record<string, string>>;

/** A proposal in the members of `list-sa`. */
function words(proposal: string): readonly [Members, Members, Members] {
  const parts = proposal.split('-');
  const pick = (table: Readonly<Record<string, string>>): string | undefined =>
    parts.map((part) => table[part]).find((found) => found !== undefined);
  const [cipher, size] = ciphers[parts[0] ?? ''] ?? [parts[0] ?? ''];
  const hash = pick(hashes);
  const prf = pick(prfs) ?? hash?.replace(/^HMAC_(MD5|SHA1|SHA2_\d+).*/, 'PRF_HMAC_$1');
  const group = pick(groups);
  return [
    { 'encr-alg': cipher, ...(size === undefined ? {} : { 'encr-keysize': size }) },
    { ...(hash === undefined ? {} : { 'integ-alg': hash }), ...(prf === undefined ? {} : { 'prf-alg': prf }) },
    group === undefined ? {} : { 'dh-group': group },
  ];
}
