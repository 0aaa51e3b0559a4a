/**
 * A site's device as it is on a kernel with XFRM: stock strongSwan, unmodified, its ESP and its traps by xfrmd through the shim, for
 * its own userspace ESP knows no traps and the host's kernel may have no ESP. Not a part of the lab: see device.ts there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
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
import { until } from '@sallyport/runtime';
import { startSiteXfrmd, stopSiteXfrmd, xfrmdEnvironment } from './site-xfrmd.ts';

export class XfrmdDevice implements AsyncDisposable {
  readonly #ports: DevicePorts;
  readonly #directory: string;

  private constructor(ports: DevicePorts, directory: string) {
    this.#ports = ports;
    this.#directory = directory;
  }

  /**
   * In the place of the lab's own device of the site, with its configuration.
   * @param options.remotePrefixes routed to the tunnel.
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
      const { remotePrefixes } = options;
      await startSiteXfrmd(ports, {
        namespace,
        directory: device.#directory,
        remotePrefixes,
        source: findPlace(fabric, site).addresses[1] ?? '',
      });
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
    await stopSiteXfrmd(this.#ports, this.#directory);
  }

  async #startCharon(fabric: Fabric, site: string, namespace: string): Promise<void> {
    const directory = deviceRunDirectory(fabric, site);
    const settings = join(directory, 'strongswan.conf');
    // Its routes would lead around the TUN.
    const text = renderStrongswanConf(directory)
      .replace('kernel-libipsec ', '')
      .replace('install_virtual_ip', 'install_routes = no\n  install_virtual_ip');
    writeFileSync(settings, text, { mode: 0o600 });
    const environment = Object.entries(xfrmdEnvironment(this.#directory)).map(([name, value]) => `${name}=${value}`);
    this.#ports.daemons.start({
      argv: inside(namespace, ['env', ...environment, 'charon-systemd']),
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
