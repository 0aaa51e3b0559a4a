/**
 * Many sites played by one stock strongSwan: one namespace with many public addresses, one charon with a connection for each, its own
 * userspace ESP. A hundred devices of device.ts would measure themselves; this one leaves the machine to the gateway. Its charon is
 * told over VICI, because a measurement must see every event; its tunnel end shares no code with ours. Scenario: crowd-scenario.ts.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSession, readUpDown } from '@sallyport/protocols';
import type { ViciSession } from '@sallyport/protocols';
import { until } from '@sallyport/runtime';
import { crowdSite } from './crowd-scenario.ts';
import type { DevicePorts } from './device.ts';
import type { Fabric } from './fabric.ts';
import { routerOf } from './lab-file.ts';
import { addNamespace, attachTo, inside, ipBatch, namespaceOf, removeNamespace, removeLink } from './namespaces.ts';

export type CrowdFabric = Pick<Fabric, 'namespacePrefix' | 'runDirectory' | 'dataDirectory' | 'id'>;
export type CrowdOptions = {
  readonly gateway: string;
  /** swanctl.conf(5) words. */
  readonly ikeProposals: readonly string[];
  readonly espProposals: readonly string[];
  /** The key that a site has from the start; that of its connection when left out. */
  readonly keyOf?: (number: number) => string;
};

/** Of the public links: beyond those of sites. */
const link = 900;

export class Crowd implements AsyncDisposable {
  readonly namespace: string;
  readonly #ports: DevicePorts;
  readonly #fabric: CrowdFabric;
  readonly #options: CrowdOptions;
  readonly #directory: string;
  #vici: ViciSession | undefined;
  /** Children up, by connection. */
  readonly #up = new Map<string, number>();
  #changed = Promise.withResolvers<void>();

  private constructor(ports: DevicePorts, fabric: CrowdFabric, options: CrowdOptions) {
    this.#ports = ports;
    this.#fabric = fabric;
    this.#options = options;
    this.namespace = namespaceOf(fabric, 'crowd');
    this.#directory = join(fabric.runDirectory, 'lab-crowd');
  }

  /** Sites 1 to `count` of crowd-scenario.ts, answering. The public network must be there. */
  static async start(ports: DevicePorts, fabric: CrowdFabric, count: number, options: CrowdOptions): Promise<Crowd> {
    const crowd = new Crowd(ports, fabric, options);
    try {
      await crowd.#makeNamespace(count);
      await crowd.#startCharon();
      for (let number = 1; number <= count; number += 1) await crowd.load(number);
      return crowd;
    } catch (error) {
      await crowd[Symbol.asyncDispose]();
      throw error;
    }
  }

  get vici(): ViciSession {
    if (this.#vici === undefined) throw new Error('the crowd has no charon');
    return this.#vici;
  }

  /** Sites that have a child SA. */
  get upCount(): number {
    return [...this.#up.values()].filter((children) => children > 0).length;
  }

  isUp(number: number): boolean {
    return (this.#up.get(crowdSite(number).name) ?? 0) > 0;
  }

  /** Resolves in the moment charon says so: no polling. */
  async untilUp(count: number, timeoutMs: number): Promise<void> {
    const isUp = new AbortController();
    let isLate = false;
    const deadline = this.#ports.clock.sleep(timeoutMs, isUp.signal).then(() => (isLate = true));
    try {
      while (this.upCount < count) {
        if (isLate) throw new Error(`only ${this.upCount} of ${count} sites of the crowd are up after ${timeoutMs} ms`);
        await Promise.race([this.#changed.promise, deadline]);
      }
    } finally {
      isUp.abort();
    }
  }

  /** Forgets all SAs without a word to the gateway. */
  async restart(count: number): Promise<void> {
    await this.#stopCharon();
    await this.#startCharon();
    for (let number = 1; number <= count; number += 1) await this.load(number);
  }

  async load(number: number, key?: string): Promise<void> {
    const site = crowdSite(number);
    const { gateway, ikeProposals, espProposals, keyOf } = this.#options;
    await this.vici.loadConnection(site.name, {
      version: '2',
      local_addrs: [site.address],
      remote_addrs: [gateway],
      proposals: ikeProposals,
      mobike: 'no',
      keyingtries: '0',
      local: { auth: 'psk', id: site.address },
      remote: { auth: 'psk', id: gateway },
      children: { net: { esp_proposals: espProposals, local_ts: [site.prefix], remote_ts: ['10.1.0.0/16'] } },
    });
    await this.vici.loadShared({ id: site.name, key: Buffer.from(key ?? keyOf?.(number) ?? site.key), owners: [site.address] });
  }

  /** The sites call the gateway; not waited for. */
  async initiate(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.vici.initiate({ ike: crowdSite(number).name, child: 'net', timeoutMs: -1 });
  }

  /**
   * The sites call, as many at once as told: the next begins when one is up. With fewer than the gateway's threshold for cookies it is the IKE
   * SAs that are measured. With cookies, a few of a hundred stock charon's calls wait for its retransmission after four seconds: an answer that
   * comes while it is still at work on the cookie is not taken.
   */
  async callInTurn(numbers: readonly number[], atOnce: number, timeoutMs: number): Promise<void> {
    for (const [index, number] of numbers.entries()) {
      await this.untilUp(index + 1 - atOnce, timeoutMs);
      await this.initiate(number);
    }
    await this.untilUp(numbers.length, timeoutMs);
  }

  /** Ends tunnels and tells the gateway. */
  async terminate(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) await this.vici.terminate({ ike: crowdSite(number).name, force: true, timeoutMs: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopCharon();
    await removeLink(this.#ports, namespaceOf(this.#fabric, 'public'), link);
    await removeNamespace(this.#ports, this.namespace);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** No site has a child SA. */
  async untilDown(timeoutMs: number): Promise<void> {
    await until(
      () => this.upCount,
      (up) => up === 0,
      { because: 'all sites are down', clock: this.#ports.clock, timeoutMs, everyMs: 10 },
    );
  }

  async #makeNamespace(count: number): Promise<void> {
    const sites = Array.from({ length: count }, (_, index) => crowdSite(index + 1));
    const router = routerOf('site');
    await addNamespace(this.#ports, this.namespace, { forwards: false });
    await this.#ports.run(inside(this.namespace, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']));
    await attachTo(this.#ports, namespaceOf(this.#fabric, 'public'), {
      namespace: this.namespace,
      link,
      address: sites[0]?.address ?? '',
      router,
    });
    await ipBatch(
      this.#ports,
      namespaceOf(this.#fabric, 'public'),
      sites.map(({ address }) => ['route', 'replace', `${address}/32`, 'dev', `s${link}`]),
    );
    await ipBatch(
      this.#ports,
      this.namespace,
      sites.flatMap(({ address, host }) => [
        ['address', 'replace', `${address}/32`, 'dev', 'public'],
        ['address', 'add', `${host}/32`, 'dev', 'lo'],
      ]),
    );
  }

  async #startCharon(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const [settings, socket] = [join(this.#directory, 'strongswan.conf'), join(this.#directory, 'vici.sock')];
    rmSync(socket, { force: true });
    writeFileSync(settings, settingsText(socket, join(this.#directory, 'charon.log')), { mode: 0o600 });
    this.#ports.daemons.start({
      argv: inside(this.namespace, ['charon-systemd']),
      env: { STRONGSWAN_CONF: settings },
      logFile: join(this.#directory, 'charon.out'),
      pidFile: this.#pidFile,
    });
    this.#vici = await until(
      () => openSession(socket, { clock: this.#ports.clock, timeoutMs: 60_000 }),
      () => true,
      { because: `the crowd's charon answers (its log: ${this.#directory}/charon.log)`, clock: this.#ports.clock, timeoutMs: 15_000 },
    );
    this.#vici.connection.unref();
    await this.#vici.subscribe('child-updown', (message) => {
      const { isUp, sa } = readUpDown(message);
      if (sa !== undefined) this.#up.set(sa.name, Math.max(0, (this.#up.get(sa.name) ?? 0) + (isUp ? 1 : -1)));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  async #stopCharon(): Promise<void> {
    this.#vici?.[Symbol.dispose]();
    this.#vici = undefined;
    this.#up.clear();
    await this.#ports.daemons.stop(this.#pidFile, 0);
  }

  get #pidFile(): string {
    return join(this.#directory, 'charon.pid');
  }
}

/** Its own protection against floods is off: a hundred sites are called from one address, the gateway's. */
function settingsText(socket: string, log: string): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl aes sha1 sha2 hmac kdf gcm kernel-libipsec kernel-netlink socket-default vici
  install_virtual_ip = no
  dos_protection = no
  threads = 16
  ikesa_table_size = 1024
  ikesa_table_segments = 4
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
  filelog {
    main {
      path = ${log}
      flush_line = yes
      default = 0
    }
  }
  journal {
    default = -1
  }
}
`;
}
