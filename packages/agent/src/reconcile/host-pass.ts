/**
 * One pass over a host: make what the plan says, then take away what it does not. Reads everything anew; remembers nothing.
 * Fabric first, then each instance through its engines, as they need one another; then orphans. Past one failure it goes on with the rest.
 *
 * Ours on this host are the namespaces that have a folder with our mark in the run directory; the mark is made before the
 * namespace and removed after it, so a crash in between leaves none without an owner, and a lab's namespaces and folders
 * are never taken for orphans.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyFailure, HostPlan, InstancePlan } from '@sallyport/model';
import type { Logger } from '@sallyport/runtime';
import { namespaceName } from '../engines/engine.ts';
import type { HostPaths, InstanceEngine } from '../engines/engine.ts';
import type { Fabric } from '../engines/fabric-lab/engine.ts';
import type { FailureLog } from './failure-log.ts';
import { inParallel } from './in-parallel.ts';

/** An engine in its place. Engines that neither need nor follow one another run side by side. */
export type EngineStep = {
  readonly engine: InstanceEngine;
  /** What must have worked before it may run, or it could do harm. */
  readonly needs: readonly string[];
  /** What must have ended, well or not. */
  readonly follows?: readonly string[];
};

export type HostEngines = {
  readonly fabric: Fabric;
  /** None needs or follows a later one; removed in the opposite order. */
  readonly steps: readonly EngineStep[];
};

export type PassContext = {
  readonly engines: HostEngines;
  readonly paths: HostPaths;
  readonly log: Logger;
  readonly failureLog: FailureLog;
};

export type PassResult = {
  readonly failures: readonly ApplyFailure[];
  /** Failures of whole engines by instance namespace, in words. */
  readonly brokenInstances: ReadonlyMap<string, string>;
};

const instancesAtOnce = 4;

export async function runPass(context: PassContext, plan: HostPlan, signal: AbortSignal): Promise<PassResult> {
  const { engines, paths, failureLog } = context;
  const wanted = engines.fabric.namespacesOf(plan);
  for (const namespace of wanted) markOwned(paths, namespace);
  const failures: ApplyFailure[] = [...(await reconcileFabric(engines.fabric, plan))];
  const brokenInstances = new Map<string, string>();
  await inParallel(plan.instances, instancesAtOnce, async (instance) => {
    const result = await reconcileInstance(context, instance, signal);
    failures.push(...result.failures);
    if (result.broken !== undefined) brokenInstances.set(instance.namespace, result.broken);
  });
  if (!signal.aborted) failures.push(...(await sweepOrphans(context, plan, new Set(wanted))));
  for (const failure of failures) failureLog.say('warn', { ...failure }, 'could not apply part of the plan');
  if (!signal.aborted) failureLog.passEnded();
  return { failures, brokenInstances };
}

async function reconcileFabric(fabric: Fabric, plan: HostPlan): Promise<readonly ApplyFailure[]> {
  try {
    return await fabric.reconcile(plan);
  } catch (error) {
    const message = `the host's network can't be read or changed: ${error instanceof Error ? error.message : String(error)}`;
    const concerned = [
      ...plan.vnets.map((vnet) => vnet.vnet),
      ...plan.networkInterfaces.map((nic) => nic.networkInterface),
      ...plan.instances.map((instance) => instance.gateway),
    ];
    return concerned.map((resource) => ({ resource, code: 'LinkFailed', message }));
  }
}

type InstanceResult = { readonly failures: readonly ApplyFailure[]; readonly broken: string | undefined };

async function reconcileInstance(
  { engines, failureLog }: PassContext,
  instance: InstancePlan,
  signal: AbortSignal,
): Promise<InstanceResult> {
  const broken = new Map<string, string>();
  const run = async ({ engine, needs }: EngineStep): Promise<readonly ApplyFailure[]> => {
    if (signal.aborted) return [];
    if (needs.some((name) => broken.has(name))) {
      broken.set(engine.name, ''); // its reason is the one it needed
      return [];
    }
    try {
      return await engine.reconcile(instance, signal);
    } catch (error) {
      const message = `${engine.name} of ${instance.namespace} does not work: ${error instanceof Error ? error.message : String(error)}`;
      failureLog.say('warn', { instance: instance.id, engine: engine.name, err: error }, 'engine failed');
      broken.set(engine.name, message);
      return [{ resource: instance.gateway, code: 'EngineDown', message }];
    }
  };
  const ended = new Map<string, Promise<readonly ApplyFailure[]>>();
  for (const step of engines.steps) {
    const before = [...step.needs, ...(step.follows ?? [])].flatMap((name) => ended.get(name) ?? []);
    ended.set(
      step.engine.name,
      Promise.all(before).then(() => run(step)),
    );
  }
  const failures = (await Promise.all(ended.values())).flat();
  const reasons = engines.steps.map(({ engine }) => broken.get(engine.name) ?? '');
  return { failures, broken: reasons.find((message) => message !== '') };
}

async function sweepOrphans(
  { engines, paths, log, failureLog }: PassContext,
  plan: HostPlan,
  wanted: ReadonlySet<string>,
): Promise<readonly ApplyFailure[]> {
  const orphans = ownedNamespaces(paths).filter((namespace) => !wanted.has(namespace));
  const failures = await inParallel(orphans, instancesAtOnce, async (namespace) => {
    try {
      await removeNamespace(engines, paths, namespace);
      log.info({ namespace }, 'removed what the plan no longer has');
      return [];
    } catch (error) {
      // Nobody's resource any more; the next pass tries again, and the log says so meanwhile.
      failureLog.say('error', { namespace, plan: plan.host, err: error }, 'could not remove what the plan no longer has');
      return [];
    }
  });
  return failures.flat();
}

export async function removeNamespace(engines: HostEngines, paths: HostPaths, namespace: string): Promise<void> {
  for (const { engine } of engines.steps.toReversed()) await engine.remove(namespace);
  await engines.fabric.remove(namespace);
  rmSync(join(paths.runDirectory, namespace), { recursive: true, force: true });
}

export function ownedNamespaces(paths: Pick<HostPaths, 'runDirectory'>): readonly string[] {
  return readdirSync(paths.runDirectory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(paths.runDirectory, entry.name, ownerMark)))
    .map((entry) => entry.name)
    .toSorted();
}

/** In the folder of a namespace: the agent made it and may remove it. */
const ownerMark = 'namespace';

function markOwned(paths: HostPaths, namespace: string): void {
  const folder = join(paths.runDirectory, namespace);
  if (existsSync(join(folder, ownerMark))) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, ownerMark), `${namespaceName(paths, namespace)}\n`, { mode: 0o600 });
}
