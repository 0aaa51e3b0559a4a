/**
 * `npm run demo`: the real control plane, planner and agent on a host that exists in memory only. No root, no packages, and no
 * packets: what it shows is the API, the plan and what the agent makes of it. Peers accept every tunnel and are played.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeHost, startAgent } from '@sallyport/agent';
import type { Agent } from '@sallyport/agent';
import { startControlPlane } from '@sallyport/control-plane';
import type { ControlPlane } from '@sallyport/control-plane';
import { ArmClient, agentStateDirectory, buildScenario, createFabric, loadScenario, readClientFile, waitForStatus } from '@sallyport/lab';
import type { Fabric, LabSession } from '@sallyport/lab';
import { randomIds, silentLogger, systemClock } from '@sallyport/runtime';
import { serveStatus } from '../agent-status.ts';
import type { Command } from '../command.ts';
import { note, parseOptions, print, reasonOf, refusePositionals } from '../command.ts';
import { isPortFree } from '../free-port.ts';
import { agentSocket, fileLogger } from '../installation.ts';
import { hostName, readSettings } from '../settings-file.ts';
import { signInHelp } from '../sign-in-help.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { systemPorts } from '../system-ports.ts';
import { printPlanOf, resourceLines } from '../tour.ts';

const scenarioName = 's2s-ikev2-psk';

export const demo: Command = {
  summary: 'the same API, plan and status on a simulated host, without root',
  help: `
Usage: sallyport demo [--once]

Builds the scenario ${scenarioName} through the API on a host that exists in memory only, and prints the plan and what
the agent made of it. No packet moves: \`npm start\` is the one with real tunnels.

Options:
  --once   end after printing instead of waiting for Ctrl-C`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { once: { type: 'boolean' } });
    refusePositionals(positionals);
    const stop = stopSignal({ isChild: false });
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-'));
    try {
      return await demoIn(createFabric(directory, join(directory, 'run')), stop, values.once === true);
    } catch (error) {
      if (stop.aborted) return 130;
      note(`failed: ${reasonOf(error)}`);
      return 1;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function demoIn(fabric: Fabric, stop: AbortSignal, isOnce: boolean): Promise<number> {
  await using host = new FakeHost({ namespacePrefix: fabric.namespacePrefix, directory: join(fabric.dataDirectory, 'host') });
  await using controlPlane = await startControlPlane({
    settings: readSettings(fabric),
    store: 'memory',
    dataDirectory: fabric.dataDirectory,
    listen: { host: '127.0.0.1', port: (await isPortFree(8443)) ? 8443 : 0 },
    agentListen: { host: '127.0.0.1', port: 0 },
    ports: { clock: systemClock, ids: randomIds, log: fileLogger(fabric, 'control-plane') },
  });
  await using agent = await startSimulatedAgent(fabric, host, controlPlane);
  await using _status = serveStatus(agentSocket(fabric), agent.status, { clock: systemClock, log: silentLogger });
  note(`API ready at ${controlPlane.endpoint}, on a simulated host`);
  using arm = new ArmClient(readClientFile(fabric.dataDirectory));
  const session: LabSession = { ports: systemPorts(), fabric, arm, tell: note, signal: stop };
  const scenario = loadScenario(scenarioName, arm.file.subscriptionId);
  await buildScenario(session, scenario, { sites: false });
  for (const { connection } of scenario.expect) await waitForStatus(session, connection, 'Connected');
  for (const line of await resourceLines(session, scenario)) print(line);
  print(`\n${printPlanOf(fabric)}`);
  print(`What the agent made of it:\n\n${await host.printHost()}`);
  if (isOnce) return 0;
  for (const line of signInHelp(arm.file, scenarioName, fabric.dataDirectory, 'simulated')) print(line);
  print('\nCtrl-C ends it.');
  await aborted(stop);
  return 0;
}

async function startSimulatedAgent(fabric: Fabric, host: FakeHost, controlPlane: ControlPlane): Promise<Agent & AsyncDisposable> {
  const { caFile, certFile, keyFile } = await controlPlane.issueAgentCertificate(hostName());
  const agent = await startAgent({
    host: hostName(),
    control: { url: controlPlane.agentEndpoint, caFile, certFile, keyFile },
    paths: { ...host.paths, stateDirectory: agentStateDirectory(fabric) },
    ipsec: 'xfrmd',
    ports: { run: host.run, daemons: host.daemons, clock: systemClock, log: fileLogger(fabric, 'agent') },
  });
  return { ...agent, [Symbol.asyncDispose]: agent.close };
}
