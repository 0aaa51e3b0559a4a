/**
 * One gateway with many connections on this machine, brought up in two ways on the same namespaces, daemons and settings: by the agent,
 * which is given a plan, and by hand, with nothing but charon's own interface ("raw"). What differs is the agent's share.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { charonFiles, charonSettings, cleanUp, inNamespace, renderConnection, startAgentWith } from '@sallyport/agent';
import type { Agent, AgentPorts, ControlClient, HostPaths } from '@sallyport/agent';
import { crowdScenario, crowdSite } from '@sallyport/lab';
import type { CrowdFabric } from '@sallyport/lab';
import type { HostObservation, HostPlan, InstancePlan, JsonObject, PlanNumber } from '@sallyport/model';
import { offlineInventory, offlinePublicAddressPools, plan, resourcesFromArm } from '@sallyport/planner';
import { XfrmdClient, openSession } from '@sallyport/protocols';
import type { ViciSession } from '@sallyport/protocols';
import { Secret, silentLogger, systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';

export const ports: AgentPorts = { run: systemCommands.run, daemons: systemDaemons(systemClock), clock: systemClock, log: silentLogger };
const build = join(import.meta.dirname, '..', '..', '..', 'packages', 'dataplane', 'build');

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
  #plan: HostPlan;
  #number = 1;
  #agent: Agent | undefined;
  #raw: ViciSession | undefined;
  /** Newest report of the agent. */
  observation: HostObservation | undefined;
  reports = 0;

  constructor(hostPlan: HostPlan) {
    this.#plan = hostPlan;
    const id = randomBytes(2).toString('hex');
    this.paths = {
      namespacePrefix: `sp-${id}-`,
      runDirectory: join(this.#directory, 'run'),
      stateDirectory: join(this.#directory, 'state'),
      xfrmdProgram: join(build, 'xfrmd'),
      shimLibrary: join(build, 'libxfrmshim.so'),
    };
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

  setPlan(hostPlan: HostPlan): void {
    this.#plan = hostPlan;
    this.#number += 1;
  }

  async startAgent(): Promise<void> {
    this.observation = undefined;
    this.#agent = await startAgentWith({ host: this.#plan.host, paths: this.paths, ipsec: 'xfrmd', ports }, this.#control());
  }

  /** Tunnels stay. */
  async closeAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
  }

  untilObserved(isWanted: (seen: HostObservation) => boolean, because: string, timeoutMs = 60_000): Promise<unknown> {
    const read = (): boolean => this.observation !== undefined && isWanted(this.observation);
    return until(read, Boolean, { because, clock: systemClock, timeoutMs, everyMs: 5 });
  }

  connected(): number {
    return (this.observation?.instances ?? []).flatMap(({ connections }) => connections).filter(({ status }) => status === 'Connected')
      .length;
  }

  pid(name: 'charon' | 'xfrmd'): number | undefined {
    return ports.daemons.find(this.#file(`${name}.pid`))?.pid;
  }

  /** Both daemons die at once and say nothing to anybody. */
  async killDaemons(): Promise<void> {
    this.#raw?.[Symbol.dispose]();
    this.#raw = undefined;
    for (const name of ['charon', 'xfrmd']) await ports.daemons.stop(this.#file(`${name}.pid`), 0);
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

  /** A control plane of one plan, in this process: what it costs is not measured, what the agent sends it is made all the same. */
  #control(): ControlClient {
    return {
      fetchPlan: async ({ number }, signal) => {
        if (number < this.#number) return { number: this.#number as PlanNumber, plan: this.#plan }; // brand
        await systemClock.sleep(25_000, signal);
        return undefined;
      },
      fetchSecret: ({ id }) => {
        const index = this.instance.tunnels.findIndex(({ ike }) => ike.sharedKey?.id === id);
        return Promise.resolve(new Secret(this.#key(index)));
      },
      postObservation: (observation) => {
        this.observation = JSON.parse(JSON.stringify(observation)) as HostObservation;
        this.reports += 1;
        return Promise.resolve();
      },
      postHistory: () => Promise.resolve(),
      close: () => {},
    };
  }
}
