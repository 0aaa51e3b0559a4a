/**
 * OpenBSD's iked (Debian's openiked) as a site's device, in a virtual machine with Debian's stock kernel on the public network: an IKEv2
 * that shares no code with strongSwan or libreswan, and gives its keys to the kernel by PF_KEY. One connection, called `azure`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Guest, ipBatch, namespaceOf } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { ports } from '../lab/up-process.ts';
import type { MatrixGateway } from '../matrix/gateway.ts';
import { sharedKey, vnetPrefix } from '../matrix/gateway.ts';
import { clone } from './bundle.ts';
import { listAssociations, parseAssociations } from './kernel-tables.ts';
import type { Association } from './kernel-tables.ts';

export type OpenikedSettings = {
  /** iked.conf(5), after `ikesa` and `childsa`. */
  readonly ikesa: string;
  readonly childsa: string;
  readonly begins: 'gateway' | 'peer';
  /** Of its CHILD SAs; three hours when left out. */
  readonly lifetimeSeconds?: number;
};

export const site = { name: 'iked', publicAddress: '203.0.113.200', prefix: '192.168.200.0/24', host: '192.168.200.1' } as const;
const router = '203.0.113.1';
const tap = 's900';
/** A command in the guest on a busy machine takes its time. */
const timeoutMs = 180_000;
const program = (name: string): string => join(clone, 'build', 'openiked', 'usr', 'sbin', name);

export class OpenikedGuest implements AsyncDisposable {
  readonly #guest: Guest;
  readonly #gatewayAddress: string;

  private constructor(guest: Guest, gatewayAddress: string) {
    this.#guest = guest;
    this.#gatewayAddress = gatewayAddress;
  }

  static async boot({ session, publicAddress }: MatrixGateway): Promise<OpenikedGuest> {
    const namespace = namespaceOf(session.fabric, 'public');
    await ports.run(['ip', '-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap']);
    await ipBatch(ports, namespace, [
      ['address', 'add', `${router}/32`, 'dev', tap],
      ['link', 'set', tap, 'up'],
      ['route', 'replace', `${site.publicAddress}/32`, 'dev', tap],
    ]);
    const network = { namespace, tap, mac: '02:00:00:00:09:00' };
    const guest = await Guest.boot(ports, { memoryMb: 512, network, modules: ['af_key'] });
    const lines = [
      'link set eth0 up',
      `address add ${site.publicAddress}/32 dev eth0`,
      `address add ${site.host}/32 dev lo`,
      `route add ${router} dev eth0`,
      `route add default via ${router} dev eth0`,
    ];
    await guest.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
    writeFileSync(join(guest.shared, 'prepare'), prepareScript, { mode: 0o700 });
    await guest.run(['sh', `${guest.sharedInGuest}/prepare`]);
    return new OpenikedGuest(guest, publicAddress);
  }

  async start({ ikesa, childsa, begins, lifetimeSeconds }: OpenikedSettings): Promise<void> {
    const how = begins === 'peer' ? 'active' : 'passive';
    const lifetime = lifetimeSeconds === undefined ? '' : ` lifetime ${lifetimeSeconds}`;
    const file = `ikev2 "azure" ${how} esp from ${site.prefix} to ${vnetPrefix} local ${site.publicAddress} peer ${this.#gatewayAddress} \\
  ikesa ${ikesa} childsa ${childsa} srcid ${site.publicAddress} dstid ${this.#gatewayAddress}${lifetime} psk "${sharedKey}"
`;
    writeFileSync(join(this.#guest.shared, 'iked.conf'), file, { mode: 0o600 });
    const start = `install -m 600 ${this.#guest.sharedInGuest}/iked.conf /etc/iked.conf && ${program('iked')} -n || exit 1
setsid ${program('iked')} -dvv > /tmp/iked.log 2>&1 &
until ${program('ikectl')} show sa > /dev/null 2>&1; do :; done`;
    await this.#guest.run(['sh', '-c', start], { timeoutMs });
  }

  /** iked and its associations. `pkill` and `pgrep` see what has ended and was not waited for; its socket answers no more. */
  async stop(): Promise<void> {
    const script = `pkill -x iked; while ${program('ikectl')} show sa > /dev/null 2>&1; do :; done; ip xfrm state flush; ip xfrm policy flush`;
    await this.#guest.run(['sh', '-c', script], { timeoutMs });
  }

  async associations(): Promise<readonly Association[]> {
    return parseAssociations((await this.#guest.run(listAssociations, { timeoutMs })).stdout);
  }

  /** Of what the kernel has in place. */
  async spis(): Promise<readonly string[]> {
    const { stdout } = await this.#guest.run(listAssociations, { timeoutMs });
    return [...stdout.matchAll(/proto esp spi (0x[0-9a-f]+)/g)].map(([, spi = '']) => spi).toSorted();
  }

  /** ESP that came for an SPI which the kernel does not have (any more). */
  async packetsWithoutState(): Promise<number> {
    const { stdout } = await this.#guest.run(['grep', 'XfrmInNoStates', '/proc/net/xfrm_stat'], { timeoutMs });
    return Number(/\d+/.exec(stdout)?.[0]);
  }

  async ping(target: string): Promise<boolean> {
    const argv = ['ping', '-q', '-n', '-c', '3', '-i', '0.2', '-W', '10', '-I', site.host, target];
    return (await this.#guest.run(argv, { okCodes: [0, 1] })).stdout.includes(' 0% packet loss');
  }

  /** For a person. */
  async log(): Promise<string> {
    return (await this.#guest.run(['tail', '-n', '60', '/tmp/iked.log'], { okCodes: [0, 1] })).stdout;
  }

  async waitForAssociations(): Promise<readonly Association[]> {
    return until(
      () => this.associations(),
      (found) => found.length === 2,
      { because: 'iked has given the kernel one association each way', clock: ports.clock, timeoutMs, everyMs: 500 },
    ).catch(async (cause: unknown) => {
      throw new Error(`no tunnel; iked's last words:\n${await this.log()}`, { cause });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guest[Symbol.asyncDispose]();
  }
}

/** iked wants a user of its own and keys in /etc; the guest's root is the host's and read-only, so a copy of what is needed of /etc lies over it. */
const prepareScript = `set -eu
mkdir -p /tmp/etc /tmp/empty
for name in passwd group nsswitch.conf hosts services protocols ssl ld.so.cache alternatives; do cp -a /etc/$name /tmp/etc; done
mount --bind /tmp/etc /etc
mkdir -p /etc/iked/private /etc/iked/ca /etc/iked/certs /etc/iked/crls /etc/iked/pubkeys
chmod 755 /tmp/empty
grep -q '^_iked:' /etc/passwd || echo '_iked:x:961:961::/tmp/empty:/usr/sbin/nologin' >> /etc/passwd
grep -q '^_iked:' /etc/group || echo '_iked:x:961:' >> /etc/group
openssl ecparam -genkey -name prime256v1 -noout -out /etc/iked/private/local.key
openssl ec -in /etc/iked/private/local.key -pubout -out /etc/iked/local.pub 2> /dev/null
`;
