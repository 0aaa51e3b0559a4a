/**
 * One gateway with many connections on this machine, brought up in two ways on the same namespaces, daemons and settings: by the agent,
 * which is given a plan in a process of its own, and by hand, with nothing but charon's own interface ("raw"). What differs is the agent's share.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { charonFiles, charonSettings, cleanUp, inNamespace, renderConnection, testPaths } from '@sallyport/agent';
import type { AgentPorts, HostPaths } from '@sallyport/agent';
import { crowdScenario, crowdSite } from '@sallyport/lab';
import type { CrowdFabric } from '@sallyport/lab';
import type { HostPlan, InstancePlan, JsonObject } from '@sallyport/model';
import { offlineInventory, offlinePublicAddressPools, plan, resourcesFromArm } from '@sallyport/planner';
import { XfrmdClient, openSession } from '@sallyport/protocols';
import type { ViciSession } from '@sallyport/protocols';
import { silentLogger, systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import type { Begin, Told } from './agent-messages.ts';

export const ports: AgentPorts = { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log: silentLogger };

/** Plan of a gateway with `count` connections, by the real planner. @param connection more properties of every connection. */
export function planOf(count: number, connection: JsonObject = {}): HostPlan {
  const scenario = crowdScenario('11111111-1111-1111-1111-111111111111', connection);
  const puts = [...scenario.gateway, ...Array.from({ length: count }, (_, index) => scenario.site(index + 1)).flat()];
  const { resources, secretVersions, issues } = resourcesFromArm(puts, { publicAddressPools: offlinePublicAddressPools });
  const result = plan({ resources, secretVersions, previous: undefined, inventory: offlineInventory(resources) });
  const [host] = result.plan.hosts;
  const trouble = [...issues, ...result.issues][0]?.message;
  if (host === undefined || trouble !== undefined) throw new Error(`the plan is not whole: ${trouble ?? 'no host'}`);
  return host;
}

export class ScaleGateway implements AsyncDisposable {
  readonly paths: HostPaths;
  readonly fabric: CrowdFabric;
  readonly #directory = mkdtempSync(join(tmpdir(), 'sallyport-scale-'));
  readonly #plan: HostPlan;
  #agent: ChildProcess | undefined;
  #raw: ViciSession | undefined;
  /** Newest of the agent. */
  report: Extract<Told, { kind: 'report' }> | undefined;
  reports = 0;

  constructor(hostPlan: HostPlan) {
    this.#plan = hostPlan;
    const id = randomBytes(2).toString('hex');
    this.paths = testPaths(this.#directory, `sp-${id}-`);
    this.fabric = {
      id,
      dataDirectory: this.#directory,
      runDirectory: this.paths.runDirectory,
      namespacePrefix: this.paths.namespacePrefix,
    };
  }

  get instance(): InstancePlan {
    const [instance] = this.#plan.instances;
    if (instance === undefined) throw new Error('the plan has no gateway instance');
    return instance;
  }

  get address(): string {
    return this.instance.public.address;
  }

  get hasAgent(): boolean {
    return this.#agent !== undefined;
  }

  get planBytes(): number {
    return JSON.stringify(this.#plan).length;
  }

  /** Loads the agent's program, which is no part of what it does. */
  async prepareAgent(): Promise<void> {
    this.report = undefined;
    const agent = fork(join(import.meta.dirname, 'agent-process.ts'));
    this.#agent = agent;
    const ready = Promise.withResolvers<void>();
    agent.once('exit', (code) => ready.reject(new Error(`the agent's process ended at once, with ${code}`)));
    agent.on('message', (message) => {
      const told = message as Told; // only ever sent by agent-process.ts
      if (told.kind === 'ready') ready.resolve();
      else if (told.kind === 'failed') process.stderr.write(`bench: the agent did not start: ${told.message}\n`);
      else {
        this.report = told;
        this.reports += 1;
      }
    });
    await ready.promise;
  }

  /** After `prepareAgent`; not waited for. */
  startAgent(): void {
    const keys = this.instance.tunnels.map(({ ike }, index) => [ike.sharedKey?.id ?? '', this.#key(index)] as const);
    const begin: Begin = { plan: this.#plan, paths: this.paths, keys: Object.fromEntries(keys) };
    this.#agent?.send(begin);
  }

  /** Tunnels stay. */
  async closeAgent(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
    const exited = once(agent, 'exit');
    agent.disconnect();
    await exited;
  }

  /** Processor time of the agent's process so far, and of the programs it ran; 0 when there is none. */
  agentCpuMs(): number {
    return this.#agent?.pid === undefined ? 0 : cpuMs(this.#agent.pid);
  }

  cpuMs(daemon: 'charon' | 'xfrmd'): number {
    return cpuMs(Number(readFileSync(this.#file(`${daemon}.pid`), 'utf8').split(' ')[0]));
  }

  async untilReported(isWanted: (report: NonNullable<ScaleGateway['report']>) => boolean, because: string): Promise<void> {
    const read = (): boolean => this.report !== undefined && isWanted(this.report);
    await until(read, Boolean, { because, clock: systemClock, timeoutMs: 60_000, everyMs: 10 });
  }

  /** Both daemons die at once and say nothing to anybody. */
  async killDaemons(): Promise<void> {
    this.#raw?.[Symbol.dispose]();
    this.#raw = undefined;
    for (const name of ['charon', 'xfrmd']) await ports.daemons.stop(this.#file(`${name}.pid`), 0);
    // An agent would go through what a charon without it has logged.
    for (const name of ['charon.log', 'charon.log-read']) rmSync(this.#file(name), { force: true });
  }

  /** xfrmd with its interfaces, charon with its connections: everything but the calls. */
  async startRaw(): Promise<ViciSession> {
    const { namespace, tunnels } = this.instance;
    // The old one's socket may still take a connection while that process is being torn down.
    rmSync(this.#file('xfrmd/control.sock'), { force: true });
    ports.daemons.start({
      argv: inNamespace(this.paths, namespace, [this.paths.xfrmdProgram, '--directory', this.#file('xfrmd')]),
      env: {},
      logFile: this.#file('xfrmd.log'),
      pidFile: this.#file('xfrmd.pid'),
    });
    const open = (): Promise<XfrmdClient> => XfrmdClient.connect(this.#file('xfrmd/control.sock'), { timeoutMs: 30_000 });
    const quick = { clock: systemClock, timeoutMs: 15_000, everyMs: 10 };
    {
      await using xfrmd = await until(open, () => true, { because: 'xfrmd answers', ...quick });
      for (const { ifId, mtu, mssClamp } of tunnels) await xfrmd.createTunnel({ ifId, name: `t${ifId}`, mtu, mssClamp });
    }
    const files = charonFiles(this.paths, namespace);
    rmSync(files.socket, { force: true });
    writeFileSync(files.settings, charonSettings(files), { mode: 0o600 });
    const environment = [`LD_PRELOAD=${this.paths.shimLibrary}`, `XFRMD_SOCKET=${this.#file('xfrmd/xfrm.sock')}`];
    ports.daemons.start({
      argv: inNamespace(this.paths, namespace, ['env', ...environment, 'charon-systemd']),
      env: { STRONGSWAN_CONF: files.settings },
      logFile: files.outputFile,
      pidFile: files.pidFile,
    });
    const openVici = (): Promise<ViciSession> => openSession(files.socket, { clock: systemClock, timeoutMs: 30_000 });
    const vici = await until(openVici, () => true, { because: 'charon answers', ...quick });
    this.#raw = vici;
    for (const [index, tunnel] of tunnels.entries()) {
      const rendered = renderConnection(tunnel, { variant: 'xfrmd' });
      await vici.loadConnection(rendered.name, rendered.body);
      await vici.loadShared({ id: rendered.name, key: Buffer.from(this.#key(index)), owners: rendered.keyOwners });
    }
    return vici;
  }

  async initiateRaw(vici: ViciSession): Promise<void> {
    for (const tunnel of this.instance.tunnels)
      for (const child of renderConnection(tunnel, { variant: 'xfrmd' }).children)
        await vici.initiate({ ike: tunnel.name, child: child.name, timeoutMs: -1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAgent();
    await this.killDaemons();
    if (existsSync(this.paths.runDirectory)) await cleanUp(this.paths, ports);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.paths.runDirectory, this.instance.namespace, name);
  }

  /** Keys of the plan's tunnels are those of the crowd's sites, found by address. */
  #key(index: number): string {
    const address = this.instance.tunnels[index]?.ike.remoteAddress ?? '';
    return crowdSite(Number(address.split('.')[3]) - 10).key;
  }
}

/** proc(5): fields 14 to 17, own and of children that have ended, in ticks. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticksPerSecond = 100;
  return (fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 1000) / ticksPerSecond;
}
