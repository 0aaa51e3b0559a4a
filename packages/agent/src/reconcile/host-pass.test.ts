/** Transitions on the fake host: any order of plans, faults and crashes ends in the same host; nothing to do does nothing. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { HostPlan } from '@sallyport/model';
import { Secret, silentLogger, systemClock } from '@sallyport/runtime';
import type { Clock } from '@sallyport/runtime';
import { FakeHost } from '../fake-host/fake-host.ts';
import { samplePlan } from '../sample-plan.ts';
import type { EngineContext } from '../engines/engine.ts';
import { createFailureLog } from './failure-log.ts';
import { createHostEngines } from './host-engines.ts';
import { runPass } from './host-pass.ts';
import type { PassResult } from './host-pass.ts';

const peer = (name: string, number: number) => ({ name, address: `198.51.100.${20 + number}`, prefixes: [`192.168.${number}.0/24`] });
const noGateway: HostPlan = { ...samplePlan([]), instances: [] };
const otherAddress: HostPlan = {
  ...samplePlan([peer('a', 1)]),
  instances: samplePlan([peer('a', 1)]).instances.map((instance) => ({
    ...instance,
    public: { ...instance.public, address: '198.51.100.99', linkId: 7 },
    vnet: { ...instance.vnet, linkId: 1 },
  })),
};
const plans: readonly HostPlan[] = [
  { host: 'host-1', publicNetworks: [], vnets: [], networkInterfaces: [], instances: [] },
  noGateway,
  samplePlan([]),
  samplePlan([peer('a', 1)]),
  samplePlan([peer('a', 1), peer('b', 2)]),
  samplePlan([peer('b', 2)]),
  otherAddress,
];

/** A new agent each time: nothing is remembered between passes. */
async function pass(
  host: FakeHost,
  plan: HostPlan,
  ipsec: 'xfrmd' | 'kernel' = 'xfrmd',
  clock: Clock = systemClock,
  paths = host.paths,
): Promise<PassResult> {
  const context: EngineContext = {
    run: host.run,
    daemons: host.daemons,
    clock,
    log: silentLogger,
    paths,
    secret: () => Promise.resolve(new Secret('key')),
    wake: () => {},
    report: () => {},
  };
  await using engines = await createHostEngines(context, ipsec);
  return await runPass(
    { engines, paths, log: silentLogger, failureLog: createFailureLog(silentLogger) },
    plan,
    new AbortController().signal,
  );
}

async function printed(plan: HostPlan, ipsec: 'xfrmd' | 'kernel' = 'xfrmd'): Promise<string> {
  await using host = new FakeHost();
  expect((await pass(host, plan, ipsec)).failures).toEqual([]);
  return await host.printHost();
}

/** Numerical Recipes' linear congruential generator: the same order on every run. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed;
  const weighted = items.map((item) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return { item, weight: state };
  });
  return weighted.toSorted((a, b) => a.weight - b.weight).map(({ item }) => item);
}

test.for(['xfrmd', 'kernel'] as const)('the host of a plan does not depend on the plans before it, with %s', async (ipsec) => {
  const expected = new Map<HostPlan, string>();
  for (const plan of plans) expected.set(plan, await printed(plan, ipsec));
  for (let seed = 1; seed <= 6; seed += 1) {
    await using host = new FakeHost();
    for (const plan of shuffled([...plans, ...plans], seed)) {
      expect((await pass(host, plan, ipsec)).failures).toEqual([]);
      expect(await host.printHost()).toBe(expected.get(plan));
    }
  }
});

test('a second pass only reads', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1), peer('b', 2)]);
  await pass(host, plan);
  host.commands.history.length = 0;
  await pass(host, plan);
  const kinds = new Set(
    host.commands.history.map(({ argv }) =>
      argv
        .slice(argv.lastIndexOf('--') + 1)
        .slice(0, 3)
        .join(' '),
    ),
  );
  expect([...kinds].toSorted()).toEqual(['ip -j -d', 'nft -j list']);
  // One per namespace, one more for each filter and for the routes of each gateway.
  expect(host.commands.history.length).toBeLessThanOrEqual(7);
});

test('a new agent finishes what a crashed one began, wherever it crashed', async () => {
  const [before, after] = [samplePlan([peer('a', 1)]), otherAddress];
  const expected = await printed(after);
  for (let commands = 0; ; commands += 1) {
    await using host = new FakeHost();
    await pass(host, before);
    host.commands.remaining = commands;
    const crashed = await pass(host, after).then(
      (result) => result.failures.length > 0,
      () => true,
    );
    host.commands.remaining = Number.POSITIVE_INFINITY;
    expect((await pass(host, after)).failures).toEqual([]);
    expect(await host.printHost()).toBe(expected);
    if (!crashed) break;
  }
});

test('whichever command fails, it is reported, and the next pass heals it', async () => {
  const [before, after] = [samplePlan([peer('a', 1)]), otherAddress];
  const expected = await printed(after);
  for (let commands = 0; ; commands += 1) {
    await using host = new FakeHost();
    await pass(host, before);
    host.commands.failAfter = commands;
    const { failures } = await pass(host, after);
    if (host.commands.failAfter >= 0) break;
    expect(failures).not.toEqual([]);
    expect((await pass(host, after)).failures).toEqual([]);
    expect(await host.printHost()).toBe(expected);
  }
});

test('a refused change is reported to its resource, the rest goes on, and the next pass heals it', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1)]);
  host.commands.faults.push({
    when: /gw-hq-0 -- nft -f -/,
    outcome: { code: 1, stderr: 'Error: Could not process rule: Out of memory\n' },
    times: 1,
  });
  const { failures, brokenInstances } = await pass(host, plan);
  expect(failures.map(({ resource, code }) => [resource, code])).toEqual([[plan.instances[0]?.gateway, 'EngineDown']]);
  expect(failures[0]?.message).toContain('filter of gw-hq-0 does not work');
  expect(brokenInstances.has('gw-hq-0')).toBe(true);
  expect(await host.printHost()).toContain('route blackhole 192.168.1.0/24');
  // Nothing is forwarded before the filter stands.
  expect(host.commands.namespaces.get('sp-fake-gw-hq-0')?.sysctls.has('net.ipv4.ip_forward')).toBe(false);
  expect((await pass(host, plan)).failures).toEqual([]);
  expect(await host.printHost()).toBe(await printed(plan));
});

test('what a lab adds to the public network is left alone', async () => {
  await using host = new FakeHost();
  await pass(host, samplePlan([peer('a', 1)]));
  const lab = 'netns add sp-fake-site-x\nlink add name s1 index 200001 netns sp-fake-public type veth peer name wan netns sp-fake-site-x\n';
  await host.run(['ip', '-force', '-batch', '-'], { input: lab });
  await host.run(['nsenter', '--net=/run/netns/sp-fake-public', '--', 'ip', '-force', '-batch', '-'], {
    input: 'link set dev s1 up\nroute replace 198.51.100.21/32 protocol 3 dev s1\n',
  });
  await pass(host, samplePlan([peer('b', 2)]));
  await pass(host, samplePlan([]));
  expect(await host.printHost()).toContain('link s1 veth up');
  expect(await host.printHost()).toContain('route 198.51.100.21/32 dev s1');
  expect(await host.printHost()).toContain('namespace sp-fake-site-x');
});

test('somebody else’s changes to our objects are undone', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1)]);
  await pass(host, plan);
  const before = await host.printHost();
  const gateway = host.commands.namespaces.get('sp-fake-gw-hq-0');
  gateway?.deleteLink('vnet');
  gateway?.tables.set(
    'sallyport',
    gateway.tables.get('sallyport')?.map((chain) => ({ ...chain, rules: [...chain.rules, 'accept'] })) ?? [],
  );
  host.commands.namespaces.get('sp-fake-public')?.sysctls.set('net.ipv4.ip_forward', '0');
  await pass(host, plan);
  expect(await host.printHost()).toBe(before);
});

test.for(['xfrmd', 'kernel'] as const)(
  'a namespace that somebody deleted is made anew, and its daemons leave the nameless one, with %s',
  async (ipsec) => {
    await using host = new FakeHost();
    const plan = samplePlan([peer('a', 1)]);
    await pass(host, plan, ipsec);
    const [before, daemonsBefore] = [await host.printHost(), host.daemons.list().map(({ pid }) => pid)];
    // They come and go meanwhile.
    const namespaces = [...host.commands.namespaces.keys()];
    for (const namespace of namespaces) {
      await host.run(['ip', 'netns', 'delete', namespace]);
      expect((await pass(host, plan, ipsec)).failures).toEqual([]);
      expect(await host.printHost()).toBe(before);
    }
    expect(host.daemons.list().filter(({ pid }) => daemonsBefore.includes(pid))).toEqual([]);
  },
);

test('the sample plan makes the host as printed', async () => {
  const plan = samplePlan([peer('a', 1), peer('b', 2)]);
  await expect(await printed(plan)).toMatchFileSnapshot('sample-host.golden.txt');
  await expect(await printed(plan, 'kernel')).toMatchFileSnapshot('sample-host-kernel.golden.txt');
});

test.for(['xfrmd', 'charon-systemd'])('a killed %s is back after one pass, with all that was in it', async (name) => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1), peer('b', 2)]);
  await pass(host, plan);
  const before = await host.printHost();
  const daemon = host.daemons.list().find((one) => one.name === name);
  await host.daemons.kill(daemon?.pid ?? 0);
  expect(await host.printHost()).not.toBe(before);
  expect((await pass(host, plan)).failures).toEqual([]);
  expect(await host.printHost()).toBe(before);
  expect(host.daemons.list().map(({ pid }) => pid)).not.toContain(daemon?.pid);
});

test('a charon that is not connected to xfrmd is EngineDown', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1)]);
  await pass(host, plan);
  // As if the preload had not taken effect: charon runs, and xfrmd knows nothing of it.
  for (const daemon of host.daemons.list().filter(({ name }) => name === 'xfrmd')) await host.daemons.kill(daemon.pid);
  host.ignoresShim = true;
  const hurried: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() * 20 };
  const { failures } = await pass(host, plan, 'xfrmd', hurried);
  expect(failures.map(({ resource, code }) => [resource, code])).toEqual([[plan.instances[0]?.gateway, 'EngineDown']]);
  // What is wrong, and what to do.
  expect(failures[0]?.message).toMatch(
    /^charon is not connected to xfrmd \(.+\); .*libxfrmshim\.so is missing, `sh tools\/set-up\.sh start` builds it$/,
  );
});

test('a missing shim is told before anything is started, and a charon that runs is left alone', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1)]);
  const shimLibrary = join(host.paths.runDirectory, 'absent', 'libxfrmshim.so');
  const { failures, brokenInstances } = await pass(host, plan, 'xfrmd', systemClock, { ...host.paths, shimLibrary });
  const message = `xfrm of gw-hq-0 does not work: ${shimLibrary} is missing, \`sh tools/set-up.sh start\` builds it`;
  expect(failures).toEqual([{ resource: plan.instances[0]?.gateway, code: 'EngineDown', message }]);
  expect([...brokenInstances.values()]).toEqual([message]);
  expect(host.daemons.list()).toEqual([]);
  await pass(host, plan);
  const running = host.daemons.list();
  expect((await pass(host, plan, 'xfrmd', systemClock, { ...host.paths, shimLibrary })).failures).toEqual([]);
  expect(host.daemons.list()).toEqual(running);
});

test('an xfrmd or charon without a pid file, of an agent that crashed while starting it, does not stay', async () => {
  await using host = new FakeHost();
  const plan = samplePlan([peer('a', 1)]);
  await pass(host, plan);
  const before = await host.printHost();
  for (const name of ['xfrmd.pid', 'charon.pid']) rmSync(join(host.paths.runDirectory, 'gw-hq-0', name));
  expect((await pass(host, plan)).failures).toEqual([]);
  expect(await host.printHost()).toBe(before);
});

test.for(['xfrmd', 'kernel'] as const)(
  'a run folder that somebody removed is made anew, and no daemon of before stays, with %s',
  async (ipsec) => {
    await using host = new FakeHost();
    const plan = samplePlan([peer('a', 1)]);
    await pass(host, plan, ipsec);
    const before = await host.printHost();
    rmSync(join(host.paths.runDirectory, 'gw-hq-0'), { recursive: true });
    expect((await pass(host, plan, ipsec)).failures).toEqual([]);
    expect(await host.printHost()).toBe(before);
  },
);
