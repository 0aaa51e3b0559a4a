/** xfrmd with an unmodified charon on its shim, keys by IKE. Also the parts that the curve of many tunnels uses. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { XfrmdClient } from '@sallyport/protocols';
import type { XfrmdGcmLibrary } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { innerMtu, networks, otherEnd } from '../topology.ts';
import type { End, Topology } from '../topology.ts';
import { connectGateways, missingFile, startCharon } from './charon.ts';
import type { Charon } from './charon.ts';
import { gcm, suites } from './engine.ts';
import type { Engine } from './engine.ts';

const build = fileURLToPath(new URL('../../../../packages/dataplane/build', import.meta.url));
const program = join(build, 'xfrmd');
const ifId = 101;
/** Debian's libipsec-mb1. */
const ipsecMb = '/usr/lib/x86_64-linux-gnu/libIPSec_MB.so.1';
/** What xfrmd takes for AES-GCM when nobody says otherwise. */
const fastestGcm: XfrmdGcmLibrary = existsSync(ipsecMb) ? 'ipsec-mb' : 'openssl';

export type XfrmdGateway = { readonly pid: number; readonly client: XfrmdClient; readonly charon: Charon };

export async function startXfrmdGateway(topology: Topology, end: End, gcmLibrary = fastestGcm): Promise<XfrmdGateway> {
  const directory = join(topology.directory, `xfrmd-${end}`);
  mkdirSync(directory, { mode: 0o700 });
  const pid = topology.start(`gw-${end}`, `xfrmd-${end}`, [program, '--directory', directory, '--gcm', gcmLibrary]);
  const client = await until(
    () => XfrmdClient.connect(join(directory, 'control.sock'), { timeoutMs: 30_000 }),
    () => true,
    { because: `xfrmd of gateway ${end} answers`, clock: systemClock, timeoutMs: 10_000 },
  );
  client.unref();
  return { pid, client, charon: await startCharon(topology, end, 'xfrmd', shimEnvironment(topology, end)) };
}

/** Makes a program speak NETLINK_XFRM to the xfrmd of this gateway. */
export function shimEnvironment(topology: Topology, end: End): Readonly<Record<string, string>> {
  return { LD_PRELOAD: join(build, 'libxfrmshim.so'), XFRMD_SOCKET: join(topology.directory, `xfrmd-${end}`, 'xfrm.sock') };
}

async function startTunnel(topology: Topology, end: End, gcmLibrary: XfrmdGcmLibrary): Promise<XfrmdGateway> {
  const gateway = await startXfrmdGateway(topology, end, gcmLibrary);
  await gateway.client.createTunnel({ ifId, name: `t${ifId}`, mtu: innerMtu });
  await topology.ip(`gw-${end}`, ['route', 'add', networks[otherEnd[end]], 'dev', `t${ifId}`]);
  return gateway;
}

function xfrmd(gcmLibrary: XfrmdGcmLibrary): Engine['start'] {
  return async (topology, suite) => {
    const [a, b] = [await startTunnel(topology, 'a', gcmLibrary), await startTunnel(topology, 'b', gcmLibrary)];
    await connectGateways({ a: a.charon, b: b.charon }, suite ?? gcm, { ifId });
    return { pids: { a: a.pid, b: b.pid } };
  };
}

export const xfrmdEvp: Engine = {
  name: 'xfrmd (EVP)',
  what: 'our userspace XFRM engine with OpenSSL’s EVP, Debian’s charon on its shim, ESP in UDP',
  suites,
  missing: () => missingFile(program, 'it is not built'),
  start: xfrmd('openssl'),
};

export const xfrmdIpsecMb: Engine = {
  ...xfrmdEvp,
  name: 'xfrmd (ipsec-mb)',
  what: 'the same with Intel’s libIPSec_MB for AES-GCM, as xfrmd comes where Debian’s libipsec-mb1 is installed',
  suites: [gcm],
  missing: () => missingFile(program, 'it is not built') ?? missingFile(ipsecMb, 'the package libipsec-mb1 is not installed'),
  start: xfrmd('ipsec-mb'),
};

/** xfrmd as it comes on this machine. */
export const xfrmdAsItComes: Engine = fastestGcm === 'ipsec-mb' ? xfrmdIpsecMb : xfrmdEvp;
