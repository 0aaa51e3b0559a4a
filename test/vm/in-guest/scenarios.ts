/**
 * Runs in the virtual machine: `sallyport up --ipsec kernel`, then each scenario of the arguments is built, expected, looked at and
 * deleted again. Prints one ReportLine each. Judging is scenarios.test.ts, outside.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildScenario,
  deviceRunDirectory,
  expectScenario,
  inside,
  listNamespaces,
  loadScenario,
  namespaceOf,
  pingUntilAnswered,
  findPlace,
  removeMachine,
  renderStrongswanConf,
  reloadDevice,
  stopDevice,
  swanctl,
  waitForStatus,
} from '@sallyport/lab';
import type { Evidence, LabSession, Scenario } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { readStatus } from '../../../packages/cli/src/agent-status.ts';
import { agentSocket } from '../../../packages/cli/src/installation.ts';
import { UpProcess, ports, withEvidence } from '../../lab/up-process.ts';
import { readAssociations, readXfrmInterfaces } from '../kernel-tables.ts';
import type { GatewayReading, ReportLine, ScenarioReport } from './report.ts';

/** Not a scenario of the catalogue: s2s-ikev2-psk with the device on the kernel's ESP as well, so that ESP is not in UDP. */
const rawEsp = 's2s-ikev2-psk, raw ESP';

await using up = await UpProcess.start(['--ipsec', 'kernel']);
for (const name of process.argv.slice(2)) print(await runScenario(up, name));

async function runScenario(running: UpProcess, name: string): Promise<ReportLine> {
  const began = performance.now();
  try {
    const report = await withEvidence(running, name.replaceAll(/\W+/g, '-'), async (evidence) => {
      const { session } = running;
      const scenario = loadScenario(name === rawEsp ? 's2s-ikev2-psk' : name, session.arm.file.subscriptionId);
      await evidence.startCapture();
      await buildScenario(session, scenario);
      const trips = await (name === rawEsp ? expectWithoutUdp(session, scenario) : expectScenario(session, scenario));
      const { ipsec, ikeSas } = await status(session);
      const gateways = await readGateways(session);
      const packets = await countPackets(evidence);
      await removeAll(session, scenario);
      const left = listNamespaces(session.fabric).filter((namespace) => namespace.includes('-gw-'));
      return { ipsec, ikeSas, gateways, packets, left, trips: trips.map(({ from, to }) => `${from} ${to}`) };
    });
    return { report: { scenario: name, seconds: (performance.now() - began) / 1000, ...report } };
  } catch (error) {
    return { scenario: name, failure: error instanceof Error ? error.message : String(error) };
  }
}

/** The scenario's device anew, without libipsec: stock strongSwan then uses the kernel's ESP, in its own namespace. */
async function expectWithoutUdp(session: LabSession, scenario: Scenario): ReturnType<typeof expectScenario> {
  await expectScenario(session, scenario);
  const [site, expectation] = [scenario.sites[0], scenario.expect[0]];
  if (site === undefined || expectation === undefined) throw new Error(`${scenario.name} has no site`);
  const directory = deviceRunDirectory(session.fabric, site.name);
  const settings = join(directory, 'strongswan.conf');
  const pidFile = join(directory, 'charon.pid');
  await stopDevice(ports, session.fabric, site.name);
  writeFileSync(settings, renderStrongswanConf(directory).replace('kernel-libipsec ', ''), { mode: 0o600 });
  const argv = inside(namespaceOf(session.fabric, `site-${site.name}`), ['charon-systemd']);
  ports.daemons.start({ argv, env: { STRONGSWAN_CONF: settings }, logFile: join(directory, 'charon.log'), pidFile });
  const wait = { because: 'the device without libipsec answers', clock: ports.clock };
  await until(
    () => swanctl(ports, session.fabric, site.name, ['--version']),
    () => true,
    wait,
  );
  await reloadDevice(ports, session.fabric, site.name);
  const device = namespaceOf(session.fabric, `site-${site.name}`);
  await until(
    () => readAssociations(ports.run, device),
    (found) => found.length >= 2,
    { because: 'the device’s kernel has the SAs', clock: ports.clock, timeoutMs: 60_000 },
  );
  await waitForStatus(session, expectation.connection, 'Connected');
  const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, `${site.name}-host`)];
  return [await pingUntilAnswered(session, vm, host), await pingUntilAnswered(session, host, vm)];
}

async function status(session: LabSession): Promise<Pick<ScenarioReport, 'ipsec' | 'ikeSas'>> {
  const agent = await readStatus(agentSocket(session.fabric));
  if (agent === undefined) throw new Error('the agent does not answer');
  const connections = agent.instances.flatMap((instance) => instance.connections);
  return { ipsec: agent.ipsec, ikeSas: connections.flatMap(({ ikeSas }) => ikeSas) };
}

async function readGateways(session: LabSession): Promise<readonly GatewayReading[]> {
  const namespaces = listNamespaces(session.fabric).filter((namespace) => namespace.includes('-gw-'));
  return Promise.all(
    namespaces.map(async (namespace) => ({
      namespace: namespace.slice(session.fabric.namespacePrefix.length),
      interfaces: await readXfrmInterfaces(ports.run, namespace),
      associations: await readAssociations(ports.run, namespace),
    })),
  );
}

async function countPackets(evidence: Evidence): Promise<ScenarioReport['packets']> {
  await evidence.stopCapture();
  // A machine whose IKE daemon is away says so of the packets it got; what it quotes is IKE.
  const refusal = '(icmp[0:2] = 0x0303 and (icmp[30:2] = 500 or icmp[30:2] = 4500))';
  return {
    ike: await evidence.countPackets('udp port 500'),
    // RFC 3948: four zero bytes after the UDP header mark IKE, one byte alone is a keep-alive.
    udpEsp: await evidence.countPackets('udp port 4500 and udp[4:2] > 12 and udp[8:4] != 0'),
    rawEsp: await evidence.countPackets('esp'),
    other: await evidence.countPackets(`ip and not (udp port 500 or udp port 4500 or esp or ${refusal})`),
    inner: await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16'),
  };
}

/** Resource group and sites, so that the next scenario finds an empty world. */
async function removeAll(session: LabSession, scenario: Scenario): Promise<void> {
  const group = scenario.resources.find(({ put }) => !put.includes('/providers/'))?.put ?? '';
  await session.arm.send('DELETE', group);
  await until(
    () => session.arm.get(group),
    (found) => found === undefined,
    { because: `${group} is deleted`, clock: ports.clock, timeoutMs: 120_000 },
  );
  for (const site of scenario.sites) await removeMachine(ports, session.fabric, site.name);
}

function print(line: ReportLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
