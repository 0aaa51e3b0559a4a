/**
 * Unmodified charons for tests: on xfrmd through the shim, or with strongSwan's own kernel-libipsec as the third party's device.
 * Ends are `a` (ours) and `b` (the peer); one connection `hq` with one child `hq`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, until } from '@sallyport/runtime';
import { ViciError } from '../vici/errors.ts';
import { openSession, type ViciSession } from '../vici/session.ts';
import { XfrmdClient } from './client.ts';
import { buildDirectory, type Testbed } from './testbed.ts';

export type End = 'a' | 'b';
export type Addresses = Readonly<Record<End, string>>;
export const outer = { a: '192.0.2.1', b: '192.0.2.2' } as const;
export const outer6 = { a: '2001:db8::1', b: '2001:db8::2' } as const;
export const inner = { a: '10.1.0.1', b: '10.2.0.1' } as const;
export const inner6 = { a: 'fd01::1', b: 'fd02::1' } as const;
export const ifIds = { a: 101, b: 201 } as const;
const networks = { a: ['10.1.0.0/24', 'fd01::/64'], b: ['10.2.0.0/24', 'fd02::/64'] } as const;
const other = { a: 'b', b: 'a' } as const;
const sharedKey = Buffer.from('Contract.Key.1');

export async function wire(testbed: Testbed): Promise<void> {
  for (const end of ['a', 'b'] as const) {
    await testbed.addNamespace(end);
    await testbed.ip(end, 'address', 'add', `${inner[end]}/32`, 'dev', 'lo');
    await testbed.ip(end, 'address', 'add', `${inner6[end]}/128`, 'dev', 'lo');
  }
  await testbed.connect('a', `${outer.a}/24`, 'b', `${outer.b}/24`);
  for (const end of ['a', 'b'] as const) await testbed.ip(end, 'address', 'add', `${outer6[end]}/64`, 'dev', 'wire', 'nodad');
}

export function xfrmdDirectory(testbed: Testbed, end: End): string {
  return join(testbed.directory, `xfrmd-${end}`);
}

export function shimEnvironment(testbed: Testbed, end: End): Readonly<Record<string, string>> {
  return { LD_PRELOAD: join(buildDirectory, 'libxfrmshim.so'), XFRMD_SOCKET: join(xfrmdDirectory(testbed, end), 'xfrm.sock') };
}

/** xfrmd alone. `options`: more of its command line. */
export async function startEngine(testbed: Testbed, end: End, options: readonly string[] = []): Promise<XfrmdClient> {
  mkdirSync(xfrmdDirectory(testbed, end), { mode: 0o700, recursive: true });
  testbed.start(end, `xfrmd-${end}`, [join(buildDirectory, 'xfrmd'), '--directory', xfrmdDirectory(testbed, end), ...options]);
  return until(
    async () => {
      const client = await XfrmdClient.connect(join(xfrmdDirectory(testbed, end), 'control.sock'));
      await client.health(); // a killed predecessor may still hold the socket for a moment
      return client;
    },
    () => true,
    { because: `xfrmd ${end} answers`, clock: systemClock },
  );
}

/** xfrmd with its tunnel, routes into it, and a charon on the shim. */
export async function startOurs(
  testbed: Testbed,
  end: End,
  /** More of xfrmd's command line. */
  options: readonly string[] = [],
): Promise<{ readonly xfrmd: XfrmdClient; readonly charon: ViciSession }> {
  const xfrmd = await startEngine(testbed, end, options);
  const name = `t${ifIds[end]}`;
  await xfrmd.createTunnel({ ifId: ifIds[end], name, mtu: 1400, mssClamp: 1350 });
  for (const [network = '', source] of [
    [networks[other[end]][0], inner[end]],
    [networks[other[end]][1], inner6[end]],
  ] as const)
    await testbed.ip(end, 'route', 'replace', network, 'dev', name, 'src', source);
  return { xfrmd, charon: await startCharon(testbed, end, 'xfrmd') };
}

export async function startCharon(testbed: Testbed, end: End, esp: 'xfrmd' | 'libipsec'): Promise<ViciSession> {
  const socket = join(testbed.directory, `charon-${end}.vici`);
  const settings = join(testbed.directory, `charon-${end}.conf`);
  const plugins = `random nonce openssl kdf gmp aes sha1 sha2 hmac ${esp === 'libipsec' ? 'chapoly kernel-libipsec' : ''} kernel-netlink socket-default vici`;
  writeFileSync(
    settings,
    `charon-systemd {
  load_modular = no
  load = ${plugins}
  install_routes = ${esp === 'libipsec' ? 'yes' : 'no'}
  journal { 
    default = -1
  }
  filelog {
    log {
      path = ${join(testbed.directory, `charon-${end}.messages`)}
      default = 1
      knl = 2
      flush_line = yes
    }
  }
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
}
`,
  );
  testbed.start(end, `charon-${end}`, ['charon-systemd'], {
    STRONGSWAN_CONF: settings,
    ...(esp === 'xfrmd' ? shimEnvironment(testbed, end) : {}),
  });
  return until(
    () => openSession(socket, { clock: systemClock }),
    () => true,
    { because: `charon ${end} answers`, clock: systemClock },
  );
}

/** `esp`: one proposal. `child`: more settings of the child, as swanctl.conf(5) names them. */
export async function configure(
  charon: ViciSession,
  end: End,
  options: {
    readonly esp: string;
    readonly onXfrmd: boolean;
    readonly anyToAny: boolean;
    readonly outside?: 4 | 6;
    /** ESP as IP protocol 50 instead of in UDP. */
    readonly raw?: boolean;
    /** Local address whichever there is (MOBIKE). */
    readonly roams?: boolean;
    readonly child?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const any = ['0.0.0.0/0', '::/0'];
  const addresses = options.outside === 6 ? outer6 : outer;
  await charon.loadConnection('hq', {
    version: '2',
    local_addrs: [options.roams === true ? '%any' : addresses[end]],
    remote_addrs: [addresses[other[end]]],
    proposals: ['aes256-sha256-modp2048'],
    encap: options.raw === true ? 'no' : 'yes',
    local: { auth: 'psk', id: addresses[end] },
    remote: { auth: 'psk', id: addresses[other[end]] },
    children: {
      hq: {
        esp_proposals: [options.esp],
        local_ts: options.anyToAny ? any : [networks[end][0]],
        remote_ts: options.anyToAny ? any : [networks[other[end]][0]],
        ...(options.onXfrmd ? { if_id_in: String(ifIds[end]), if_id_out: String(ifIds[end]) } : {}),
        ...options.child,
      },
    },
  });
  await charon.loadShared({ id: 'hq', key: sharedKey, owners: Object.values(addresses) });
}

/** Ends what is up on both ends, then brings the child up again. */
export async function bringUp(initiator: ViciSession, responder: ViciSession): Promise<void> {
  for (const end of [initiator, responder]) {
    await end.terminate({ ike: 'hq', force: true, timeoutMs: 0 }).catch((error: unknown) => {
      // The other end's DELETE was quicker; whether the SAs are gone is asked below.
      if (!(error instanceof ViciError && error.code === 'refused')) throw error;
    });
  }
  await until(
    () => Promise.all([initiator.listSas(), responder.listSas()]),
    (sas) => sas.every((list) => list.length === 0),
    { because: 'the old SAs are gone', clock: systemClock },
  );
  await initiator.initiate({ ike: 'hq', child: 'hq', timeoutMs: 10_000 });
}

/**
 * `lost` of `sent` pings between the inner addresses, or others. ping(8) does not say it: after the last request it waits for twice the longest
 * round trip so far, 20 ms at these intervals and whatever -W is, and calls lost what a busy machine answers later. With a deadline it goes
 * on asking until it has as many answers as wanted, so what is lost is what was overtaken by later ones, or never came.
 */
export async function ping(
  testbed: Testbed,
  from: End,
  options: {
    readonly count?: number;
    readonly intervalSeconds?: number;
    readonly size?: number;
    readonly version?: 4 | 6;
    /** From the last request on. */
    readonly waitSeconds?: number;
    /** Other than the inner ones of that version. */
    readonly addresses?: Addresses;
    /** TTL of IPv4 as well; the host's own when none is given. */
    readonly hopLimit?: number;
  } = {},
): Promise<{ readonly sent: number; readonly lost: number }> {
  const { addresses = options.version === 6 ? inner6 : inner } = options;
  const { count = 3, intervalSeconds = 0.02, waitSeconds = 5 } = options;
  const deadline = Math.ceil(count * intervalSeconds + waitSeconds);
  const argv = ['ping', '-n', '-c', String(count), '-i', String(intervalSeconds), '-w', String(deadline), '-s', String(options.size ?? 56)];
  const limit = options.hopLimit === undefined ? [] : ['-t', String(options.hopLimit)];
  const { stdout } = await testbed.exec(from, [...argv, ...limit, '-I', addresses[from], addresses[other[from]]], {
    okCodes: [0, 1],
    timeoutMs: 120_000,
  });
  const answered = new Set([...stdout.matchAll(/bytes from .* icmp_seq=(\d+) /g)].map(([, sequence]) => Number(sequence)));
  const wanted = Array.from({ length: count }, (_, index) => index + 1);
  return { sent: count, lost: wanted.filter((sequence) => !answered.has(sequence)).length };
}

/** Sends bytes over TCP and gives the SHA-256 of what was sent and of what arrived. `over`: the inner addresses of a version, or others. */
export async function transfer(
  testbed: Testbed,
  from: End,
  megabytes: number,
  over: 4 | 6 | Addresses = 4,
): Promise<{ readonly sent: string; readonly arrived: string }> {
  const addresses = over === 6 ? inner6 : over === 4 ? inner : over;
  const server = `receiver-${from}`;
  const receive = `require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
      const hash = require('node:crypto').createHash('sha256');
      socket.on('data', (chunk) => hash.update(chunk)).on('end', () => socket.end(hash.digest('hex')));
    }).listen(5001);`;
  const send = `const hash = require('node:crypto').createHash('sha256'), fs = require('node:fs');
    const socket = require('node:net').connect({ host: process.argv[1], port: 5001, localAddress: process.argv[2], allowHalfOpen: true });
    const source = fs.createReadStream('/dev/urandom', { end: process.argv[3] * 1048576 - 1, highWaterMark: 262144 });
    socket.on('error', (error) => { throw error; });
    source.on('data', (chunk) => hash.update(chunk)).pipe(socket);
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk)).on('end', () => console.log(JSON.stringify({ sent: hash.digest('hex'), arrived: answer })));`;
  testbed.start(other[from], server, [process.execPath, '-e', receive]);
  try {
    await until(
      () => testbed.exec(other[from], ['ss', '-Hltn']),
      ({ stdout }) => stdout.includes(':5001'),
      { because: 'the receiver listens', clock: systemClock },
    );
    const argv = [process.execPath, '-e', send, addresses[other[from]], addresses[from], String(megabytes)];
    const { stdout } = await testbed.exec(from, argv, { timeoutMs: 60_000 });
    return JSON.parse(stdout) as { readonly sent: string; readonly arrived: string }; // printed by the script above
  } finally {
    await testbed.stop(server, 0);
  }
}
