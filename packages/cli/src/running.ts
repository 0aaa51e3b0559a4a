/**
 * The all-in-one: control plane and agent as two children of this process, started again when they die, and the lab's
 * machines around them. Used by `up`, and by `start` and tests in-process. Stopping removes everything but the data directory.
 */
import { existsSync, rmSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fabric } from '@sallyport/lab';
import { LabError, readMachines, restoreMachines, unmakeMachines } from '@sallyport/lab';
import type { DevicePorts } from '@sallyport/lab';
import { cleanUp } from '@sallyport/agent';
import { SupervisedChild } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { freePort } from './free-port.ts';
import { agentPaths, clientFile, logDirectory, ownProgram } from './installation.ts';

export type UpOptions = {
  readonly fabric: Fabric;
  readonly listen: { readonly host: string; readonly port: number };
  /** Ends the wait for readiness too. */
  readonly stop: AbortSignal;
  readonly ipsec: string;
  readonly nameServers?: readonly string[];
  readonly ports: DevicePorts;
  readonly log: Logger;
  /** A child died and is started again: one sentence. */
  readonly onTrouble: (sentence: string) => void;
};

export type Running = {
  readonly endpoint: string;
  /** @param keep leave daemons, namespaces and sites as they are. */
  readonly stop: (options: { readonly keep: boolean }) => Promise<void>;
};

/**
 * Both children's first start takes 2.5 s of processor time, keys and certificates included. An emulated machine needs fifty times as long, two
 * minutes, and its host may be busy. A child that dies is told much sooner, and one that is slow too.
 */
const readyWithinMs = 180_000;
const isSlowAfterMs = 20_000;

/** @throws LabError with the reason when a child does not become ready. */
export async function runUp(options: UpOptions): Promise<Running> {
  const { fabric, ports, log } = options;
  const { host } = options.listen;
  const port = await freePort(host, options.listen.port);
  const api = authorityOf(host, port);
  const agents = authorityOf('127.0.0.1', await freePort('127.0.0.1', 0));
  const data = ['--data-dir', fabric.dataDirectory, '--child'];
  const controlPlane = startChild(
    options,
    'control-plane',
    ownProgram('control-plane', ...data, '--listen', api, '--agent-listen', agents),
  );
  const asked = (options.nameServers ?? []).flatMap((server) => ['--name-server', server]);
  const agentArgv = ownProgram('agent', ...data, '--control', `https://${agents}`, '--ipsec', options.ipsec, ...asked);
  // At the very first start the control plane makes the agent's certificate; later nobody waits for anybody.
  const isFirstStart = !existsSync(join(fabric.dataDirectory, 'agents'));
  if (isFirstStart) await controlPlane.ready.catch(() => {}); // its failure is thrown below
  const agent = startChild(options, 'agent', agentArgv);
  const stop: Running['stop'] = async ({ keep }) => {
    await agent.child.stop();
    try {
      if (!keep) await removeAll({ fabric, ports, log });
    } finally {
      await controlPlane.child.stop();
      rmSync(clientFile(fabric), { force: true });
    }
  };
  try {
    await Promise.all([controlPlane.ready, agent.ready]);
    if (readMachines(fabric).length > 0) await restoreMachines(ports, fabric);
  } catch (error) {
    // What ran before this failed start goes on: only a stop that was asked for removes it.
    await stop({ keep: !options.stop.aborted });
    throw error;
  }
  return { endpoint: `https://${api}`, stop };
}

/**
 * Ends and removes what this fabric has on the host: sites, clients, daemons, namespaces, tables, run directory.
 * What can't be removed does not keep the rest from going; the error names it.
 */
export async function removeAll({ fabric, ports, log }: Pick<UpOptions, 'fabric' | 'ports' | 'log'>): Promise<void> {
  try {
    await unmakeMachines(ports, fabric);
  } finally {
    await cleanUp(agentPaths(fabric), { ...ports, log });
  }
  removeRunDirectory(fabric);
}

/** With the folder of all fabrics when it was the last. */
export function removeRunDirectory(fabric: Pick<Fabric, 'runDirectory'>): void {
  rmSync(fabric.runDirectory, { recursive: true, force: true });
  const parent = dirname(fabric.runDirectory);
  try {
    if (parent === '/run/sallyport') rmdirSync(parent);
  } catch (error) {
    // Another fabric's folder is in it, or somebody was quicker.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'ENOENT'))) throw error;
  }
}

type Child = { readonly child: SupervisedChild; readonly ready: Promise<void> };

/** Ready is the child's first line; dying three times before that is a failure that no restart cures. */
function startChild({ fabric, ports, log, onTrouble, stop }: UpOptions, name: string, argv: readonly string[]): Child {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let deaths = 0;
  const child = new SupervisedChild({
    name,
    argv,
    clock: ports.clock,
    log,
    onLine: () => resolve(),
    onDeath: (how) => {
      deaths += 1;
      if (deaths >= 3) reject(new LabError(`the ${name} does not start: it ended with ${how}, three times`));
      onTrouble(`the ${name} ended (${how}) and is started again`);
    },
  });
  stop.addEventListener('abort', () => reject(new LabError(`stopped before the ${name} was ready`)), { once: true });
  const timer = setTimeout(() => reject(new LabError(`the ${name} was not ready within ${readyWithinMs / 1000} s`)), readyWithinMs);
  const slow = setTimeout(
    () => onTrouble(`the ${name} is not ready after ${isSlowAfterMs / 1000} s: a slow machine, or see ${logDirectory(fabric)}`),
    isSlowAfterMs,
  );
  const ready = promise.finally(() => [timer, slow].forEach((one) => clearTimeout(one)));
  ready.catch(() => {}); // awaited together with the other child's; this keeps an earlier failure from being unhandled
  return { child, ready };
}

function authorityOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
