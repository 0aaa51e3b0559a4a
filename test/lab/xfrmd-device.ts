/**
 * A site's device as it is on a kernel with XFRM: stock strongSwan, unmodified, its ESP and its traps by xfrmd through the shim, for
 * its own userspace ESP knows no traps and the host's kernel may have no ESP. Not a part of the lab: see device.ts there.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  deviceDirectory,
  deviceRunDirectory,
  findPlace,
  inside,
  reloadDevice,
  renderStrongswanConf,
  siteNamespaces,
  stopDevice,
  swanctl,
} from '@sallyport/lab';
import type { DevicePorts, Fabric } from '@sallyport/lab';
import { XfrmdClient } from '@sallyport/protocols';
import { until } from '@sallyport/runtime';

const dataplane = join(import.meta.dirname, '..', '..', 'packages', 'dataplane', 'build');

export class XfrmdDevice implements AsyncDisposable {
  readonly #ports: DevicePorts;
  readonly #directory: string;

  private constructor(ports: DevicePorts, directory: string) {
    this.#ports = ports;
    this.#directory = directory;
  }

  /**
   * In the place of the lab's own device of the site, with its configuration.
   * @param options.remotePrefixes routed to the tunnel: what a kernel with XFRM finds by its policies, a TUN needs routes for.
   * @param options.startsOnTraffic `start_action = trap`, as an on-demand device is configured.
   */
  static async start(
    ports: DevicePorts,
    fabric: Fabric,
    site: string,
    options: { readonly remotePrefixes: readonly string[]; readonly startsOnTraffic: boolean },
  ): Promise<XfrmdDevice> {
    await stopDevice(ports, fabric, site);
    const configuration = join(deviceDirectory(fabric, site), 'swanctl.conf');
    const text = readFileSync(configuration, 'utf8');
    if (options.startsOnTraffic)
      writeFileSync(configuration, text.replaceAll('start_action = none', 'start_action = trap'), { mode: 0o600 });
    const device = new XfrmdDevice(ports, join(deviceRunDirectory(fabric, site), 'xfrmd'));
    try {
      const { device: namespace } = siteNamespaces(fabric, site);
      await device.#startXfrmd(namespace, findPlace(fabric, site).addresses[1] ?? '', options.remotePrefixes);
      await device.#startCharon(fabric, site, namespace);
      return device;
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** charon ends with the lab's device; what is ours goes here. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ports.daemons.stop(join(this.#directory, '..', 'charon.pid'));
    await this.#ports.daemons.stop(join(this.#directory, 'xfrmd.pid'));
  }

  async #startXfrmd(namespace: string, source: string, remotePrefixes: readonly string[]): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.#ports.daemons.start({
      argv: inside(namespace, [join(dataplane, 'xfrmd'), '--directory', this.#directory]),
      env: {},
      logFile: join(this.#directory, 'xfrmd.log'),
      pidFile: join(this.#directory, 'xfrmd.pid'),
    });
    await until(
      async () => {
        await using client = await XfrmdClient.connect(join(this.#directory, 'control.sock'));
        await client.createTunnel({ ifId: 0, name: 't0', mtu: 1400, mssClamp: 1350 });
      },
      () => true,
      { because: 'the xfrmd of the site makes its tunnel', clock: this.#ports.clock },
    );
    for (const prefix of remotePrefixes)
      await this.#ports.run(inside(namespace, ['ip', 'route', 'add', prefix, 'dev', 't0', 'src', source]));
  }

  async #startCharon(fabric: Fabric, site: string, namespace: string): Promise<void> {
    const directory = deviceRunDirectory(fabric, site);
    const settings = join(directory, 'strongswan.conf');
    // Its routes would lead around the TUN.
    const text = renderStrongswanConf(directory)
      .replace('kernel-libipsec ', '')
      .replace('install_virtual_ip', 'install_routes = no\n  install_virtual_ip');
    writeFileSync(settings, text, { mode: 0o600 });
    this.#ports.daemons.start({
      argv: inside(namespace, [
        'env',
        `LD_PRELOAD=${join(dataplane, 'libxfrmshim.so')}`,
        `XFRMD_SOCKET=${join(this.#directory, 'xfrm.sock')}`,
        'charon-systemd',
      ]),
      env: { STRONGSWAN_CONF: settings },
      logFile: join(directory, 'charon.log'),
      pidFile: join(directory, 'charon.pid'),
    });
    const { clock } = this.#ports;
    await until(
      () => swanctl(this.#ports, fabric, site, ['--version']),
      () => true,
      { because: `the device of ${site} answers`, clock },
    );
    await reloadDevice(this.#ports, fabric, site);
  }
}
