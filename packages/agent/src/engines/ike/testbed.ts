/**
 * For the *.real.ts of this folder: a public network of namespaces, our engine with xfrmd in one, stock charons with their own userspace ESP
 * in others. The peers are configured over VICI by hand, independently of render.ts. Needs root and the built data plane.
 * Not a lab: no hosts behind; an address on each end's loopback stands for its network.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApplyFailure, ConnectionObservation, InstanceId, InstancePlan, TunnelPlan } from '@sallyport/model';
import { openSession, type ViciInput, type ViciSession } from '@sallyport/protocols';
import { BackgroundTask, Secret, silentLogger, systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import { samplePlan, sampleTunnel, type KeyedTunnel } from '../../sample-plan.ts';
import type { EngineContext, InstanceEngine } from '../engine.ts';
import type { XfrmEngine } from '../xfrm/xfrm-engine.ts';
import { createXfrmdEngine } from '../xfrm/xfrmd.ts';
import { charonFiles } from './charon.ts';
import { createIkeEngine } from './engine.ts';
import { testPaths } from '../../test-paths.ts';

const run = systemCommands.run;
const daemons = systemDaemons(systemClock);
export const gatewayAddress = '198.51.100.10';
const gatewayInside = '10.1.0.1';
const namespace = 'gw-hq-0';

export type PeerSettings = {
  readonly key?: string;
  readonly version?: '1' | '2';
  readonly proposals?: readonly string[];
  readonly espProposals?: readonly string[];
  readonly localSelectors?: readonly string[];
  readonly remoteSelectors?: readonly string[];
  /** Names of children, all with the same selectors. */
  readonly children?: readonly string[];
};

export class Testbed implements AsyncDisposable {
  readonly prefix: string;
  readonly directory: string;
  readonly context: EngineContext;
  readonly keys = new Map<string, string>();
  readonly xfrm: XfrmEngine;
  /** Called when the engine asks for a pass. */
  onWake = (): void => {};
  readonly #namespaces: string[] = [];
  /** Of the machines, in the public network's bridge. */
  readonly #ports: string[] = [];
  readonly #pidFiles: string[] = [];
  readonly #sessions: ViciSession[] = [];

  private constructor(unique: string) {
    this.prefix = `sp-${unique}-`;
    this.directory = mkdtempSync(join(tmpdir(), 'sp-ike-'));
    const paths = testPaths(this.directory, this.prefix);
    for (const directory of [paths.runDirectory, paths.stateDirectory]) mkdirSync(directory, { mode: 0o700 });
    this.context = {
      run,
      daemons,
      clock: systemClock,
      log: silentLogger,
      paths,
      secret: (reference) => Promise.resolve(new Secret(this.keys.get(`${reference.id}@${reference.version}`) ?? 'Testbed.Key.1')),
      wake: () => this.onWake(),
      report: () => {},
    };
    this.xfrm = createXfrmdEngine(this.context, { charonPidFile: (name) => charonFiles(paths, name).pidFile });
  }

  static async create(unique: string): Promise<Testbed> {
    const testbed = new Testbed(unique);
    try {
      await testbed.#addNamespace('public');
      await run(['ip', '-n', `${testbed.prefix}public`, 'link', 'add', 'name', 'hub0', 'type', 'bridge']);
      await run(['ip', '-n', `${testbed.prefix}public`, 'link', 'set', 'hub0', 'up']);
      await testbed.addMachine(namespace, gatewayAddress, gatewayInside);
      return testbed;
    } catch (error) {
      await testbed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A namespace with one leg `public` in the public network, and an address inside. */
  async addMachine(name: string, address: string, inside: string): Promise<void> {
    const full = await this.#addNamespace(name);
    const port = `p${this.#namespaces.length}`;
    const hub = `${this.prefix}public`;
    await run(['ip', 'link', 'add', 'public', 'netns', full, 'type', 'veth', 'peer', 'name', port, 'netns', hub]);
    await run(['ip', '-n', hub, 'link', 'set', port, 'master', 'hub0', 'up']);
    this.#ports.push(port);
    await run(['ip', '-n', full, 'address', 'add', `${address}/24`, 'dev', 'public']);
    await run(['ip', '-n', full, 'address', 'add', `${inside}/32`, 'dev', 'lo']);
    for (const link of ['lo', 'public']) await run(['ip', '-n', full, 'link', 'set', link, 'up']);
  }

  /** Starts a stock charon on an added machine. */
  async startPeer(name: string): Promise<ViciSession> {
    const socket = join(this.directory, `${name}.vici`);
    const settings = join(this.directory, `${name}.conf`);
    const pidFile = join(this.directory, `${name}.pid`);
    rmSync(socket, { force: true });
    writeFileSync(settings, peerSettingsText(socket, join(this.directory, `${name}.log`)));
    daemons.start({
      argv: ['nsenter', `--net=/run/netns/${this.prefix}${name}`, '--', 'charon-systemd'],
      env: { STRONGSWAN_CONF: settings },
      logFile: join(this.directory, `${name}.out`),
      pidFile,
    });
    this.#pidFiles.push(pidFile);
    const session = await until(
      () => openSession(socket, { clock: systemClock }),
      () => true,
      { because: `peer ${name} answers`, clock: systemClock },
    );
    this.#sessions.push(session);
    return session;
  }

  /** Until it is ended no machine hears another. Their links stay up: a charon looks for other ways when one goes down. */
  async silence(): Promise<{ readonly end: () => Promise<void> } & AsyncDisposable> {
    const isolate = async (isIsolated: 'on' | 'off'): Promise<void> => {
      for (const port of this.#ports) {
        const link = ['link', 'set', 'dev', port, 'type', 'bridge_slave', 'isolated', isIsolated];
        await run(['ip', '-n', `${this.prefix}public`, ...link]);
      }
    };
    await isolate('on');
    const end = (): Promise<void> => isolate('off');
    return { end, [Symbol.asyncDispose]: end };
  }

  /** As a power cut: the peer says nothing. */
  async killPeer(name: string): Promise<void> {
    const found = daemons.find(join(this.directory, `${name}.pid`));
    if (found !== undefined) process.kill(found.pid, 'SIGKILL');
    await daemons.stop(join(this.directory, `${name}.pid`));
  }

  /** As the agent does it: xfrmd first, again and again, sooner when woken. */
  drive(engine: InstanceEngine, read: () => InstancePlan): AsyncDisposable {
    const task = new BackgroundTask({
      name: 'drive',
      periodMs: 5000,
      clock: systemClock,
      log: silentLogger,
      activate: async () => void (await this.pass(engine, read())),
    });
    this.onWake = task.wake;
    task.start();
    return task;
  }

  async pass(engine: InstanceEngine, instance: InstancePlan): Promise<readonly ApplyFailure[]> {
    const { signal } = new AbortController();
    const made = await this.xfrm.reconcile(instance, signal);
    return [...made, ...(await engine.reconcile(instance, signal)), ...(await this.xfrm.verify(instance, signal))];
  }

  createEngine(): InstanceEngine & AsyncDisposable {
    return createIkeEngine(this.context, { variant: 'xfrmd', xfrm: { env: this.xfrm.charonEnvironment } });
  }

  /** Pings through the tunnel of an interface; gives how many of the first `count` were answered, however late (-W would not wait for the last). */
  async ping(ifId: number, target: string, count: number, seconds = 5): Promise<number> {
    const full = `${this.prefix}${namespace}`;
    await run(['ip', '-n', full, 'route', 'replace', `${target}/32`, 'dev', `t${ifId}`, 'src', gatewayInside]);
    const argv = ['ping', '-n', '-i', '0.05', '-w', `${seconds}`, '-c', `${count}`, target];
    const { stdout } = await run(['nsenter', `--net=/run/netns/${full}`, '--', ...argv], {
      okCodes: [0, 1],
      timeoutMs: (seconds + 20) * 1000,
    });
    const answered = new Set([...stdout.matchAll(/bytes from .* icmp_seq=(\d+) /g)].map(([, sequence]) => Number(sequence)));
    return [...answered].filter((sequence) => sequence <= count).length;
  }

  instance(tunnels: readonly TunnelPlan[]): InstancePlan {
    const [instance] = samplePlan([]).instances;
    if (instance === undefined) throw new Error('the sample plan has no instance');
    return { ...instance, id: 'gw/IN_0' as InstanceId, tunnels };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session[Symbol.dispose]();
    for (const pidFile of this.#pidFiles) await daemons.stop(pidFile);
    for (const daemon of ['charon', 'xfrmd']) await daemons.stop(join(this.context.paths.runDirectory, namespace, `${daemon}.pid`));
    for (const full of this.#namespaces) await run(['ip', 'netns', 'delete', full], { okCodes: [0, 1] });
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #addNamespace(name: string): Promise<string> {
    const full = `${this.prefix}${name}`;
    await run(['ip', 'netns', 'add', full]);
    this.#namespaces.push(full);
    return full;
  }
}

/** The peers: `a` is 198.51.100.21 with 192.168.21.1 inside, `b` .22, and so on. */
export function peerNumber(name: string): number {
  return 20 + name.charCodeAt(0) - 'a'.charCodeAt(0) + 1;
}
export const peerAddress = (name: string): string => `198.51.100.${peerNumber(name)}`;
export const peerInside = (name: string): string => `192.168.${peerNumber(name)}.1`;

export function tunnelTo(
  name: string,
  change: { readonly ike?: Partial<TunnelPlan['ike']>; readonly esp?: Partial<TunnelPlan['esp']> } = {},
): KeyedTunnel {
  const tunnel = sampleTunnel({ name, address: peerAddress(name), prefixes: [] }, peerNumber(name));
  return { ...tunnel, ike: { ...tunnel.ike, ...change.ike }, esp: { ...tunnel.esp, ...change.esp } };
}

/** A connection of a stock device towards the gateway, and its key. */
export async function configurePeer(session: ViciSession, name: string, settings: PeerSettings = {}): Promise<void> {
  const address = peerAddress(name);
  const net: ViciInput = {
    esp_proposals: settings.espProposals ?? ['aes256gcm16'],
    local_ts: settings.localSelectors ?? [`192.168.${peerNumber(name)}.0/24`],
    remote_ts: settings.remoteSelectors ?? ['0.0.0.0/0'],
  };
  const body: ViciInput = {
    version: settings.version ?? '2',
    local_addrs: [address],
    remote_addrs: [gatewayAddress],
    proposals: settings.proposals ?? ['aes256-sha256-modp1024'],
    encap: 'yes',
    mobike: 'no',
    local: { auth: 'psk', id: address },
    remote: { auth: 'psk', id: gatewayAddress },
    // charon asks for no second child with the selectors of one that stands, but where its number in the kernel is another.
    children: Object.fromEntries((settings.children ?? ['net']).map((child, index) => [child, { ...net, reqid: `${index}` }])),
  };
  await session.loadConnection('gw', body);
  await session.loadShared({ id: 'gw', key: Buffer.from(settings.key ?? 'Testbed.Key.1'), owners: [address, gatewayAddress] });
}

/** Waits until the engine observes a connection so. */
export async function untilObserved(
  engine: InstanceEngine,
  instance: InstancePlan,
  name: string,
  isDone: (connection: ConnectionObservation) => boolean,
  because: string,
  timeoutMs = 30_000,
): Promise<ConnectionObservation> {
  const id = instance.tunnels.find((tunnel) => tunnel.name === name)?.connection;
  const found = await until(
    async () => (await engine.observe(instance)).connections.find((connection) => connection.connection === id),
    (connection) => connection !== undefined && isDone(connection),
    { because, clock: systemClock, timeoutMs, everyMs: 100 },
  );
  if (found === undefined) throw new Error(`${name} is not observed`);
  return found;
}

function peerSettingsText(socket: string, log: string): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl kdf pem x509 pubkey constraints revocation kernel-libipsec kernel-netlink socket-default vici
  retransmit_timeout = 1.0
  retransmit_tries = 3
  journal {
    default = -1
  }
  filelog {
    file {
      path = ${log}
      flush_line = yes
    }
  }
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
}
`;
}
