/**
 * Runs in the virtual machine: `sallyport up --ipsec kernel`, then each scenario of the arguments is built, expected, looked at and
 * deleted again. Prints one ReportLine each. Judging is scenarios.test.ts, outside.
 */
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AgentStatus } from '@sallyport/agent';
import { buildScenario, expectScenario, listNamespaces, loadScenario, removeMachine } from '@sallyport/lab';
import type { Evidence, LabSession, RoundTrip, Scenario } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import type { Clock } from '@sallyport/runtime';
import { UpProcess, ports, withEvidence } from '../../lab/up-process.ts';
import { readAssociations, readXfrmInterfaces } from '../kernel-tables.ts';
import { floodOverBandwidth } from './bandwidth.ts';
import { expectWithKernelDevice } from './kernel-device.ts';
import { rawEspSuffix } from './report.ts';
import type { GatewayReading, ReportLine, ScenarioReport } from './report.ts';

/** The lab's patience is made for a machine that is twenty times faster: here a second of waiting lasts twenty. */
const patientClock: Clock = { ...ports.clock, monotonic: () => ports.clock.monotonic() / 20 };
/** In this one the device takes the kernel's ESP as well, once all is seen with its own. */
const withKernelDevice = 's2s-ikev2-psk';
/** In this one the gateway's bandwidth is limited at the end. */
const withBandwidth = 's2s-two-sites';

await using up = await UpProcess.start(['--ipsec', 'kernel'], patientClock);
const session: LabSession = { ...up.session, ports: { ...ports, clock: patientClock } };
for (const name of process.argv.slice(2)) await runScenario(name);

async function runScenario(name: string): Promise<void> {
  const scenario = loadScenario(name, session.arm.file.subscriptionId);
  const didBuild = await report(name, async () => {
    await buildScenario(session, scenario);
    return expectScenario(session, scenario);
  });
  if (didBuild && name === withKernelDevice) await report(`${name}${rawEspSuffix}`, () => expectWithKernelDevice(session, scenario));
  try {
    if (didBuild && name === withBandwidth) print({ bandwidth: await floodOverBandwidth(session, scenario) });
  } catch (error) {
    print({ scenario: `${name}, bandwidth`, failure: reasonOf(error) });
  }
  try {
    await removeAll(scenario);
    print({ scenario: name, left: gatewayNamespaces() });
  } catch (error) {
    print({ scenario: name, failure: `could not be deleted: ${reasonOf(error)}` });
  }
}

/** Prints what was seen while `work` was done. @returns whether it was done. */
async function report(name: string, work: () => Promise<readonly RoundTrip[]>): Promise<boolean> {
  const began = performance.now();
  try {
    const seen = await withEvidence(up, name.replaceAll(/\W+/g, '-'), async (evidence) => {
      const trips = (await work()).map(({ from, to }) => `${from} ${to}`);
      return { trips, ...(await readStatus()), gateways: await readGateways(), packets: await countPackets(evidence) };
    });
    print({ report: { scenario: name, seconds: Math.round((performance.now() - began) / 1000), ...seen } });
    return true;
  } catch (error) {
    print({ scenario: name, failure: reasonOf(error) });
    return false;
  }
}

/**
 * What `sallyport status` asks, without the four seconds that its start takes here. Only what was observed after the traffic counts: the agent
 * looks every two seconds or so, and a tunnel that came up on demand is younger than that.
 */
async function readStatus(): Promise<Pick<ScenarioReport, 'ipsec' | 'ikeSas'>> {
  const began = ports.clock.now();
  const readAgent = async (): Promise<AgentStatus> =>
    JSON.parse(await text(connect(join(session.fabric.runDirectory, 'agent.sock')))) as AgentStatus; // our own agent's
  const isRecent = ({ observation }: AgentStatus): boolean => Date.parse(observation?.observedAt ?? '') > began;
  const agent = await until(readAgent, isRecent, { because: 'the agent looked again', clock: patientClock, everyMs: 500 });
  const connections = agent.observation?.instances.flatMap((instance) => instance.connections) ?? [];
  return { ipsec: agent.ipsec, ikeSas: connections.flatMap(({ ikeSas }) => ikeSas) };
}

function gatewayNamespaces(): readonly string[] {
  return listNamespaces(session.fabric).filter((namespace) => namespace.startsWith(`${session.fabric.namespacePrefix}gw-`));
}

function readGateways(): Promise<readonly GatewayReading[]> {
  return Promise.all(
    gatewayNamespaces().map(async (namespace) => ({
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
async function removeAll(scenario: Scenario): Promise<void> {
  const group = scenario.resources.find(({ put }) => !put.includes('/providers/'))?.put ?? '';
  await session.arm.send('DELETE', group);
  const isGone = (found: unknown): boolean => found === undefined;
  await until(() => session.arm.get(group), isGone, { because: `${group} is deleted`, clock: patientClock, everyMs: 500 });
  for (const site of scenario.sites) await removeMachine(session.ports, session.fabric, site.name);
}

function print(line: ReportLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
