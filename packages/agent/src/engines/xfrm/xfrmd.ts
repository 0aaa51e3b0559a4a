/**
 * ESP in userspace: one xfrmd per instance, started in its namespace, and a TUN `t<ifId>` per connection made by it. charon
 * gets the shim that connects its XFRM sockets to xfrmd. The two share their fate: see docs/adr/0042.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { until } from '@sallyport/runtime';
import { inNamespace } from '../engine.ts';
import type { EngineContext } from '../engine.ts';
import { endProcesses } from '../../reconcile/namespace-commands.ts';
import { tunnelDevice } from './xfrm-engine.ts';
import type { XfrmEngine } from './xfrm-engine.ts';

/** The part of xfrmd's control socket that we use. */
export type XfrmdControl = {
  readonly health: () => Promise<XfrmdHealth>;
  readonly listTunnels: () => Promise<readonly { readonly ifId: number }[]>;
  /** Same again is a no-op; other settings are taken over in place; an interface that vanished or is down is put right. */
  readonly createTunnel: (tunnel: XfrmdTunnel) => Promise<unknown>;
  readonly deleteTunnel: (ifId: number) => Promise<unknown>;
};
export type XfrmdHealth = {
  readonly xfrmClients: readonly { readonly pid: number; readonly ikeChannels: number; readonly listensToEvents: boolean }[];
  readonly udpSockets: readonly { readonly port: number; readonly pid: number }[];
};
export type XfrmdTunnel = { readonly ifId: number; readonly name: string; readonly mtu: number; readonly mssClamp: number };

export type XfrmdOptions = {
  /** To the daemon that was started with `--directory <directory>`. */
  readonly connect: (directory: string) => XfrmdControl;
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
    // One that was started in the instant before a crash has no pid file.
    await endProcesses(context, namespace, 'xfrmd');
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
    charonEnvironment: (namespace) => ({ LD_PRELOAD: paths.shimLibrary, XFRMD_SOCKET: join(directory(namespace), 'xfrm.sock') }),
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
      const charon = daemons.find(options.charonPidFile(instance.namespace))?.pid;
      try {
        await until(control(instance.namespace).health, (health) => isServing(health, charon), {
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
    ...(daemon === undefined || !existsSync(pidFile) ? {} : { startedAt: statSync(pidFile).mtime.toISOString() }),
    ...(residentBytes === undefined ? {} : { residentBytes }),
    ...(detail === undefined ? {} : { detail }),
  };
}

async function reconcileTunnels(control: XfrmdControl, instance: InstancePlan): ReturnType<XfrmEngine['reconcile']> {
  const failures = [];
  for (const wanted of instance.tunnels) {
    try {
      await control.createTunnel(xfrmdTunnel(wanted));
    } catch (error) {
      const message = `could not make tunnel interface ${tunnelDevice(wanted.ifId)}: ${error instanceof Error ? error.message : String(error)}`;
      failures.push({ resource: wanted.connection, code: 'TunnelInterfaceFailed', message });
    }
  }
  const planned = new Set(instance.tunnels.map((tunnel) => tunnel.ifId));
  for (const { ifId } of await control.listTunnels()) if (!planned.has(ifId)) await control.deleteTunnel(ifId);
  return failures;
}

/** The process that is to be charon listens for XFRM events, and its port 4500 is in xfrmd's hands. RFC 3948. */
function isServing(health: XfrmdHealth, charon: number | undefined): boolean {
  return (
    health.xfrmClients.some((client) => client.pid === charon && client.listensToEvents && client.ikeChannels > 0) &&
    health.udpSockets.some((socket) => socket.pid === charon && socket.port === 4500)
  );
}

function xfrmdTunnel(tunnel: TunnelPlan): XfrmdTunnel {
  return { ifId: tunnel.ifId, name: tunnelDevice(tunnel.ifId), mtu: tunnel.mtu, mssClamp: tunnel.mssClamp };
}
