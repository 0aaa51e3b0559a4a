/**
 * Our end of the interop test, on the host: a namespace with a TAP to the virtual machine, xfrmd in it, and an unmodified charon on the
 * shim. One tunnel interface per suite. The other end is kernel-side.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inside } from '@sallyport/lab';
import type { DevicePorts } from '@sallyport/lab';
import { XfrmdClient, openSession } from '@sallyport/protocols';
import type { ViciSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { clone } from './bundle.ts';
import { ikeProposal, ours, sharedKey, suites } from './suites.ts';
import type { Numbered } from './suites.ts';

/** The same variable as in the data plane's own tests. */
const build = process.env['SALLYPORT_DATAPLANE_BUILD'] ?? join(clone, 'packages', 'dataplane', 'build');
const wait = { clock: systemClock, timeoutMs: 30_000 } as const;

export class XfrmdSide implements AsyncDisposable {
  readonly namespace = `sp-vmi${process.pid}-gw`;
  readonly tap = 'tap0';
  readonly directory: string;
  readonly #ports: DevicePorts;
  #xfrmd: XfrmdClient | undefined;
  #charon: ViciSession | undefined;

  private constructor(ports: DevicePorts) {
    this.#ports = ports;
    this.directory = mkdtempSync(join(tmpdir(), 'sp-vmi-'));
  }

  static async create(ports: DevicePorts): Promise<XfrmdSide> {
    const side = new XfrmdSide(ports);
    try {
      await side.#makeNamespace();
      await side.#startXfrmd();
      await side.#startCharon();
      return side;
    } catch (error) {
      await side[Symbol.asyncDispose]();
      throw error;
    }
  }

  get xfrmd(): XfrmdClient {
    if (this.#xfrmd === undefined) throw new Error('xfrmd is not started');
    return this.#xfrmd;
  }

  get charon(): ViciSession {
    if (this.#charon === undefined) throw new Error('charon is not started');
    return this.#charon;
  }

  /** A program in the namespace. */
  run(argv: readonly string[], options: Parameters<DevicePorts['run']>[1] = {}): ReturnType<DevicePorts['run']> {
    return this.#ports.run(inside(this.namespace, argv), options);
  }

  get captureFile(): string {
    return join(this.directory, 'tap.pcap');
  }

  /** Whole packets, as they are on the cable to the virtual machine. */
  async startCapture(): Promise<void> {
    this.#start('tcpdump', ['tcpdump', '-i', this.tap, '-n', '-U', '--immediate-mode', '-s', '0', '-w', this.captureFile], {});
    const hasBegun = (): boolean => existsSync(this.captureFile) && statSync(this.captureFile).size > 0;
    await until(hasBegun, Boolean, { because: `tcpdump captures on ${this.tap}`, ...wait });
  }

  async stopCapture(): Promise<void> {
    await this.#ports.daemons.stop(join(this.directory, 'tcpdump.pid'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#charon?.[Symbol.dispose]();
    await this.#xfrmd?.[Symbol.asyncDispose]();
    for (const name of ['tcpdump', 'charon', 'xfrmd']) await this.#ports.daemons.stop(join(this.directory, `${name}.pid`), 1000);
    await this.#ports.run(['ip', 'netns', 'delete', this.namespace], { okCodes: [0, 1] });
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #makeNamespace(): Promise<void> {
    await this.#ports.run(['ip', 'netns', 'add', this.namespace]);
    const lines = [
      'link set lo up',
      ...ours.inside.map((address) => `address add ${address} dev lo`),
      `tuntap add dev ${this.tap} mode tap`,
      `address add ${ours[4]}/24 dev ${this.tap}`,
      `address add ${ours[6]}/64 dev ${this.tap} nodad`,
      `link set ${this.tap} up`,
    ];
    await this.#ports.run(['ip', '-n', this.namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    await this.#leadOuterPackets();
  }

  /** In transport mode ESP and IKE are between the same addresses as what goes into the TUNs. */
  async #leadOuterPackets(): Promise<void> {
    for (const [family, network] of [
      ['-4', '198.51.100.0/24'],
      ['-6', '2001:db8:100::/64'],
    ] as const) {
      const rules = ['esp', 'udp sport 500', 'udp sport 4500'].map((kind) => `rule add pref 100 ipproto ${kind} lookup 213`);
      const lines = [...rules, `route add ${network} dev ${this.tap} table 213`];
      await this.#ports.run(['ip', family, '-n', this.namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    }
  }

  async #startXfrmd(): Promise<void> {
    const directory = join(this.directory, 'xfrmd');
    mkdirSync(directory, { mode: 0o700 });
    this.#start('xfrmd', [join(build, 'xfrmd'), '--directory', directory], {});
    const connect = (): Promise<XfrmdClient> => XfrmdClient.connect(join(directory, 'control.sock'));
    this.#xfrmd = await until(connect, () => true, { because: 'xfrmd answers', ...wait });
    const routes: string[] = [];
    for (const { ifId, peerNetworks, ourInside } of suites) {
      await this.#xfrmd.createTunnel({ ifId, name: `t${ifId}`, mtu: 1400, mssClamp: 1350 });
      for (const [index, network] of peerNetworks.entries()) routes.push(`route add ${network} dev t${ifId} src ${ourInside[index] ?? ''}`);
    }
    await this.#ports.run(['ip', '-n', this.namespace, '-batch', '-'], { input: `${routes.join('\n')}\n` });
  }

  async #startCharon(): Promise<void> {
    const settings = join(this.directory, 'strongswan.conf');
    const socket = join(this.directory, 'charon.vici');
    writeFileSync(settings, charonSettings(socket, join(this.directory, 'charon.log')), { mode: 0o600 });
    const preload = [`LD_PRELOAD=${join(build, 'libxfrmshim.so')}`, `XFRMD_SOCKET=${join(this.directory, 'xfrmd', 'xfrm.sock')}`];
    this.#start('charon', ['env', ...preload, 'charon-systemd'], { STRONGSWAN_CONF: settings });
    const open = (): Promise<ViciSession> => openSession(socket, { clock: systemClock });
    this.#charon = await until(open, () => true, { because: 'charon answers', ...wait });
    for (const suite of suites) await this.#charon.loadConnection(suite.name, connection(suite));
    await this.#charon.loadShared({
      id: 'all',
      key: Buffer.from(sharedKey),
      owners: [ours[4], ours[6], ...suites.map(({ peer }) => peer)],
    });
  }

  #start(name: string, argv: readonly string[], env: Readonly<Record<string, string>>): void {
    const file = (kind: string): string => join(this.directory, `${name}.${kind}`);
    this.#ports.daemons.start({ argv: inside(this.namespace, argv), env, logFile: file('out'), pidFile: file('pid') });
  }
}

function connection({ esp, wire, outside, mode, peer, name, ifId }: Numbered): Parameters<ViciSession['loadConnection']>[1] {
  const everything = mode === 'transport' ? ['dynamic'] : ['0.0.0.0/0', '::/0'];
  return {
    version: '2',
    local_addrs: [ours[outside]],
    remote_addrs: [peer],
    proposals: [ikeProposal],
    encap: wire === 'udp' ? 'yes' : 'no',
    mobike: 'no',
    local: { auth: 'psk', id: ours[outside] },
    remote: { auth: 'psk', id: peer },
    children: {
      [name]: { mode, esp_proposals: [esp], local_ts: everything, remote_ts: everything, if_id_in: String(ifId), if_id_out: String(ifId) },
    },
  };
}

function charonSettings(socket: string, log: string): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl kdf kernel-netlink socket-default vici
  install_routes = no
  journal {
    default = -1
  }
  filelog {
    log {
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
