/**
 * The agent on Linux: a gateway in namespaces, xfrmd and charon under it, and stock strongSwan on the other side of the
 * public network. Needs root and the built data plane.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostObservation } from '@sallyport/model';
import { createLogger, systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import { startAgentWith } from './agent.ts';
import type { Agent, AgentPorts } from './agent.ts';
import { cleanUp } from './clean-up.ts';
import { inNamespace, namespaceFile, namespaceName } from './engines/engine.ts';
import { FakeControl } from './fake-control.ts';
import { samplePlan } from './sample-plan.ts';
import { peerHost, startStockPeer } from './stock-peer.ts';
import type { StockPeer } from './stock-peer.ts';
import { testPaths } from './test-paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'sallyport-agent-'));
const paths = testPaths(directory);
const commands: string[] = [];
const ports: AgentPorts = {
  run: (argv, options) => {
    commands.push(argv.join(' '));
    return systemCommands.run(argv, options);
  },
  daemons: systemDaemons(systemClock),
  clock: systemClock,
  log: createLogger({ component: 'agent', file: join(directory, 'agent.log') }),
};
const peers: readonly StockPeer[] = ['a', 'b'].map((name, index) => ({
  name,
  number: index + 1,
  address: `198.51.100.${20 + index}`,
  network: `192.168.${7 + index}.0/24`,
  gateway: '198.51.100.10',
  key: `key-of-${name}`,
}));
const planFor = (some: readonly StockPeer[]) =>
  samplePlan(some.map((peer) => ({ name: peer.name, address: peer.address, prefixes: [peer.network] })));
const plan = planFor(peers);
const control = new FakeControl();
let agent: Agent;

async function start(): Promise<void> {
  agent = await startAgentWith({ host: 'host-1', paths, ipsec: 'auto', ports }, control);
}

function isConnected(observation: HostObservation, ...names: readonly string[]): boolean {
  const connections = observation.instances.flatMap((instance) => instance.connections);
  return names.every((name) => connections.some(({ connection, status }) => connection.endsWith(`/${name}`) && status === 'Connected'));
}

/** True when one of three pings is answered. */
async function ping(from: string, target: string): Promise<boolean> {
  const argv = inNamespace(paths, from, ['ping', '-n', '-c', '3', '-i', '0.1', '-W', '1', target]);
  const { stdout } = await systemCommands.run(argv, { okCodes: [0, 1, 2] });
  return / [123] received/.test(stdout);
}

/** Connected again with the present engines: what was posted before does not count. */
async function connectedAnew(because: string): Promise<void> {
  control.observations.length = 0;
  await control.observed((seen) => isConnected(seen, 'a', 'b'), because, 30_000);
}

beforeAll(async () => {
  for (const peer of peers) {
    const tunnel = plan.instances[0]?.tunnels.find(({ name }) => name === peer.name);
    control.secrets.set(`${tunnel?.ike.sharedKey?.id ?? ''} ${tunnel?.ike.sharedKey?.version ?? 0}`, peer.key);
  }
  await start();
  control.publish(1, planFor([]));
  await control.observed((seen) => seen.appliedPlan === 1, 'the gateway without connections stands', 20_000);
  for (const peer of peers) await startStockPeer(ports, paths, peer);
  await ports.run(inNamespace(paths, 'public', ['nft', '-f', '-']), { input: spy });
});

/** On the public network: counts what must never be there, addresses of the inside in clear. */
const spy = `table inet spy {
  counter leaks {}
  chain prerouting {
    type filter hook prerouting priority -300;
    ip daddr { 10.0.0.0/8, 192.168.0.0/16 } counter name leaks
    ip saddr { 10.0.0.0/8, 192.168.0.0/16 } counter name leaks
  }
}
`;

async function leakedPackets(): Promise<string> {
  const { stdout } = await systemCommands.run(inNamespace(paths, 'public', ['nft', 'list', 'counter', 'inet', 'spy', 'leaks']));
  return /packets (\d+)/.exec(stdout)?.[1] ?? stdout;
}

afterAll(async () => {
  await agent.close();
  await cleanUp(paths, ports);
  rmSync(directory, { recursive: true, force: true });
});

test('two connections come up with stock strongSwan, and packets go both ways', async () => {
  control.publish(2, plan);
  const observation = await control.observed((seen) => seen.appliedPlan === 2 && isConnected(seen, 'a', 'b'), 'both are connected', 30_000);
  expect(observation.failures).toEqual([]);
  expect(observation.instances.map((instance) => [instance.state, instance.detail])).toEqual([['Running', undefined]]);
  for (const peer of peers) {
    const host = peer.network.replace('.0/24', '.10');
    expect(await ping('nic-vm1', host)).toBe(true);
    expect(await ping(peerHost(peer), '10.1.0.4')).toBe(true);
  }
});

test('a pass with nothing to do only reads', async () => {
  const before = agent.status().observation?.observedAt ?? '';
  commands.length = 0;
  const isReconciled = (): boolean => commands.filter((line) => line.includes('-nic-vm1 -- ')).length >= 2;
  await until(isReconciled, Boolean, { because: 'two more passes', clock: systemClock, timeoutMs: 20_000 });
  const changes = commands.filter((line) => !/ip -j|nft -j list/.test(line));
  expect(changes).toEqual([]);
  expect(commands.length).toBeLessThanOrEqual(3 * 7);
  expect(agent.status().observation?.observedAt).not.toBe(before);
});

test.for(['xfrmd.pid', 'charon.pid'])('killed by %s, the tunnels come back by themselves', async (pidFile) => {
  const daemon = ports.daemons.find(join(paths.runDirectory, 'gw-hq-0', pidFile));
  expect(daemon).toBeDefined();
  process.kill(daemon?.pid ?? 0, 'SIGKILL');
  await until(
    () => ports.daemons.find(join(paths.runDirectory, 'gw-hq-0', pidFile)),
    (found) => found !== undefined && found.pid !== daemon?.pid,
    {
      because: 'it is started again',
      clock: systemClock,
    },
  );
  await connectedAnew(`connected again after ${pidFile} died`);
  expect(await ping('nic-vm1', '192.168.7.10')).toBe(true);
  expect(await ping('nic-vm1', '192.168.8.10')).toBe(true);
});

test('without an agent traffic goes on, and a new one finds everything as it is', async () => {
  await agent.close();
  expect(await ping('nic-vm1', '192.168.7.10')).toBe(true);
  const pids = ['xfrmd.pid', 'charon.pid'].map((name) => ports.daemons.find(join(paths.runDirectory, 'gw-hq-0', name))?.pid);
  control.observations.length = 0;
  control.isAway = true;
  commands.length = 0;
  await start();
  await until(agent.status, (status) => status.appliedPlan === 2, { because: 'the stored plan is applied', clock: systemClock });
  expect(['xfrmd.pid', 'charon.pid'].map((name) => ports.daemons.find(join(paths.runDirectory, 'gw-hq-0', name))?.pid)).toEqual(pids);
  const probing = /netns (add|delete) \S+probe|type xfrm|xfrm state/;
  expect(commands.filter((line) => !probing.test(line) && !/ip -j|nft -j list/.test(line))).toEqual([]);
  control.isAway = false;
  await connectedAnew('connected, seen by the new agent');
  expect(await ping('nic-vm1', '192.168.7.10')).toBe(true);
});

test('with no agent and no engines the prefixes are blackholes', async () => {
  await agent.close();
  for (const name of ['charon.pid', 'xfrmd.pid']) await ports.daemons.stop(join(paths.runDirectory, 'gw-hq-0', name));
  expect(await ping('nic-vm1', '192.168.7.10')).toBe(false);
  expect(await ping('nic-vm1', '198.51.100.20')).toBe(false);
  await start();
  await connectedAnew('a new agent has started what was gone');
  expect(await ping('nic-vm1', '192.168.7.10')).toBe(true);
});

test('a gateway whose namespace somebody deleted comes back, and leaves no daemon in the nameless one', async () => {
  const find = (): readonly (number | undefined)[] =>
    ['xfrmd.pid', 'charon.pid'].map(
      (name) => ports.daemons.find(join(paths.runDirectory, 'gw-hq-0', name), namespaceFile(paths, 'gw-hq-0'))?.pid,
    );
  const before = find();
  expect(before).not.toContain(undefined);
  await systemCommands.run(['ip', 'netns', 'delete', namespaceName(paths, 'gw-hq-0')]);
  const areBack = (pids: readonly (number | undefined)[]): boolean => pids.every((pid) => pid !== undefined && !before.includes(pid));
  await until(find, areBack, { because: 'daemons run in the namespace of that name', clock: systemClock });
  expect(before.filter((pid) => existsSync(`/proc/${pid ?? 0}`))).toEqual([]);
  await connectedAnew('the gateway has a namespace again, and both tunnels');
  for (const peer of peers) expect(await ping('nic-vm1', peer.network.replace('.0/24', '.10'))).toBe(true);
});

test('a removed connection leaves its prefix without a way, and the other is not touched', async () => {
  // With a deadline ping waits for late answers; every number up to 150 must be among them.
  const running = systemCommands.run(inNamespace(paths, 'nic-vm1', ['ping', '-n', '-i', '0.02', '-w', '10', '-c', '150', '192.168.7.10']), {
    okCodes: [0, 1],
  });
  control.publish(3, planFor(peers.slice(0, 1)));
  await control.observed((seen) => seen.appliedPlan === 3, 'the connection is removed', 20_000);
  const answered = [...(await running).stdout.matchAll(/bytes from .* icmp_seq=(\d+) /g)].map(([, sequence]) => Number(sequence));
  expect(answered).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  expect(await ping('nic-vm1', '192.168.8.10')).toBe(false);
});

test('nothing of the inside was on the public network in clear, in any of these tests', async () => {
  expect(await leakedPackets()).toBe('0');
});

test('clean-up leaves nothing', async () => {
  await agent.close();
  await cleanUp(paths, ports);
  expect(existsSync(paths.runDirectory)).toBe(false);
  const { stdout: namespaces } = await systemCommands.run(['ip', 'netns', 'list']);
  expect(namespaces).not.toContain(paths.namespacePrefix);
  const { stdout: processes } = await systemCommands.run(['ps', '-eo', 'args']);
  expect(processes.split('\n').filter((line) => line.includes(directory))).toEqual([]);
});
