/**
 * The agent that a benchmark measures, in a process of its own as in real life: in the benchmark's it would hold up the sites' calls. Its
 * control plane is a plan that never changes; what a real one costs is not measured, what the agent sends it is made all the same.
 */
import { startAgentWith } from '@sallyport/agent';
import type { Agent, ControlClient } from '@sallyport/agent';
import type { PlanNumber } from '@sallyport/model';
import { Secret, silentLogger, systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import type { Begin, Told } from './agent-messages.ts';

const number = 1 as PlanNumber; // brand

let agent: Promise<Agent> | undefined;

process.on('message', (begin) => {
  const { plan, paths, keys } = begin as Begin; // only ever sent by gateway.ts
  const ports = { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log: silentLogger };
  agent = startAgentWith({ host: plan.host, paths, ipsec: 'xfrmd', ports }, controlOf({ plan, paths, keys }));
  agent.catch((error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }));
});
process.on('disconnect', () => void close());
tell({ kind: 'ready' });

/** Tunnels stay. */
async function close(): Promise<void> {
  await (await agent)?.close();
  process.exit();
}

function tell(told: Told): void {
  if (process.connected) process.send?.(told, () => {}); // the benchmark may be gone meanwhile
}

function controlOf({ plan, keys }: Begin): ControlClient {
  return {
    fetchPlan: async (have, signal) => {
      if (have.number < number) return { number, plan };
      await systemClock.sleep(25_000, signal);
      return undefined;
    },
    fetchSecret: ({ id }) => Promise.resolve(new Secret(keys[id] ?? '')),
    postObservation: (observation) => {
      const bytes = JSON.stringify(observation).length;
      const connections = observation.instances.flatMap((instance) => instance.connections);
      const connected = connections.filter(({ status }) => status === 'Connected').length;
      tell({ kind: 'report', appliedPlan: observation.appliedPlan, connected, bytes });
      return Promise.resolve();
    },
    postHistory: () => Promise.resolve(),
    close: () => {},
  };
}
