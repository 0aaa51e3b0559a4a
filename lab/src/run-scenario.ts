/**
 * Builds a scenario in a running fabric, the way its users would: PUTs through the official SDK, sites and devices like an
 * on-premises administrator, who knows the gateway's public address and the key. `npm start`, the lab tests and the bench
 * share this. Asserting is expect-scenario.ts.
 */
import { resourceKey } from '@sallyport/model';
import { member } from './arm.ts';
import type { ArmClient } from './arm.ts';
import type { DevicePorts } from './device.ts';
import { startDevice, writeDeviceConfig } from './device.ts';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { changeMachines } from './lab-file.ts';
import { layPrivatePath } from './private-path.ts';
import type { Scenario, ScenarioResource, ScenarioSite } from './scenario.ts';
import { connectSdk, putResource } from './sdk.ts';
import { addSite } from './sites.ts';

export type LabSession = {
  readonly ports: DevicePorts;
  readonly fabric: Fabric;
  readonly arm: ArmClient;
  /** One line per step, for people. */
  readonly tell: (step: string) => void;
  /** Ends a build between two steps; what was made stays. */
  readonly signal?: AbortSignal;
};

/** Milliseconds each PUT took until its operation ended, in order. */
export type BuildTimes = readonly { readonly resource: string; readonly ms: number }[];

/**
 * @param options.sites false leaves out what is outside Azure: a simulated host has no public network.
 * @throws when a PUT fails or a site can't be made; what was made stays, so that it can be looked at.
 */
export async function buildScenario(session: LabSession, scenario: Scenario, options = { sites: true }): Promise<BuildTimes> {
  const sdk = await connectSdk(session.arm.file);
  const times: { readonly resource: string; readonly ms: number }[] = [];
  let sites = options.sites ? undefined : Promise.resolve();
  for (const [index, resource] of scenario.resources.entries()) {
    // Devices need the gateways' public addresses, and are ready before the connection that calls them.
    const hasAllAddresses = !scenario.resources.slice(index).some((later) => isOfType(later, 'publicIPAddresses'));
    const isPublic = scenario.sites.every(({ privatePath }) => privatePath === undefined);
    if (hasAllAddresses && isPublic && isOfType(resource, 'virtualNetworkGateways')) sites ??= startSites(session, scenario);
    if (isOfType(resource, 'connections')) await (sites ??= startSites(session, scenario));
    const began = session.ports.clock.monotonic();
    session.signal?.throwIfAborted();
    if (/\/providers\//i.test(resource.put)) await putResource(sdk, resource.put, resource.body, session.signal);
    else await session.arm.put(resource.put, resource.body);
    const ms = session.ports.clock.monotonic() - began;
    times.push({ resource: resource.put, ms });
    session.tell(`${shortName(resource.put)} Succeeded after ${(ms / 1000).toFixed(2)} s`);
  }
  await (sites ?? startSites(session, scenario));
  return times;
}

/** Sites are made while the gateway is; a failure is thrown where they are awaited. */
function startSites(session: LabSession, scenario: Scenario): Promise<void> {
  const sites = buildSites(session, scenario);
  sites.catch(() => {});
  return sites;
}

/** All sites, four at a time: a charon's start keeps a core busy for a moment. */
async function buildSites(session: LabSession, scenario: Scenario): Promise<void> {
  const queue = scenario.sites.values();
  const build = async (): Promise<void> => {
    for (const site of queue) {
      session.signal?.throwIfAborted();
      await buildSite(session, scenario, site);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: 4 }, build));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason instanceof Error ? failed.reason : new LabError(String(failed.reason));
}

/** Makes one site of a scenario with its device, if it has one. */
export async function buildSite(session: LabSession, scenario: Scenario, site: ScenarioSite): Promise<void> {
  const { ports, fabric } = session;
  await addSite(ports, fabric, { name: site.name, prefixes: site.prefixes, publicAddress: site.publicAddress });
  const { device, privatePath } = site;
  if (device.kind === 'strongswan') {
    const remoteAddress = await gatewayAddress(session.arm, scenario, device.connection, privatePath !== undefined);
    if (privatePath !== undefined) await layPrivatePath(ports, fabric, site.name, privatePath, remoteAddress);
    writeDeviceConfig(fabric, site.name, {
      ...device,
      localAddress: privatePath?.address ?? site.publicAddress,
      remoteAddress,
      sharedKey: 'value' in device.sharedKey ? device.sharedKey.value : keyOf(scenario, device.connection),
    });
    await markDevice(fabric, site.name, device.connection);
    await startDevice(ports, fabric, { name: site.name });
  }
  session.tell(`site ${site.name} at ${site.publicAddress}, ${site.prefixes.join(', ')} behind it, device ${device.kind}`);
}

/** Notes in the lab's list that a site has a device now, and for which connection. */
export async function markDevice(fabric: Fabric, site: string, connection: string): Promise<void> {
  await changeMachines(fabric, (machines) => ({
    machines: machines.map((machine) =>
      machine.kind === 'site' && machine.name === site ? { ...machine, device: 'strongswan', connection } : machine,
    ),
    result: undefined,
  }));
}

async function gatewayAddress(arm: ArmClient, scenario: Scenario, connection: string, isPrivate: boolean): Promise<string> {
  const gatewayId = idIn(bodyOf(scenario, connection), 'properties', 'virtualNetworkGateway1', 'id');
  if (isPrivate) {
    // Azure lists the public address, then the private one.
    const own = member(await arm.get(gatewayId), 'properties', 'bgpSettings', 'bgpPeeringAddresses', 0, 'tunnelIpAddresses', 1);
    if (typeof own !== 'string') throw new LabError(`the gateway of ${connection} has no private address for tunnels`);
    return own;
  }
  const gateway = bodyOf(scenario, gatewayId);
  const publicIp = await arm.get(idIn(gateway, 'properties', 'ipConfigurations', 0, 'properties', 'publicIPAddress', 'id'));
  const address = member(publicIp, 'properties', 'ipAddress');
  if (typeof address !== 'string') throw new LabError(`the gateway of ${connection} has no public address yet`);
  return address;
}

function keyOf(scenario: Scenario, connection: string): string {
  const key = member(bodyOf(scenario, connection), 'properties', 'sharedKey');
  if (typeof key !== 'string') throw new LabError(`scenario ${scenario.name}: ${connection} has no sharedKey for its device`);
  return key;
}

function bodyOf(scenario: Scenario, id: string): unknown {
  const found = scenario.resources.find((resource) => resourceKey(resource.put) === resourceKey(id));
  if (found === undefined) throw new LabError(`scenario ${scenario.name} refers to ${id} and does not create it`);
  return found.body;
}

function idIn(value: unknown, ...path: readonly (string | number)[]): string {
  const id = member(value, ...path);
  if (typeof id !== 'string') throw new LabError(`a scenario's body has no ${path.join('.')}`);
  return id;
}

function isOfType(resource: ScenarioResource, type: string): boolean {
  return resource.put.toLowerCase().includes(`/providers/microsoft.network/${type.toLowerCase()}/`);
}

/** `virtualNetworkGateways/hq-gateway` */
export function shortName(id: string): string {
  return id.split('/').slice(-2).join('/');
}
