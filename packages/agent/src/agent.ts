/**
 * The host agent: one loop that reads reality, compares it with the plan and acts; one that fetches plans; one that
 * reports. It decides nothing a plan leaves open, and it keeps working from its stored plan while the control plane is away.
 */
import { mkdirSync } from 'node:fs';
import type { HostObservation } from '@sallyport/model';
import type { Clock, CommandRunner, Daemons, Logger } from '@sallyport/runtime';
import { createTasks } from './agent-tasks.ts';
import type { EngineContext, HostPaths } from './engines/engine.ts';
import { createControlClient } from './link/control-client.ts';
import type { ControlClient, ControlLink } from './link/control-client.ts';
import { openPlanStore } from './link/plan-store.ts';
import { openSecretStore } from './link/secret-store.ts';
import { createHostEngines } from './reconcile/host-engines.ts';
import type { IpsecChoice } from './reconcile/host-engines.ts';

export type AgentPorts = {
  readonly run: CommandRunner['run'];
  readonly daemons: Daemons;
  readonly clock: Clock;
  readonly log: Logger;
};

export type AgentOptions = {
  readonly host: string;
  readonly control: ControlLink;
  readonly paths: HostPaths;
  /** `auto` takes the kernel's ESP when there is one. */
  readonly ipsec: IpsecChoice;
  readonly ports: AgentPorts;
  /** Asked for peers' host names, `address` or `address:port`. Default: the host's resolver. */
  readonly nameServers?: readonly string[];
  /** Keep 0600 copies of secrets, so that a restarted host needs no control plane. Default true. */
  readonly retainSecrets?: boolean;
};

export type AgentStatus = {
  readonly host: string;
  /** Last plan accepted from the control plane, 0 when none. */
  readonly acceptedPlan: number;
  readonly appliedPlan: number;
  readonly ipsec: 'kernel' | 'xfrmd';
  readonly isLinked: boolean;
  /** Last error of the link, in one sentence. */
  readonly linkError?: string;
  readonly observation?: HostObservation;
};

export type Agent = {
  readonly status: () => AgentStatus;
  /** Stops the agent and leaves tunnels and daemons as they are. */
  readonly close: () => Promise<void>;
};

/** @throws when the directories can't be made, the stored plan is another host's, or no IPsec implementation can work. */
export function startAgent(options: AgentOptions): Promise<Agent> {
  return startAgentWith(options, createControlClient(options.control, options.host));
}

/** `startAgent` with another way to the control plane: for tests. */
export async function startAgentWith(options: Omit<AgentOptions, 'control'>, client: ControlClient): Promise<Agent> {
  const { paths, ports } = options;
  for (const directory of [paths.runDirectory, paths.stateDirectory]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const plans = openPlanStore(paths, options.host);
  const secrets = openSecretStore(paths, client.fetchSecret, options.retainSecrets ?? true);
  /** Engines are made before the tasks they wake. */
  let wakeTasks = { pass: (): void => {}, report: (): void => {} };
  const report = (): void => wakeTasks.report();
  const wake = (): void => {
    wakeTasks.pass();
    report();
  };
  const context: EngineContext = { ...ports, paths, secret: secrets.secret, wake, report };
  const engines = await createHostEngines(context, options.ipsec, options.nameServers);
  const tasks = createTasks({ options, client, plans, secrets, engines });
  wakeTasks = { pass: tasks.reconcile.wake, report: tasks.report.wake };
  for (const task of [tasks.reconcile, tasks.report, tasks.link]) task.start();
  ports.log.info({ host: options.host, ipsec: engines.ipsec, plan: plans.current()?.number ?? 0 }, 'agent started');
  return {
    status: () => {
      const link = tasks.linkState();
      const observation = tasks.lastObservation();
      return {
        host: options.host,
        acceptedPlan: plans.current()?.number ?? 0,
        appliedPlan: tasks.lastPass().appliedPlan,
        ipsec: engines.ipsec,
        isLinked: link === 'linked',
        ...(typeof link === 'string' ? {} : { linkError: link.failure }),
        ...(observation === undefined ? {} : { observation }),
      };
    },
    close: async () => {
      await Promise.all([tasks.link, tasks.report, tasks.reconcile].map((task) => task[Symbol.asyncDispose]()));
      await engines[Symbol.asyncDispose]();
      client.close();
    },
  };
}
