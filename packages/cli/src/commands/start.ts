/**
 * `npm start`: the main job, seen. A fabric in a temporary data directory, the scenario `s2s-ikev2-psk` built through the
 * API with the official SDK, packets both ways, a table, and how to sign in; until Ctrl-C, then every trace is removed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArmClient, Evidence, createFabric, loadScenario, lockDataDirectory, openFabric, readClientFile } from '@sallyport/lab';
import type { Fabric, LabSession } from '@sallyport/lab';
import type { Command } from '../command.ts';
import { note, parseOptions, print, reasonOf, refusePositionals } from '../command.ts';
import { isPortFree } from '../free-port.ts';
import { fileLogger } from '../installation.ts';
import { removeAll, runUp } from '../running.ts';
import type { Running } from '../running.ts';
import { signInHelp } from '../sign-in-help.ts';
import { aborted, stopSignal } from '../stop-signal.ts';
import { buildTunnel, tourLines } from '../tour.ts';
import { requireRoot, systemPorts } from '../system-ports.ts';

const scenarioName = 's2s-ikev2-psk';

export const start: Command = {
  summary: 'a gateway and a site with packets through the tunnel, until Ctrl-C',
  help: `
Usage: sallyport start [--once]

Starts a fabric with a temporary data directory, builds the scenario ${scenarioName} through the API with the official Azure
SDK, shows packets going both ways, and removes everything on Ctrl-C.

Options:
  --once   end after the table instead of waiting for Ctrl-C`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { once: { type: 'boolean' } });
    refusePositionals(positionals);
    requireRoot('npm start');
    const stop = stopSignal({ isChild: false });
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-'));
    try {
      return await startIn(createFabric(directory), stop, values.once === true);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function startIn(fabric: Fabric, stop: AbortSignal, isOnce: boolean): Promise<number> {
  const ports = systemPorts();
  const began = ports.clock.monotonic();
  const tell = (step: string): void => note(`[${((ports.clock.monotonic() - began) / 1000).toFixed(1).padStart(5)} s] ${step}`);
  using _lock = await lockDataDirectory(fabric.dataDirectory, 'up');
  tell('starting control plane and agent');
  const log = fileLogger(fabric, 'start');
  let running: Running | undefined;
  try {
    const listen = { host: '127.0.0.1', port: (await isPortFree(8443)) ? 8443 : 0 };
    running = await runUp({ fabric, listen, stop, ipsec: 'auto', ports, log, onTrouble: tell });
    tell(`API ready at ${running.endpoint}`);
    using arm = new ArmClient(readClientFile(fabric.dataDirectory));
    const session: LabSession = { ports, fabric: openFabric(fabric.dataDirectory), arm, tell, signal: stop };
    const shown = await show(session, isOnce);
    if (!shown) return 1;
    if (!isOnce) {
      print('\nCtrl-C ends it and removes everything.');
      await aborted(stop);
    }
    return 0;
  } catch (error) {
    if (stop.aborted) return 130;
    tell(`failed: ${reasonOf(error)}`);
    return 1;
  } finally {
    tell('removing everything');
    if (running === undefined) await removeAll({ fabric, ports, log });
    else await running.stop({ keep: false });
  }
}

/** Builds and prints; evidence is left in a folder when it fails. */
async function show(session: LabSession, isOnce: boolean): Promise<boolean> {
  await using evidence = new Evidence(session.ports, session.fabric, 'start');
  try {
    const tour = await buildTunnel(session, loadScenario(scenarioName, session.arm.file.subscriptionId));
    for (const line of tourLines(tour)) print(line);
    if (!isOnce) for (const line of signInHelp(session.arm.file, scenarioName, session.fabric.dataDirectory)) print(line);
    return true;
  } catch (error) {
    if (session.signal?.aborted === true) throw error;
    session.tell(`failed: ${reasonOf(error)}`);
    session.tell(`evidence: ${await evidence.collect(error)}`);
    return false;
  }
}
