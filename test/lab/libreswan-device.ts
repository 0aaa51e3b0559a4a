/**
 * Debian's libreswan in a site's namespace: downloaded by apt and unpacked, never installed, because its package and strongSwan's
 * exclude each other. The host's kernel may have no ESP, so pluto, unmodified, gets it from xfrmd through the shim; what pluto
 * negotiates and which SAs and policies it asks for is its own. Not a part of the lab: it can not be had without the network.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deviceDirectory, deviceRunDirectory, inside, siteNamespaces } from '@sallyport/lab';
import type { DevicePorts, Fabric, ScenarioSite } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { startSiteXfrmd, stopSiteXfrmd, xfrmdEnvironment } from './site-xfrmd.ts';

const clone = join(import.meta.dirname, '..', '..');
/** Kept between runs, as the build is. */
const unpacked = join(clone, 'build', 'libreswan');
const libraries = join(unpacked, 'usr', 'lib', 'x86_64-linux-gnu');

export class LibreswanDevice implements AsyncDisposable {
  readonly #ports: DevicePorts;
  readonly #directory: string;

  private constructor(ports: DevicePorts, directory: string) {
    this.#ports = ports;
    this.#directory = directory;
  }

  /**
   * Runs the script as its user would, but for IPSEC_D, and starts pluto on what it wrote.
   * @param remotePrefixes routed to the tunnel.
   */
  static async start(
    ports: DevicePorts,
    fabric: Fabric,
    site: ScenarioSite,
    options: { readonly script: string; readonly remotePrefixes: readonly string[]; readonly source: string },
  ): Promise<LibreswanDevice> {
    await ports.run([join(clone, 'tools', 'peers', 'unpack.sh'), 'libreswan', 'usr/libexec/ipsec/pluto'], { timeoutMs: 120_000 });
    const configuration = deviceDirectory(fabric, site.name);
    const run = deviceRunDirectory(fabric, site.name);
    for (const folder of [configuration, run]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(configuration, 'install.sh'), options.script, { mode: 0o600 });
    await ports.run(['sh', join(configuration, 'install.sh')], { env: { IPSEC_D: configuration } });
    const device = new LibreswanDevice(ports, run);
    try {
      const namespace = siteNamespaces(fabric, site.name).device;
      await startSiteXfrmd(ports, { namespace, directory: run, ...options });
      await device.#startPluto(namespace, configuration);
      return device;
    } catch (error) {
      await device[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What pluto wrote. Debugging is off, so it has no keys. */
  get log(): string {
    return readFileSync(join(this.#directory, 'pluto.log'), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ports.daemons.stop(join(this.#directory, 'pluto.pid'));
    await stopSiteXfrmd(this.#ports, this.#directory);
  }

  /** pluto runs programs of /usr/libexec/ipsec: in a mount namespace of its own, the unpacked ones are there. */
  async #startPluto(namespace: string, configuration: string): Promise<void> {
    const settings = join(configuration, 'ipsec.conf');
    const secrets = readdirSync(configuration).find((name) => name.endsWith('.secrets')) ?? '';
    const connection = join(configuration, secrets.replace(/\.secrets$/, '.conf'));
    // The routes are made; the script that would make them wants a kernel with XFRM.
    writeFileSync(settings, `config setup\nconn %default\n    leftupdown=/bin/true\ninclude ${connection}\n`);
    const database = `sql:${configuration}`;
    await this.#ports.run([join(unpacked, 'usr', 'bin', 'certutil'), '-N', '-d', database, '--empty-password'], {
      env: { LD_LIBRARY_PATH: libraries },
    });
    const mounted = `mount --bind "$1" /usr/libexec && shift && exec /usr/libexec/ipsec/pluto "$@"`;
    // The configuration file resets the folders: it goes before them.
    const folders = ['--rundir', this.#directory, '--ipsecdir', configuration, '--nssdir', configuration];
    const files = ['--config', settings, '--secretsfile', join(configuration, secrets), '--logfile', join(this.#directory, 'pluto.log')];
    this.#start(
      'pluto',
      namespace,
      [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        'sh',
        '-c',
        mounted,
        'sh',
        join(unpacked, 'usr', 'libexec'),
        '--nofork',
        ...files,
        ...folders,
      ],
      {
        LD_LIBRARY_PATH: libraries,
        ...xfrmdEnvironment(this.#directory),
      },
    );
    await until(() => existsSync(join(this.#directory, 'pluto.ctl')), Boolean, {
      because: `pluto listens (its log: ${join(this.#directory, 'pluto.log')})`,
      clock: this.#ports.clock,
      timeoutMs: 15_000,
    });
  }

  #start(name: string, namespace: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    this.#ports.daemons.start({
      argv: inside(namespace, argv),
      env,
      logFile: join(this.#directory, `${name}.log`),
      pidFile: join(this.#directory, `${name}.pid`),
    });
  }
}
