/**
 * The contract of every engine: a daemon or kernel table that the agent drives for one gateway instance.
 *
 * The same state twice is a no-op. Absent on delete is success. Add before delete. Continue past one object's failure and
 * report it. Report what is really there. Touch nothing that is not ours. Never disturb an object that did not change.
 * A crash at any line is healed by the next pass: nothing is remembered that can't be read back.
 */
import type { ApplyFailure, ConnectionObservation, EngineObservation, InstancePlan, SecretReference } from '@sallyport/model';
import type { Clock, CommandRunner, Daemons, Logger, Secret } from '@sallyport/runtime';

export type HostPaths = {
  /** `sp-<fabric>-`; with a plan's `namespace` it names the network namespace. */
  readonly namespacePrefix: string;
  /** Sockets, pid files, configuration of daemons; 0700, one folder per instance, named by `InstancePlan.namespace`. */
  readonly runDirectory: string;
  /** What must survive a reboot: the last plan, secrets (0600), byte counters. */
  readonly stateDirectory: string;
  readonly xfrmdProgram: string;
  readonly shimLibrary: string;
};

export type EngineContext = {
  readonly run: CommandRunner['run'];
  readonly daemons: Daemons;
  readonly clock: Clock;
  readonly log: Logger;
  readonly paths: HostPaths;
  /** From the control plane, or the agent's own 0600 copy when that is away. */
  readonly secret: (reference: SecretReference) => Promise<Secret>;
  /** Something is gone or different that a pass puts right (a daemon died): makes the next pass happen now, and a report. */
  readonly wake: () => void;
  /** Something changed that needs no pass (an SA came up or went): makes the next report happen now. */
  readonly report: () => void;
};

export type EngineView = {
  readonly engines: readonly EngineObservation[];
  /** Only from the engine that knows tunnels (ike); others leave it empty. */
  readonly connections: readonly ConnectionObservation[];
};

export type InstanceEngine = {
  readonly name: string;
  /** @throws when the engine as a whole can't work; single objects' failures are returned. */
  readonly reconcile: (instance: InstancePlan, signal: AbortSignal) => Promise<readonly ApplyFailure[]>;
  readonly observe: (instance: InstancePlan) => Promise<EngineView>;
  /** Stops and removes everything of one instance, given only `InstancePlan.namespace`. */
  readonly remove: (namespace: string) => Promise<void>;
};

export function namespaceName(paths: Pick<HostPaths, 'namespacePrefix'>, namespace: string): string {
  return `${paths.namespacePrefix}${namespace}`;
}

/** As ip-netns(8) names it. */
export function namespaceFile(paths: Pick<HostPaths, 'namespacePrefix'>, namespace: string): string {
  return `/run/netns/${namespaceName(paths, namespace)}`;
}

/** argv that runs a program inside a network namespace; nsenter keeps the mount namespace as it is, unlike `ip netns exec`. */
export function inNamespace(paths: Pick<HostPaths, 'namespacePrefix'>, namespace: string, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--net=${namespaceFile(paths, namespace)}`, '--', ...argv];
}
