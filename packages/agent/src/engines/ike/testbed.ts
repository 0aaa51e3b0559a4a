/**
 * For ike.real.ts: a public network of namespaces, our engine in one, stock charons with their own userspace ESP in others.
 * The peers are configured over VICI by hand, independently of render.ts. Needs root. Not a lab: no hosts behind, no routes.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionObservation, InstanceId, InstancePlan, TunnelPlan } from '@sallyport/model';
import { openSession, type ViciInput, type ViciSession } from '@sallyport/protocols';
import { Secret, silentLogger, systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import { samplePlan, sampleTunnel, type SamplePeer } from '../../sample-plan.ts';
import type { EngineContext, InstanceEngine } from '../engine.ts';

const run = systemCommands.run;
const daemons = systemDaemons(systemClock);
export const gatewayAddress = '198.51.100.10';

export type PeerSettings = {
  readonly key?: string;
  readonly version?: '1' | '2';
  readonly proposals?: readonly string[];
  readonly espProposals?: readonly string[];
  readonly localSelectors?: readonly string[];
  readonly remoteSelectors?: readonly string[];
};

export class Testbed implements AsyncDisposable {
  readonly prefix: string;
  readonly directory: string;
  readonly context: EngineContext;
  readonly keys = new Map<string, string>();
  readonly wakes = { count: 0 };
  readonly #namespaces: string[] = [];
  readonly #pidFiles: string[] = [];
  readonly #sessions: ViciSession[] = [];

  private constructor(unique: string) {
    this.prefix = `sp-${unique}-`;
    this.directory = mkdtempSync(join(tmpdir(), 'sp-ike-'));
    const paths = {
      namespacePrefix: this.prefix,
      runDirectory: join(this.directory, 'run'),
      stateDirectory: join(this.directory, 'state'),
      xfrmdProgram: '',
      shimLibrary: '',
    };
    for (const directory of [paths.runDirectory, paths.stateDirectory]) mkdirSync(directory, { mode: 0o700 });
    this.context = {
      run,
      daemons,
      clock: systemClock,
      log: silentLogger,
      paths,
      secret: (reference) => Promise.resolve(new Secret(this.keys.get(`${reference.id}@${reference.version}`) ?? 'Testbed.Key.1')),
      wake: () => {
        this.wakes.count += 1;
      },
    };
  }

  static async create(unique: string): Promise<Testbed> {
    const testbed = new Testbed(unique);
    try {
      await testbed.#addNamespace('public');
      await run(['ip', '-n', `${testbed.prefix}public`, 'link', 'add', 'name', 'hub0', 'type', 'bridge']);
      await run(['ip', '-n', `${testbed.prefix}public`, 'link', 'set', 'hub0', 'up']);
      await testbed.addMachine('gw-hq-0', gatewayAddress);
      return testbed;
    } catch (error) {
      await testbed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A namespace with one leg `public` in the public network. */
  async addMachine(name: string, address: string): Promise<void> {
    const namespace = await this.#addNamespace(name);
    const port = `p${this.#namespaces.length}`;
    const hub = `${this.prefix}public`;
    await run(['ip', 'link', 'add', 'public', 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', hub]);
    await run(['ip', '-n', hub, 'link', 'set', port, 'master', 'hub0', 'up']);
    await run(['ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'public']);
    for (const link of ['lo', 'public']) await run(['ip', '-n', namespace, 'link', 'set', link, 'up']);
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

  stopPeer(name: string): Promise<void> {
    return daemons.stop(join(this.directory, `${name}.pid`));
  }

  instance(tunnels: readonly TunnelPlan[]): InstancePlan {
    const [instance] = samplePlan([]).instances;
    if (instance === undefined) throw new Error('the sample plan has no instance');
    return { ...instance, id: 'gw/IN_0' as InstanceId, tunnels };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session[Symbol.dispose]();
    for (const pidFile of this.#pidFiles) await daemons.stop(pidFile);
    await daemons.stop(join(this.context.paths.runDirectory, 'gw-hq-0', 'charon.pid'));
    for (const namespace of this.#namespaces) await run(['ip', 'netns', 'delete', namespace]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #addNamespace(name: string): Promise<string> {
    const namespace = `${this.prefix}${name}`;
    await run(['ip', 'netns', 'add', namespace]);
    this.#namespaces.push(namespace);
    return namespace;
  }
}

export function tunnelTo(name: string, address: string, change: Partial<SamplePeer> = {}): TunnelPlan {
  return sampleTunnel({ name, address, prefixes: [], ...change }, 1);
}

/** A connection of a stock device towards the gateway, and its key. */
export async function configurePeer(session: ViciSession, address: string, settings: PeerSettings = {}): Promise<void> {
  const body: ViciInput = {
    version: settings.version ?? '2',
    local_addrs: [address],
    remote_addrs: [gatewayAddress],
    proposals: settings.proposals ?? ['aes256-sha256-modp1024'],
    encap: 'yes',
    mobike: 'no',
    local: { auth: 'psk', id: address },
    remote: { auth: 'psk', id: gatewayAddress },
    children: {
      net: {
        esp_proposals: settings.espProposals ?? ['aes256gcm16'],
        local_ts: settings.localSelectors ?? ['0.0.0.0/0'],
        remote_ts: settings.remoteSelectors ?? ['0.0.0.0/0'],
      },
    },
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
): Promise<ConnectionObservation> {
  const id = instance.tunnels.find((tunnel) => tunnel.name === name)?.connection;
  const found = await until(
    async () => (await engine.observe(instance)).connections.find((connection) => connection.connection === id),
    (connection) => connection !== undefined && isDone(connection),
    { because, clock: systemClock, timeoutMs: 30_000, everyMs: 100 },
  );
  if (found === undefined) throw new Error(`${name} is not observed`);
  return found;
}

function peerSettingsText(socket: string, log: string): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  install_routes = no
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
