/**
 * A site's device without its userspace ESP: stock strongSwan then uses the kernel's, in the site's namespace, and as nothing asks for
 * UDP encapsulation any more, ESP is a protocol of its own on the wire.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  deviceRunDirectory,
  findPlace,
  inside,
  namespaceOf,
  pingUntilAnswered,
  reloadDevice,
  renderStrongswanConf,
  stopDevice,
  swanctl,
  waitForStatus,
} from '@sallyport/lab';
import type { LabSession, RoundTrip, Scenario } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { readAssociations } from '../kernel-tables.ts';

/** Starts the device of the scenario's only site anew, waits for its tunnel, and for echoes both ways. */
export async function expectWithKernelDevice(session: LabSession, scenario: Scenario): Promise<readonly RoundTrip[]> {
  const { fabric, ports } = session;
  const [site, expectation] = [scenario.sites[0]?.name, scenario.expect[0]];
  if (site === undefined || expectation === undefined) throw new Error(`${scenario.name} has no site`);
  const namespace = namespaceOf(fabric, `site-${site}`);
  const directory = deviceRunDirectory(fabric, site);
  const settings = join(directory, 'strongswan.conf');
  await stopDevice(ports, fabric, site);
  writeFileSync(settings, renderStrongswanConf(directory).replace('kernel-libipsec ', ''), { mode: 0o600 });
  ports.daemons.start({
    argv: inside(namespace, ['charon-systemd']),
    env: { STRONGSWAN_CONF: settings },
    logFile: join(directory, 'charon.log'),
    pidFile: join(directory, 'charon.pid'),
  });
  const { clock } = ports;
  const isTrue = (): boolean => true;
  await until(() => swanctl(ports, fabric, site, ['--version']), isTrue, { because: `the device of ${site} answers`, clock });
  await reloadDevice(ports, fabric, site);
  await until(
    () => readAssociations(ports.run, namespace),
    (found) => found.length >= 2,
    { because: `the kernel of ${site} has associations`, clock },
  );
  await waitForStatus(session, expectation.connection, 'Connected');
  const [vm, host] = [findPlace(fabric, expectation.traffic[0]?.networkInterface ?? ''), findPlace(fabric, `${site}-host`)];
  return [await pingUntilAnswered(session, vm, host), await pingUntilAnswered(session, host, vm)];
}
