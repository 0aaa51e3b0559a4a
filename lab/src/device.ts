/**
 * A site's device: stock strongSwan (charon-systemd, own configuration, own VICI socket) with its own userspace ESP
 * (kernel-libipsec). Third-party on purpose: nothing of Sallyport's data path or VICI client is used here, so the tunnel's
 * two ends share no code of ours. Policy (which proposals, which key) comes from the caller.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@sallyport/runtime';
import type { Daemons } from '@sallyport/runtime';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import type { Site } from './lab-file.ts';
import { inside, namespaceOf } from './namespaces.ts';
import type { NetworkPorts } from './namespaces.ts';
import { renderStrongswanConf, renderSwanctlConf } from './device-config.ts';
import type { DeviceConfig } from './device-config.ts';

export type DevicePorts = NetworkPorts & { readonly daemons: Daemons };

/** What survives a stop: the device's configuration, with its key. */
export function deviceDirectory(fabric: Pick<Fabric, 'dataDirectory'>, name: string): string {
  return join(fabric.dataDirectory, 'lab', name);
}

/** Socket, log and pid file of the running device. */
export function deviceRunDirectory(fabric: Pick<Fabric, 'runDirectory'>, name: string): string {
  return join(fabric.runDirectory, 'lab', name);
}

/** Writes the device's configuration (0600); `startDevice` or `reloadDevice` makes it real. */
export function writeDeviceConfig(fabric: Fabric, name: string, config: DeviceConfig): void {
  const directory = deviceDirectory(fabric, name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'swanctl.conf'), renderSwanctlConf(config), { mode: 0o600 });
}

/** Starts charon and loads the configuration; a device that runs is only reloaded. */
export async function startDevice(ports: DevicePorts, fabric: Fabric, site: Pick<Site, 'name'>): Promise<void> {
  const directory = deviceRunDirectory(fabric, site.name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!deviceRuns(ports, fabric, site.name)) {
    rmSync(viciSocket(fabric, site.name), { force: true });
    writeFileSync(join(directory, 'strongswan.conf'), renderStrongswanConf(directory), { mode: 0o600 });
    ports.daemons.start({
      argv: inside(namespaceOf(fabric, `site-${site.name}`), ['charon-systemd']),
      env: { STRONGSWAN_CONF: join(directory, 'strongswan.conf') },
      logFile: join(directory, 'charon.log'),
      pidFile: join(directory, 'charon.pid'),
    });
  }
  await until(
    () => swanctl(ports, fabric, site.name, ['--version']),
    () => true,
    {
      because: `strongSwan of site ${site.name} answers (its log: ${join(directory, 'charon.log')})`,
      clock: ports.clock,
      timeoutMs: 15_000,
    },
  );
  await reloadDevice(ports, fabric, site.name);
}

export function deviceRuns(ports: DevicePorts, fabric: Pick<Fabric, 'runDirectory'>, name: string): boolean {
  return ports.daemons.find(join(deviceRunDirectory(fabric, name), 'charon.pid')) !== undefined;
}

/** Loads keys and connections anew, as `swanctl --load-all` does for any strongSwan user. */
export async function reloadDevice(ports: DevicePorts, fabric: Fabric, name: string): Promise<void> {
  const { stdout } = await swanctl(ports, fabric, name, [
    '--load-all',
    '--clear',
    '--noprompt',
    '--file',
    join(deviceDirectory(fabric, name), 'swanctl.conf'),
  ]);
  if (!stdout.includes('successfully loaded'))
    throw new LabError(`strongSwan of site ${name} refused its configuration: ${lastLine(stdout)}`);
}

export async function stopDevice(ports: DevicePorts, fabric: Fabric, name: string): Promise<void> {
  await ports.daemons.stop(join(deviceRunDirectory(fabric, name), 'charon.pid'));
}

export async function swanctl(
  ports: DevicePorts,
  fabric: Fabric,
  name: string,
  args: readonly string[],
): Promise<{ readonly stdout: string }> {
  const directory = deviceRunDirectory(fabric, name);
  return ports.run(['swanctl', ...args, '--uri', `unix://${viciSocket(fabric, name)}`], {
    env: { STRONGSWAN_CONF: join(directory, 'strongswan.conf'), SWANCTL_DIR: directory },
    timeoutMs: 60_000,
  });
}

export function deviceLog(fabric: Fabric, name: string): string {
  return readFileSync(join(deviceRunDirectory(fabric, name), 'charon.log'), 'utf8');
}

function viciSocket(fabric: Pick<Fabric, 'runDirectory'>, name: string): string {
  return join(deviceRunDirectory(fabric, name), 'vici.sock');
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
