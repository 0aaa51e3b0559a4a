/**
 * Network namespaces of sites and clients: made by one `ip -batch`, removed with everything that runs in them. Only names
 * with this fabric's prefix are ever touched, and of the public namespace only links `s<n>` (the agent's are `l<n>`).
 */
import { existsSync, readdirSync, statfsSync } from 'node:fs';
import { batchLine } from '@sallyport/protocols';
import { until } from '@sallyport/runtime';
import type { Clock, CommandRunner } from '@sallyport/runtime';
import type { Fabric } from './fabric.ts';

export type NetworkPorts = { readonly run: CommandRunner['run']; readonly clock: Clock };

export function namespaceOf(fabric: Pick<Fabric, 'namespacePrefix'>, name: string): string {
  return `${fabric.namespacePrefix}${name}`;
}

export function namespaceExists(namespace: string): boolean {
  return existsSync(`/run/netns/${namespace}`);
}

export function listNamespaces(fabric: Pick<Fabric, 'namespacePrefix'>): readonly string[] {
  if (!existsSync('/run/netns')) return [];
  return readdirSync('/run/netns')
    .filter((name) => name.startsWith(fabric.namespacePrefix))
    .toSorted();
}

/** argv of a program inside a namespace. nsenter and not `ip netns exec`: the mount namespace stays ours. */
export function inside(namespace: string, argv: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${namespace}`, '--', ...argv];
}

/** Lines for `ip -batch` inside a namespace; all or an error naming the first refused line. */
export async function ipBatch(ports: NetworkPorts, namespace: string, lines: readonly (readonly (string | number)[])[]): Promise<void> {
  const input = `${lines.map((words) => batchLine(...words)).join('\n')}\n`;
  await ports.run(['ip', '-n', namespace, '-batch', '-'], { input });
}

export async function addNamespace(ports: NetworkPorts, namespace: string, options: { readonly forwards: boolean }): Promise<void> {
  await ports.run(['ip', 'netns', 'add', namespace]);
  await ports.run(
    inside(namespace, ['sysctl', '-qw', `net.ipv4.ip_forward=${options.forwards ? 1 : 0}`, 'net.ipv6.conf.all.disable_ipv6=1']),
  );
  await ipBatch(ports, namespace, [['link', 'set', 'lo', 'up']]);
}

/** Ends what runs inside (also what a user started there), then removes the namespace. Absent is success. */
export async function removeNamespace(ports: NetworkPorts, namespace: string): Promise<void> {
  if (!namespaceExists(namespace)) return;
  await signalAll(ports, namespace, 'SIGTERM');
  await until(
    () => processesIn(ports, namespace),
    (pids) => pids.length === 0,
    {
      because: `processes in ${namespace} end`,
      clock: ports.clock,
      timeoutMs: 2000,
      everyMs: 20,
    },
  ).catch(() => signalAll(ports, namespace, 'SIGKILL'));
  await ports.run(['ip', 'netns', 'delete', namespace]);
}

async function signalAll(ports: NetworkPorts, namespace: string, signal: NodeJS.Signals): Promise<void> {
  for (const pid of await processesIn(ports, namespace)) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

async function processesIn(ports: NetworkPorts, namespace: string): Promise<readonly number[]> {
  const { stdout } = await ports.run(['ip', 'netns', 'pids', namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** ip-netns(8) makes the file first and mounts the namespace on it a moment later; before, entering fails with EINVAL. */
function canBeEntered(namespace: string): boolean {
  return namespaceExists(namespace) && statfsSync(`/run/netns/${namespace}`).type === nsfsMagic;
}

/** statfs(2): NSFS_MAGIC. */
const nsfsMagic = 0x6e73_6673;

/** The public network is the agent's; nothing can be attached to it before it is there. */
export async function waitForPublicNetwork(fabric: Fabric, clock: Clock, timeoutMs = 30_000): Promise<string> {
  const namespace = namespaceOf(fabric, 'public');
  await until(() => canBeEntered(namespace), Boolean, {
    because: `the agent of ${fabric.dataDirectory} has made the public network (is \`sallyport up\` running?)`,
    clock,
    timeoutMs,
  });
  return namespace;
}

/** Removes a link of ours from the namespace that a machine is attached to; absent is success. */
export async function removeLink(ports: NetworkPorts, hub: string, link: number): Promise<void> {
  if (namespaceExists(hub)) await ports.run(['ip', '-n', hub, 'link', 'delete', `s${link}`], { okCodes: [0, 1] });
}

/**
 * The public leg: a veth pair, `public` inside with a /32, the pool's router as the on-link next hop for everything,
 * and a host route to it in the hub: the public network's namespace, or a NAT router's.
 */
export async function attachTo(
  ports: NetworkPorts,
  hub: string,
  leg: { readonly namespace: string; readonly link: number; readonly address: string; readonly router: string },
): Promise<void> {
  await removeLink(ports, hub, leg.link);
  await ipBatch(ports, hub, [
    ['link', 'add', `s${leg.link}`, 'type', 'veth', 'peer', 'name', 'public', 'netns', leg.namespace],
    ['address', 'add', `${leg.router}/32`, 'dev', `s${leg.link}`],
    ['link', 'set', `s${leg.link}`, 'up'],
    ['route', 'replace', `${leg.address}/32`, 'dev', `s${leg.link}`],
  ]);
  await ipBatch(ports, leg.namespace, [
    ['address', 'add', `${leg.address}/32`, 'dev', 'public'],
    ['link', 'set', 'public', 'up'],
    ['route', 'replace', leg.router, 'dev', 'public'],
    ['route', 'replace', 'default', 'via', leg.router, 'dev', 'public'],
  ]);
}
