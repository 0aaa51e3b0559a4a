/**
 * Debian's libreswan with the Linux kernel's own ESP, for all cells: one virtual machine with Debian's stock kernel on the public network,
 * an address for each cell, one unmodified pluto. What it says is whack's and the kernel's.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Guest, ipBatch, namespaceOf } from '@sallyport/lab';
import type { JsonObject } from '@sallyport/model';
import { until } from '@sallyport/runtime';
import { ports } from '../lab/up-process.ts';
import { clone } from '../vm/bundle.ts';
import { listAssociations, parseAssociations } from '../vm/kernel-tables.ts';
import type { Cell } from './cells.ts';
import { sharedKey, vnetPrefix } from './gateway.ts';
import type { MatrixGateway } from './gateway.ts';
import type { Peers } from './peers.ts';
import { hasBegun, parseReading } from './whack-status.ts';
import type { Reading } from './whack-status.ts';

const router = '203.0.113.1';
const tap = 's900';
const unpacked = join(clone, 'build', 'libreswan');
const programs = join(unpacked, 'usr', 'libexec');
/** In the guest; NSS wants a file system with locks. */
const directory = '/tmp/pluto';
const libraries = { LD_LIBRARY_PATH: join(unpacked, 'usr', 'lib', 'x86_64-linux-gnu') };
/** Between the parts of a reading. */
const mark = '-- next --';
/** Commands in the guest cost a second of its time: what many ask for in one moment is asked once. */
const freshMs = 1000;

export class LibreswanGuest implements Peers {
  readonly atOnce = 6;
  readonly #gateway: MatrixGateway;
  #guest: Guest | undefined;
  #reading: { readonly at: number; readonly value: Promise<Reading> } | undefined;

  constructor(gateway: MatrixGateway) {
    this.#gateway = gateway;
  }

  get #machine(): Guest {
    if (this.#guest === undefined) throw new Error('the virtual machine is not started');
    return this.#guest;
  }

  /**
   * In IKEv1 nobody narrows: pluto refuses any to any, so the gateway has to propose the very prefixes that pluto has.
   */
  connectionProperties({ version }: Cell): JsonObject {
    return version === 2 ? {} : { usePolicyBasedTrafficSelectors: true };
  }

  async start(cells: readonly Cell[]): Promise<void> {
    const namespace = namespaceOf(this.#gateway.session.fabric, 'public');
    await ports.run(['ip', '-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap']);
    await ipBatch(ports, namespace, [
      ['address', 'add', `${router}/32`, 'dev', tap],
      ['link', 'set', tap, 'up'],
      ...cells.map(({ publicAddress }) => ['route', 'replace', `${publicAddress}/32`, 'dev', tap]),
    ]);
    const guest = await Guest.boot(ports, { memoryMb: 768, network: { namespace, tap, mac: '02:00:00:00:09:00' } });
    this.#guest = guest;
    // The kernel loads and tests an algorithm when it is first asked for; later it would do so while the gateway waits for an answer.
    await guest.run(['ip', '-force', '-batch', '-'], { input: `${firstStates()}\nxfrm state flush\n`, timeoutMs: 400_000 });
    const addresses = cells.flatMap((cell) => [
      `address add ${cell.publicAddress}/32 dev eth0`,
      `address add ${this.hostAddress(cell)}/32 dev lo`,
    ]);
    const routes = [`route add ${router} dev eth0`, `route add default via ${router} dev eth0`];
    await guest.run(['ip', '-batch', '-'], { input: `${['link set eth0 up', ...addresses, ...routes].join('\n')}\n` });
    writeFileSync(join(guest.shared, 'ipsec.conf'), this.#configuration(cells), { mode: 0o600 });
    writeFileSync(join(guest.shared, 'ipsec.secrets'), `: PSK "${sharedKey}"\n`, { mode: 0o600 });
    writeFileSync(join(guest.shared, 'start'), startScript(guest.sharedInGuest));
    chmodSync(join(guest.shared, 'start'), 0o755);
    await guest.run(['sh', `${guest.sharedInGuest}/start`], { env: libraries, timeoutMs: 400_000 });
    const answers = (text: string): boolean => text.includes('using kernel interface: xfrm');
    await until(() => this.#whack('--status'), answers, {
      because: 'pluto answers',
      clock: ports.clock,
      timeoutMs: 400_000,
      everyMs: 1000,
    });
    const addconn = [join(programs, 'ipsec', 'addconn'), '--ctlsocket', `${directory}/pluto.ctl`];
    const names = cells.map(({ name }) => name);
    const added = await guest.run([...addconn, '--config', `${guest.sharedInGuest}/ipsec.conf`, ...names], {
      env: libraries,
      okCodes: [0, 1],
      timeoutMs: 400_000,
    });
    await this.#whack('--listen');
    await until(
      () => this.#whack('--status'),
      (text) => cells.every(({ name }) => text.includes(`"${name}"`)),
      {
        because: `pluto has all connections; addconn said ${added.stdout.slice(-300)} ${added.stderr.slice(-300)}`,
        clock: ports.clock,
        timeoutMs: 400_000,
        everyMs: 1000,
      },
    );
  }

  async begin({ name }: Cell): Promise<void> {
    await this.#whack('--name', name, '--initiate', '--asynchronous');
  }

  async hasBegun({ name }: Cell): Promise<boolean> {
    return hasBegun((await this.#read()).status, name);
  }

  async read(cell: Cell): ReturnType<Peers['read']> {
    return parseReading(await this.#read(), cell);
  }

  /** pluto forces no rekey in IKEv1; beginning once more is a new quick mode, and that is what rekeying is there. */
  async rekey({ name, version }: Cell): Promise<void> {
    await this.#whack('--name', name, version === 1 ? '--initiate' : '--rekey-ipsec', '--asynchronous');
  }

  async ping(cell: Cell, target: string): Promise<boolean> {
    const argv = ['ping', '-q', '-n', '-c', '3', '-i', '0.2', '-W', '10', '-I', this.hostAddress(cell), target];
    return (await this.#machine.run(argv, { okCodes: [0, 1] })).stdout.includes(' 0% packet loss');
  }

  hostAddress({ prefix }: Cell): string {
    return prefix.replace(/0\/24$/, '1');
  }

  async log({ name }: Cell): Promise<string> {
    const { stdout } = await this.#machine.run(['grep', '-F', `"${name}"`, `${directory}/pluto.log`], { okCodes: [0, 1] });
    return stdout.split('\n').slice(-25).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guest?.[Symbol.asyncDispose]();
  }

  #read(): Promise<Reading> {
    const now = ports.clock.monotonic();
    if (this.#reading !== undefined && now - this.#reading.at < freshMs) return this.#reading.value;
    // One command: each costs the guest a process, and that is what it is slowest at.
    const script = `"$@" --status; echo '${mark}'; grep -F 'xfrm=' ${directory}/pluto.log; echo '${mark}'; ${listAssociations.join(' ')}`;
    const whack = [join(programs, 'ipsec', 'whack'), '--ctlsocket', `${directory}/pluto.ctl`];
    const read = async (): Promise<Reading> => {
      const { stdout } = await this.#machine.run(['sh', '-c', script, 'sh', ...whack], { env: libraries, timeoutMs: 120_000 });
      const [status = '', log = '', states = ''] = stdout.split(`${mark}\n`);
      return { status, log, associations: parseAssociations(states) };
    };
    this.#reading = { at: now, value: read() };
    return this.#reading.value;
  }

  /** Exit codes of whack are message numbers. */
  async #whack(...argv: readonly string[]): Promise<string> {
    const whack = [join(programs, 'ipsec', 'whack'), '--ctlsocket', `${directory}/pluto.ctl`, ...argv];
    const okCodes = Array.from({ length: 256 }, (_, code) => code);
    return (await this.#machine.run(whack, { env: libraries, okCodes, timeoutMs: 60_000 })).stdout;
  }

  #configuration(cells: readonly Cell[]): string {
    return `config setup\n    ikev1-policy=accept\n${cells.map((cell) => this.#connection(cell)).join('')}`;
  }

  #connection({ name, publicAddress, prefix, version, policyClass }: Cell): string {
    const { libreswan } = policyClass;
    if (libreswan === undefined) throw new Error(`libreswan has no words for ${policyClass.name}`);
    const settings = {
      left: publicAddress,
      leftsubnet: prefix,
      right: this.#gateway.publicAddress,
      rightsubnet: vnetPrefix,
      authby: 'secret',
      ikev2: version === 2 ? 'insist' : 'no',
      ike: libreswan.ike,
      esp: libreswan.esp,
      pfs: libreswan.seesPfs === '' ? 'no' : 'yes',
      // The gateway proposes any to any, which pluto refuses unless it may narrow it (RFC 7296 §2.9).
      ...(version === 2 ? { narrowing: 'yes' } : {}),
      // Nothing has to be routed: the kernel's policies decide.
      leftupdown: '/bin/true',
      // Added by name: what pluto adds by itself as it starts, it may add a second time when tunnels are up already.
      auto: 'ignore',
    };
    return `conn ${name}\n${Object.entries(settings)
      .map(([key, value]) => `    ${key}=${value}\n`)
      .join('')}`;
  }
}

/** An SA with each algorithm of the cells, for `ip -batch`. */
function firstStates(): string {
  const key = (octets: number): string => `0x${'a5'.repeat(octets)}`;
  const hashes = [`hmac(sha256) ${key(32)} 128`, `hmac(sha1) ${key(20)} 96`, `hmac(md5) ${key(16)} 96`].map((hash) => `auth-trunc ${hash}`);
  const ciphers = [16, 24, 32].map((octets) => `enc cbc(aes) ${key(octets)}`);
  const suites = [
    ...[...ciphers, `enc cbc(des3_ede) ${key(24)}`, 'enc ecb(cipher_null) ""'].flatMap((cipher) =>
      hashes.map((hash) => `${cipher} ${hash}`),
    ),
    ...[20, 28, 36].map((octets) => `aead rfc4106(gcm(aes)) ${key(octets)} 128`),
  ];
  return suites
    .map((suite, index) => `xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi ${0x1000 + index} mode tunnel ${suite}`)
    .join('\n');
}

/** pluto runs programs of /usr/libexec/ipsec: in a mount namespace of its own, the unpacked ones are there. */
function startScript(shared: string): string {
  return `set -eu
mkdir -p ${directory}
${join(unpacked, 'usr', 'bin', 'certutil')} -N -d sql:${directory} --empty-password
setsid unshare --mount --propagation private sh -c 'mount --bind "$1" /usr/libexec && shift && exec /usr/libexec/ipsec/pluto "$@"' sh \\
  ${programs} --nofork --config ${shared}/ipsec.conf --secretsfile ${shared}/ipsec.secrets --logfile ${directory}/pluto.log \\
  --rundir ${directory} --ipsecdir ${directory} --nssdir ${directory} > ${directory}/pluto.out 2>&1 &
`;
}
