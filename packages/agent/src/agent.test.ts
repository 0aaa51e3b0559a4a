/** The agent's three loops against a fake control plane, on the fake host. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HostObservation, HostPlan, PlanNumber } from '@sallyport/model';
import { ManualClock, silentLogger, systemClock, until } from '@sallyport/runtime';
import type { LogFields, Logger } from '@sallyport/runtime';
import { startAgentWith } from './agent.ts';
import type { Agent } from './agent.ts';
import { cleanUp } from './clean-up.ts';
import { FakeControl } from './fake-control.ts';
import { FakeHost } from './fake-host/fake-host.ts';
import { openPlanStore } from './link/plan-store.ts';
import { samplePlan } from './sample-plan.ts';

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const run of cleanUps.splice(0).toReversed()) await run();
});

function newHost(): FakeHost {
  const host = new FakeHost();
  cleanUps.push(() => host[Symbol.asyncDispose]());
  return host;
}

async function agentOn(host: FakeHost, control: FakeControl, log: Logger = silentLogger): Promise<Agent> {
  const ports = { run: host.run, daemons: host.daemons, clock: systemClock, log };
  const agent = await startAgentWith({ host: 'host-1', paths: host.paths, ipsec: 'auto', ports }, control);
  cleanUps.push(agent.close);
  return agent;
}

const nic: HostPlan = { ...samplePlan([]), instances: [] };

test('a plan is applied as soon as it is there, and the observation says which', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const agent = await agentOn(host, control);
  control.publish(3, nic);
  const observation = await control.observed((seen) => seen.appliedPlan === 3, 'plan 3 is applied');
  expect(observation.failures).toEqual([]);
  expect(await host.printHost()).toContain('namespace sp-fake-nic-vm1');
  expect(agent.status()).toMatchObject({ host: 'host-1', acceptedPlan: 3, appliedPlan: 3, isLinked: true });
});

test('a connection that takes long to be made does not delay the report after it', async () => {
  const [host, control, clock] = [newHost(), new FakeControl(), new ManualClock()];
  const connecting = Promise.withResolvers<void>();
  control.taking = connecting.promise;
  const ports = { run: host.run, daemons: host.daemons, clock, log: silentLogger };
  const agent = await startAgentWith({ host: 'host-1', paths: host.paths, ipsec: 'auto', ports }, control);
  cleanUps.push(agent.close);
  await control.observed(() => true, 'the first report is on its way');
  await clock.advance(3000);
  connecting.resolve();
  control.publish(3, nic);
  const began = clock.monotonic();
  await until(
    () => clock.advance(10).then(() => control.observations.at(-1)?.appliedPlan),
    (applied) => applied === 3,
    { because: 'plan 3 is told', clock: systemClock, everyMs: 5 },
  );
  expect(clock.monotonic() - began).toBeLessThan(1000);
});

test('a lower plan number is refused and said', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const agent = await agentOn(host, control);
  control.publish(3, nic);
  await control.observed((seen) => seen.appliedPlan === 3, 'plan 3 is applied');
  control.publish(2, { ...nic, networkInterfaces: [] });
  const refused = await until(agent.status, (status) => status.linkError !== undefined, {
    because: 'refused',
    clock: systemClock,
    everyMs: 5,
  });
  expect(refused.linkError).toBe('refused plan 2: this host already has 3');
  expect(await host.printHost()).toContain('namespace sp-fake-nic-vm1');
});

test('a plan of another store is refused although its number is higher, said once with the remedy, and never acted on', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const said: { readonly fields: LogFields; readonly message: string }[] = [];
  const agent = await agentOn(host, control, { ...silentLogger, error: (fields, message) => said.push({ fields, message }) });
  control.publish(3, nic, 'first');
  await control.observed((seen) => seen.appliedPlan === 3, 'plan 3 is applied');
  control.publish(9, { ...nic, networkInterfaces: [] }, 'second');
  const refused = await until(agent.status, (status) => status.linkError !== undefined, {
    because: 'refused',
    clock: systemClock,
    everyMs: 5,
  });
  expect(refused.linkError).toBe("refused plan 9 of another control plane's store: this host has 3 of its own");
  expect(refused.acceptedPlan).toBe(3);
  expect(await host.printHost()).toContain('namespace sp-fake-nic-vm1');
  expect(said).toEqual([
    {
      fields: { plan: 3, planFile: join(host.paths.stateDirectory, 'plan.json') },
      message: `kept the stored plan: ${refused.linkError ?? ''}`,
    },
  ]);
});

test('with the stored plan removed, as the remedy says, the restarted agent takes what the control plane has', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const first = await agentOn(host, control);
  control.publish(3, nic, 'first');
  await control.observed((seen) => seen.appliedPlan === 3, 'plan 3 is applied');
  await first.close();
  rmSync(join(host.paths.stateDirectory, 'plan.json'));
  control.publish(2, { ...nic, networkInterfaces: [] }, 'second');
  await agentOn(host, control);
  await control.observed((seen) => seen.appliedPlan === 2, 'plan 2 of the new store is applied');
  expect(await host.printHost()).not.toContain('nic-vm1');
});

test('while the control plane is away a restarted agent works from its stored plan', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const first = await agentOn(host, control);
  control.publish(3, nic);
  await control.observed((seen) => seen.appliedPlan === 3, 'plan 3 is applied');
  await first.close();
  const before = await host.printHost();
  await host.run(['ip', '-force', '-batch', '-'], { input: 'netns delete sp-fake-nic-vm1\n' });
  control.isAway = true;
  const second = await agentOn(host, control);
  await until(second.status, (status) => status.appliedPlan === 3, {
    because: 'the stored plan is applied',
    clock: systemClock,
    everyMs: 5,
  });
  expect(await host.printHost()).toBe(before);
  expect(second.status().isLinked).toBe(false);
});

test('a key that can not be had while the control plane is away is no failure of the plan', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const plan = samplePlan([{ name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] }]);
  control.publish(2, plan);
  // As an agent leaves it that is killed right after it accepted a plan.
  openPlanStore(host.paths, 'host-1').accept({ number: 2 as PlanNumber, plan });
  control.isAway = true;
  const agent = await agentOn(host, control);
  const without = await until(agent.status, ({ observation }) => (observation?.failures.length ?? 0) > 0, {
    because: 'the pass has ended without the key',
    clock: systemClock,
    everyMs: 5,
  });
  expect(without).toMatchObject({ acceptedPlan: 2, appliedPlan: 0 });
  control.isAway = false;
  const applied = await control.observed((seen) => seen.appliedPlan === 2, 'the plan is applied once the key is there', 30_000);
  expect(applied.failures).toEqual([]);
  expect(control.observations.filter((seen) => seen.appliedPlan === 2 && seen.failures.length > 0)).toEqual([]);
});

test('a plan that fails while the control plane is away is tried three times, then once in each pass, and told once', async () => {
  const [host, control, clock] = [newHost(), new FakeControl(), new ManualClock()];
  const plan = samplePlan([{ name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] }]);
  openPlanStore(host.paths, 'host-1').accept({ number: 2 as PlanNumber, plan });
  control.isAway = true;
  const told: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_, message) => told.push(message) };
  const ports = { run: host.run, daemons: host.daemons, clock, log };
  const agent = await startAgentWith({ host: 'host-1', paths: host.paths, ipsec: 'auto', ports }, control);
  cleanUps.push(agent.close);
  // Each attempt asks for the key, once.
  const attempt = async (number: number): Promise<number> => {
    await until(
      () => clock.advance(50).then(() => control.secretsAsked),
      (asked) => asked >= number,
      { because: `attempt ${number} was made`, clock: systemClock, everyMs: 5 },
    );
    return clock.monotonic();
  };
  await attempt(3);
  const began = clock.monotonic();
  const ended = await attempt(8);
  expect(ended - began).toBeGreaterThanOrEqual(5 * 4900);
  expect(told.filter((message) => message === 'could not apply part of the plan')).toHaveLength(1);
});

test('a part that can not be applied is reported, with the plan’s number', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  host.commands.faults.push({ when: /nic-vm1 -- sysctl/, outcome: { code: 1, stderr: 'permission denied\n' }, times: 100 });
  await agentOn(host, control);
  control.publish(1, nic);
  const observation = await control.observed((seen) => seen.appliedPlan === 1, 'plan 1 is acted on to its end');
  expect(observation.failures.map(({ resource, code }) => [resource, code])).toContainEqual([
    nic.networkInterfaces[0]?.networkInterface,
    'LinkFailed',
  ]);
});

test('clean-up leaves nothing, also a second time', async () => {
  const [host, control] = [newHost(), new FakeControl()];
  const agent = await agentOn(host, control);
  control.publish(1, nic);
  await control.observed((seen) => seen.appliedPlan === 1, 'plan 1 is applied');
  await agent.close();
  const ports = { run: host.run, daemons: host.daemons, clock: systemClock, log: silentLogger };
  await cleanUp(host.paths, ports);
  expect(await host.printHost()).toBe('');
  await cleanUp(host.paths, ports);
});

test('a tunnel comes up, its peer refuses the key, and one sentence says so', async () => {
  let answer: 'accepts' | 'wrong-key' = 'accepts';
  const host = new FakeHost({ peers: { answer: () => answer } });
  cleanUps.push(() => host[Symbol.asyncDispose]());
  const control = new FakeControl();
  const agent = await agentOn(host, control);
  const peer = { name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] };
  control.publish(1, samplePlan([peer]));
  const statusOf = (seen: HostObservation): string => seen.instances[0]?.connections[0]?.status ?? '';
  const up = await control.observed((seen) => statusOf(seen) === 'Connected', 'the tunnel is up');
  expect(up.instances[0]).toMatchObject({ state: 'Running', engines: [{ name: 'filter' }, { name: 'xfrmd' }, { name: 'charon' }] });
  expect(agent.status().ipsec).toBe('xfrmd');
  answer = 'wrong-key';
  const changed = samplePlan([{ ...peer, keyVersion: 2 }]);
  control.secrets.set(`${changed.instances[0]?.tunnels[0]?.ike.sharedKey?.id ?? ''} 2`, 'another');
  control.publish(2, changed);
  const down = await control.observed((seen) => seen.appliedPlan === 2 && statusOf(seen) === 'NotConnected', 'the peer refuses the key');
  expect(down.instances[0]?.connections[0]?.reason).toMatchObject({ code: 'WrongKey' });
});
