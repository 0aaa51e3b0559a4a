/**
 * ESP in userspace: one xfrmd per instance, started in its namespace, and a TUN `t<ifId>` per connection made by it. charon
 * gets the shim that connects its XFRM sockets to xfrmd. The two share their fate: see docs/adr/0042.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { until } from '@sallyport/runtime';
import { inNamespace } from '../engine.ts';
import type { EngineContext } from '../engine.ts';
import { tunnelDevice } from './xfrm-engine.ts';
import type { XfrmEngine } from './xfrm-engine.ts';

/** The part of xfrmd's control socket that we use. */
export type XfrmdControl = {
  readonly health: () => Promise<XfrmdHealth>;
  readonly listTunnels: () => Promise<readonly XfrmdTunnel[]>;
  readonly createTunnel: (tunnel: XfrmdTunnel) => Promise<unknown>;
  readonly deleteTunnel: (ifId: number) => Promise<unknown>;
};
export type XfrmdHealth = { readonly xfrmClients: number; readonly udpSockets: number };
export type XfrmdTunnel = { readonly ifId: number; readonly name: string; readonly mtu: number; readonly mssClamp: number };

export type XfrmdOptions = {
  /** To the daemon that was started with `--directory <directory>`. */
  readonly connect: (directory: string) => XfrmdControl;
  /** XFRMD_SOCKET of the shim, for that directory. */
  readonly shimSocket: (directory: string) => string;
  /** Where the ike engine keeps charon's pid file. */
  readonly charonPidFile: (namespace: string) => string;
};

const startTimeoutMs = 5000;
/** charon opens its XFRM sockets while it starts. */
const handOverTimeoutMs = 3000;

export function createXfrmdEngine(context: EngineContext, options: XfrmdOptions): XfrmEngine {
  const { paths, daemons, clock, log } = context;
  const folder = (namespace: string): string => join(paths.runDirectory, namespace);
  const directory = (namespace: string): string => join(folder(namespace), 'xfrmd');
  const pidFile = (namespace: string): string => join(folder(namespace), 'xfrmd.pid');
  const control = (namespace: string): XfrmdControl => options.connect(directory(namespace));
  /** Why the instance's XFRM does not work, found by the last pass, for observations between passes. */
  const troubles = new Map<string, string>();

  async function ensureRunning(namespace: string): Promise<void> {
    if (daemons.find(pidFile(namespace)) !== undefined) {
      try {
        await control(namespace).health();
        return;
      } catch (error) {
        log.warn({ namespace, err: error }, 'xfrmd does not answer; starting it anew');
        await daemons.stop(pidFile(namespace), 1000);
      }
    }
    // A charon left from before would wait for answers of an XFRM that is gone.
    await daemons.stop(options.charonPidFile(namespace), 0);
    mkdirSync(directory(namespace), { recursive: true, mode: 0o700 });
    daemons.start({
      argv: inNamespace(paths, namespace, [paths.xfrmdProgram, '--directory', directory(namespace)]),
      env: {},
      logFile: join(folder(namespace), 'xfrmd.log'),
      pidFile: pidFile(namespace),
    });
    const isUp = (): Promise<unknown> => {
      if (daemons.find(pidFile(namespace)) === undefined)
        throw new Error(`xfrmd ended at once; its log: ${join(folder(namespace), 'xfrmd.log')}`);
      return control(namespace).health();
    };
    await until(isUp, () => true, { because: `xfrmd of ${namespace} answers`, clock, timeoutMs: startTimeoutMs, everyMs: 10 });
    log.info({ namespace }, 'xfrmd started');
  }

  return {
    name: 'xfrm',
    kind: 'xfrmd',
    leavesMssToFilter: false,
    needsUdpEncapsulation: true,
    charonEnvironment: (namespace) => ({ LD_PRELOAD: paths.shimLibrary, XFRMD_SOCKET: options.shimSocket(directory(namespace)) }),
    reconcile: async (instance) => {
      try {
        await ensureRunning(instance.namespace);
        troubles.delete(instance.namespace);
      } catch (error) {
        troubles.set(instance.namespace, error instanceof Error ? error.message : String(error));
        throw error;
      }
      return reconcileTunnels(control(instance.namespace), instance);
    },
    verify: async (instance) => {
      try {
        await until(control(instance.namespace).health, (health) => health.xfrmClients > 0 && health.udpSockets > 0, {
          because: `charon of ${instance.namespace} has its XFRM and UDP sockets at xfrmd`,
          clock,
          timeoutMs: handOverTimeoutMs,
          everyMs: 20,
        });
        return [];
      } catch (error) {
        const message = `charon is not connected to xfrmd: ${error instanceof Error ? error.message : String(error)}`;
        troubles.set(instance.namespace, message);
        return [{ resource: instance.gateway, code: 'EngineDown', message }];
      }
    },
    observe: (instance) =>
      Promise.resolve({
        engines: [observeDaemon(context, pidFile(instance.namespace), troubles.get(instance.namespace))],
        connections: [],
      }),
    remove: async (namespace) => {
      troubles.delete(namespace);
      await daemons.stop(pidFile(namespace));
    },
  };
}

function observeDaemon({ daemons }: EngineContext, pidFile: string, trouble: string | undefined): EngineObservation {
  const daemon = daemons.find(pidFile);
  const detail = daemon === undefined ? (trouble ?? 'not running') : trouble;
  const residentBytes = daemon === undefined ? undefined : daemons.residentBytes(daemon.pid);
  return {
    name: 'xfrmd',
    isHealthy: detail === undefined,
    ...(daemon === undefined ? {} : { processId: daemon.pid }),
    ...(residentBytes === undefined ? {} : { residentBytes }),
    ...(detail === undefined ? {} : { detail }),
  };
}

async function reconcileTunnels(control: XfrmdControl, instance: InstancePlan): ReturnType<XfrmEngine['reconcile']> {
  const existing = await control.listTunnels();
  const failures = [];
  for (const tunnel of instance.tunnels) {
    const wanted = xfrmdTunnel(tunnel);
    const found = existing.find((other) => other.ifId === wanted.ifId);
    if (found !== undefined && found.mtu === wanted.mtu && found.mssClamp === wanted.mssClamp && found.name === wanted.name) continue;
    try {
      await control.createTunnel(wanted);
    } catch (error) {
      const message = `could not make tunnel interface ${wanted.name}: ${error instanceof Error ? error.message : String(error)}`;
      failures.push({ resource: tunnel.connection, code: 'TunnelInterfaceFailed', message });
    }
  }
  for (const surplus of existing.filter((other) => !instance.tunnels.some((tunnel) => tunnel.ifId === other.ifId)))
    await control.deleteTunnel(surplus.ifId);
  return failures;
}

function xfrmdTunnel(tunnel: TunnelPlan): XfrmdTunnel {
  return { ifId: tunnel.ifId, name: tunnelDevice(tunnel.ifId), mtu: tunnel.mtu, mssClamp: tunnel.mssClamp };
}
