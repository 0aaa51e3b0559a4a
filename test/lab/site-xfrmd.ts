/**
 * An xfrmd for the IKE daemon of a site, where the host's kernel may have no ESP: one tunnel interface for whatever the daemon negotiates, and
 * routes into it. The daemon itself, unmodified, gets it by the shim; which one that is, is its own file's.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inside } from '@sallyport/lab';
import type { DevicePorts } from '@sallyport/lab';
import { XfrmdClient } from '@sallyport/protocols';
import { until } from '@sallyport/runtime';

export type SiteXfrmd = {
  readonly namespace: string;
  /** Its sockets, pid file and log. */
  readonly directory: string;
  /** Routed to the tunnel: what a kernel with XFRM finds by its policies, a TUN needs routes for. */
  readonly remotePrefixes: readonly string[];
  /** The device's own address inside the site. */
  readonly source: string;
};

const dataplane = process.env['SALLYPORT_DATAPLANE_BUILD'] ?? join(import.meta.dirname, '..', '..', 'packages', 'dataplane', 'build');

export async function startSiteXfrmd(ports: DevicePorts, { namespace, directory, remotePrefixes, source }: SiteXfrmd): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  ports.daemons.start({
    argv: inside(namespace, [join(dataplane, 'xfrmd'), '--directory', directory]),
    env: {},
    logFile: join(directory, 'xfrmd.log'),
    pidFile: join(directory, 'xfrmd.pid'),
  });
  await until(
    async () => {
      await using client = await XfrmdClient.connect(join(directory, 'control.sock'));
      await client.createTunnel({ ifId: 0, name: 't0', mtu: 1400, mssClamp: 1350 });
    },
    () => true,
    { because: 'the xfrmd of the site makes its tunnel', clock: ports.clock },
  );
  for (const prefix of remotePrefixes) await ports.run(inside(namespace, ['ip', 'route', 'add', prefix, 'dev', 't0', 'src', source]));
}

/** What makes a daemon use it in the kernel's place. */
export function xfrmdEnvironment(directory: string): Readonly<Record<'LD_PRELOAD' | 'XFRMD_SOCKET', string>> {
  return { LD_PRELOAD: join(dataplane, 'libxfrmshim.so'), XFRMD_SOCKET: join(directory, 'xfrm.sock') };
}

export async function stopSiteXfrmd(ports: DevicePorts, directory: string): Promise<void> {
  await ports.daemons.stop(join(directory, 'xfrmd.pid'));
}
