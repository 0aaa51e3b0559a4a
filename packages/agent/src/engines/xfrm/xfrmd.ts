/**
 * ESP in userspace: one xfrmd per instance, started in its namespace, and a TUN `t<ifId>` per connection made by it. charon
 * gets the shim that connects its XFRM sockets to xfrmd. The two share their fate: see docs/adr/0042.
 */
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { ApplyFailure, EngineObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import { XfrmdClient } from '@sallyport/protocols';
import type { XfrmdHealth, XfrmdTunnelSettings } from '@sallyport/protocols';
import { boundLog, until } from '@sallyport/runtime';
import { inNamespace, namespaceFile } from '../engine.ts';
import type { EngineContext } from '../engine.ts';
import { inParallel } from '../../reconcile/in-parallel.ts';
import { tunnelDevice } from './xfrm-engine.ts';
import type { XfrmEngine } from './xfrm-engine.ts';

export type XfrmdOptions = {
  /** Where the ike engine keeps charon's pid file. */
  readonly charonPidFile: (namespace: string) => string;
};

const startTimeoutMs = 5000;
/** charon opens its XFRM sockets while it starts. */
const handOverTimeoutMs = 3000;
/** xfrmd takes them in turn; the next ones are on their way meanwhile. */
const requestsAtOnce = 16;
const maxLogBytes = 4 * 1024 * 1024;

export function createXfrmdEngine(context: EngineContext, options: XfrmdOptions): XfrmEngine {
  const { paths, daemons, clock, log } = context;
  const folder = (namespace: string): string => join(paths.runDirectory, namespace);
  const directory = (namespace: string): string => join(folder(namespace), 'xfrmd');
  const pidFile = (namespace: string): string => join(folder(namespace), 'xfrmd.pid');
  const logFile = (namespace: string): string => join(folder(namespace), 'xfrmd.log');
  const control = (namespace: string): Promise<XfrmdClient> => XfrmdClient.connect(join(directory(namespace), 'control.sock'), { clock });
  const health = async (namespace: string): Promise<XfrmdHealth> => {
    await using client = await control(namespace);
    const seen = await client.health();
    // Its process id may be another one in a namespace of its own: the one that the daemon is found by counts here.
    const pid = daemons.find(pidFile(namespace))?.pid;
    if (pid !== undefined) confinements.set(namespace, { pid, confinement: seen.confinement });
    return seen;
  };
  /** What the last pass found, for observations between passes: why xfrmd is not there, why charon is not connected to it. */
  const absences = new Map<string, string>();
  const disconnections = new Map<string, string>();
  /** As the running xfrmd said it; it is for its whole life. */
  const confinements = new Map<string, { readonly pid: number; readonly confinement: XfrmdHealth['confinement'] }>();

  /** Before a charon is started, which would find no XFRM without. One that runs has it, whatever became of the file. */
  function requireShim(namespace: string): void {
    const { shimLibrary } = paths;
    // A bare name is one that ld.so looks for, ld.so(8).
    if (!isAbsolute(shimLibrary) || existsSync(shimLibrary) || daemons.find(options.charonPidFile(namespace)) !== undefined) return;
    throw new Error(missingShim(shimLibrary));
  }

  async function ensureRunning(namespace: string): Promise<void> {
    if (daemons.find(pidFile(namespace), namespaceFile(paths, namespace)) !== undefined) {
      try {
        await health(namespace);
        return;
      } catch (error) {
        log.warn({ namespace, err: error }, 'xfrmd does not answer; starting it anew');
      }
    }
    // Also one that serves a namespace which somebody deleted: the name has been another one's since.
    await daemons.stop(pidFile(namespace), 1000);
    // A charon left from before would wait for answers of an XFRM that is gone.
    await daemons.stop(options.charonPidFile(namespace), 0);
    // One that was started in the instant before a crash has no pid file.
    await daemons.killWithin(namespaceFile(paths, namespace), 'xfrmd');
    mkdirSync(directory(namespace), { recursive: true, mode: 0o700 });
    daemons.start({
      argv: inNamespace(paths, namespace, [paths.xfrmdProgram, '--directory', directory(namespace)]),
      env: {},
      logFile: logFile(namespace),
      pidFile: pidFile(namespace),
    });
    const isUp = (): Promise<unknown> => {
      if (daemons.find(pidFile(namespace)) === undefined) throw new Error(`xfrmd ended at once; its log: ${logFile(namespace)}`);
      return health(namespace);
    };
    await until(isUp, () => true, { because: `xfrmd of ${namespace} answers`, clock, timeoutMs: startTimeoutMs, everyMs: 10 });
    log.info({ namespace }, 'xfrmd started');
  }

  return {
    name: 'xfrm',
    kind: 'xfrmd',
    leavesMssToFilter: false,
    charonEnvironment: (namespace) => ({
      LD_PRELOAD: preloadable(paths.shimLibrary, folder(namespace)),
      XFRMD_SOCKET: join(directory(namespace), 'xfrm.sock'),
    }),
    reconcile: async (instance) => {
      boundLog(logFile(instance.namespace), maxLogBytes);
      try {
        requireShim(instance.namespace);
        await ensureRunning(instance.namespace);
        absences.delete(instance.namespace);
      } catch (error) {
        absences.set(instance.namespace, reason(error));
        throw error;
      }
      await using client = await control(instance.namespace);
      return await reconcileTunnels(client, instance);
    },
    verify: async ({ namespace, gateway }, signal) => {
      const charonFile = options.charonPidFile(namespace);
      const isConnected = (seen: XfrmdHealth): boolean => isServing(seen, daemons.find(charonFile)?.pid);
      const because = `charon of ${namespace} has its XFRM and UDP sockets at xfrmd`;
      try {
        await until(() => health(namespace), isConnected, { because, clock, timeoutMs: handOverTimeoutMs, everyMs: 20, signal });
        disconnections.delete(namespace);
        return [];
      } catch (error) {
        if (signal.aborted) return [];
        const message = `charon is not connected to xfrmd (${reason(error)}); the instance does not run without: ${remedy(paths.shimLibrary)}`;
        disconnections.set(namespace, message);
        // The preload did not take effect: it must not go on with whatever XFRM it found instead.
        await daemons.stop(charonFile, 0);
        return [{ resource: gateway, code: 'EngineDown', message }];
      }
    },
    observe: ({ namespace }) => {
      const trouble = absences.get(namespace) ?? disconnections.get(namespace);
      return Promise.resolve({
        engines: [observeDaemon(context, pidFile(namespace), trouble, confinements.get(namespace))],
        connections: [],
      });
    },
    remove: async (namespace) => {
      absences.delete(namespace);
      disconnections.delete(namespace);
      confinements.delete(namespace);
      await daemons.stop(pidFile(namespace));
    },
  };
}

function observeDaemon(
  { daemons }: EngineContext,
  pidFile: string,
  trouble: string | undefined,
  known: { readonly pid: number; readonly confinement: XfrmdHealth['confinement'] } | undefined,
): EngineObservation {
  const daemon = daemons.find(pidFile);
  const detail = daemon === undefined ? (trouble ?? 'not running') : trouble;
  const residentBytes = daemon === undefined ? undefined : daemons.residentBytes(daemon.pid);
  return {
    name: 'xfrmd',
    isHealthy: detail === undefined,
    ...(daemon === undefined ? {} : { processId: daemon.pid }),
    ...(daemon === undefined || !existsSync(pidFile) ? {} : { startedAt: statSync(pidFile).mtime.toISOString() }),
    ...(residentBytes === undefined ? {} : { residentBytes }),
    ...(daemon === undefined || known?.pid !== daemon.pid ? {} : { confinement: known.confinement }),
    ...(detail === undefined ? {} : { detail }),
  };
}

/** What to do about a charon that the shim did not get into. */
function remedy(shimLibrary: string): string {
  return existsSync(shimLibrary)
    ? `see with \`sallyport doctor\` whether a profile (AppArmor) keeps ${shimLibrary} from it`
    : missingShim(shimLibrary);
}

/** ld.so(8) takes spaces and colons of LD_PRELOAD for separators, and a clone may be in a folder with such a name: it is given a link then. */
function preloadable(shimLibrary: string, folder: string): string {
  if (!/[\s:]/.test(shimLibrary)) return shimLibrary;
  const link = join(folder, 'libxfrmshim.so');
  rmSync(link, { force: true });
  symlinkSync(shimLibrary, link);
  return link;
}

function missingShim(shimLibrary: string): string {
  return `${shimLibrary} is missing, \`sh tools/set-up.sh start\` builds it`;
}

async function reconcileTunnels(client: XfrmdClient, instance: InstancePlan): ReturnType<XfrmEngine['reconcile']> {
  const failures: ApplyFailure[] = [];
  await inParallel(instance.tunnels, requestsAtOnce, async (wanted) => {
    try {
      // The same again is a no-op; an interface that vanished or is down is put right.
      await client.createTunnel(xfrmdTunnel(wanted));
    } catch (error) {
      const message = `could not make tunnel interface ${tunnelDevice(wanted.ifId)}: ${reason(error)}`;
      failures.push({ resource: wanted.connection, code: 'TunnelInterfaceFailed', message });
    }
  });
  const planned = new Set(instance.tunnels.map((tunnel) => tunnel.ifId));
  for (const { ifId } of await client.listTunnels()) if (!planned.has(ifId)) await client.deleteTunnel(ifId);
  return failures;
}

/** The process that is to be charon listens for XFRM events, and its port 4500 is in xfrmd's hands. RFC 3948. */
function isServing(health: XfrmdHealth, charon: number | undefined): boolean {
  return (
    health.xfrmClients.some((client) => client.pid === charon && client.listensToEvents && client.ikeChannels > 0) &&
    health.udpSockets.some((socket) => socket.pid === charon && socket.port === 4500)
  );
}

function xfrmdTunnel(tunnel: TunnelPlan): XfrmdTunnelSettings {
  return { ifId: tunnel.ifId, name: tunnelDevice(tunnel.ifId), mtu: tunnel.mtu, mssClamp: tunnel.mssClamp };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
