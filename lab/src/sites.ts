/**
 * On-premises sites, remote clients and NAT routers, made and removed. A site is two namespaces: the device (`site-NAME`), with a
 * public leg and one LAN, and one host behind it (`site-NAME-host`). A client is one machine on the public network.
 * What a device runs is device.ts, what a NAT router does nat.ts.
 */
import { rmSync } from 'node:fs';
import { parseCidr } from '@sallyport/model';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { addressNumber, changeMachines, checkName, chooseAddress, findMachine, freeLink, readMachines } from './lab-file.ts';
import type { Client, Machine, Nat, Site } from './lab-file.ts';
import { deviceDirectory, deviceRunDirectory, deviceRuns, startDevice, stopDevice } from './device.ts';
import type { DevicePorts } from './device.ts';
import { attach, findNat, freeBehind, hubOf } from './legs.ts';
import { loadNat, natNamespace } from './nat.ts';
import { addNamespace, inside, ipBatch, namespaceExists, namespaceOf, removeLink, removeNamespace } from './namespaces.ts';

export function siteNamespaces(fabric: Fabric, name: string): { readonly device: string; readonly host: string } {
  return { device: namespaceOf(fabric, `site-${name}`), host: namespaceOf(fabric, `site-${name}-host`) };
}

export function clientNamespace(fabric: Fabric, name: string): string {
  return namespaceOf(fabric, `client-${name}`);
}

/** Addresses follow from the prefixes: the device has the first of each, the host the tenth of the first prefix. */
export function siteAddresses(site: Pick<Site, 'prefixes'>): { readonly device: readonly string[]; readonly host: string } {
  return { device: site.prefixes.map((prefix) => addressNumber(prefix, 1)), host: addressNumber(site.prefixes[0] ?? '', 10) };
}

export type SiteRequest = {
  readonly name: string;
  readonly prefixes: readonly string[];
  readonly publicAddress?: string;
  /** Name of a NAT router that is there; the site's address is then one of its private network. */
  readonly nat?: string;
};

/** @throws LabError naming what is wrong with the request; nothing is left of a site that could not be made whole. */
export async function addSite(ports: DevicePorts, fabric: Fabric, request: SiteRequest): Promise<Site> {
  checkName(request.name);
  if (request.prefixes.length === 0) throw new LabError(`site ${request.name} needs at least one prefix`);
  for (const prefix of request.prefixes) checkPrefix(prefix);
  const site = await changeMachines(fabric, (machines) => {
    refuseTaken(machines, request.name);
    const nat = request.nat === undefined ? undefined : findNat(machines, request.nat);
    const added: Site = {
      kind: 'site',
      name: request.name,
      link: freeLink(machines),
      publicAddress: nat === undefined ? chooseAddress('site', machines, request.publicAddress) : freeBehind(nat, machines),
      ...(nat === undefined ? {} : { nat: nat.name }),
      prefixes: request.prefixes,
      device: 'none',
    };
    return { machines: [...machines, added], result: added };
  });
  return makeOrRemove(ports, fabric, site);
}

export async function addClient(
  ports: DevicePorts,
  fabric: Fabric,
  request: { readonly name: string; readonly publicAddress?: string },
): Promise<Client> {
  checkName(request.name);
  const client = await changeMachines(fabric, (machines) => {
    refuseTaken(machines, request.name);
    const publicAddress = chooseAddress('client', machines, request.publicAddress);
    const added: Client = { kind: 'client', name: request.name, link: freeLink(machines), publicAddress };
    return { machines: [...machines, added], result: added };
  });
  return makeOrRemove(ports, fabric, client);
}

export type NatRequest = { readonly name: string; readonly publicAddress?: string };

/** A NAT router with nothing behind it yet: `addSite` puts sites there. */
export async function addNat(ports: DevicePorts, fabric: Fabric, request: NatRequest): Promise<Nat> {
  checkName(request.name);
  const nat = await changeMachines(fabric, (machines) => {
    refuseTaken(machines, request.name);
    const publicAddress = chooseAddress('nat', machines, request.publicAddress);
    const added: Nat = { kind: 'nat', name: request.name, link: freeLink(machines), publicAddress };
    return { machines: [...machines, added], result: added };
  });
  return makeOrRemove(ports, fabric, nat);
}

/** From now on UDP 500 and 4500 of a NAT's public address go to a site behind it; to none without one. */
export async function forwardIke(ports: DevicePorts, fabric: Fabric, name: string, site: string | undefined): Promise<void> {
  const nat = await changeMachines(fabric, (machines) => {
    const { forwardsTo: _before, ...old } = findNat(machines, name);
    const target = machines.find((machine) => machine.kind === 'site' && machine.nat === name && machine.name === site);
    if (site !== undefined && target === undefined) throw new LabError(`no site '${site}' is behind NAT router ${name}`);
    const changed: Nat = target === undefined ? old : { ...old, forwardsTo: target.publicAddress };
    return { machines: machines.map((machine) => (machine.name === name ? changed : machine)), result: changed };
  });
  await loadNat(ports, fabric, nat);
}

async function makeOrRemove<M extends Machine>(ports: DevicePorts, fabric: Fabric, machine: M): Promise<M> {
  try {
    await makeMachine(ports, fabric, machine);
    return machine;
  } catch (error) {
    await removeMachine(ports, fabric, machine.name);
    throw new LabError(`could not make ${machine.kind} ${machine.name}`, { cause: error });
  }
}

/** Stops what runs in it, removes its namespaces and links and forgets it. */
export async function removeMachine(ports: DevicePorts, fabric: Fabric, name: string): Promise<void> {
  const machine = findMachine(fabric, name);
  if (machine === undefined) throw new LabError(`there is no site, client or NAT router '${name}'`);
  const behind = readMachines(fabric).filter((other) => other.kind === 'site' && other.nat === name);
  if (behind.length > 0) throw new LabError(`${behind.map((site) => site.name).join(', ')} is behind ${name}: remove that first`);
  await unmakeMachine(ports, fabric, machine);
  rmSync(deviceDirectory(fabric, name), { recursive: true, force: true });
  await changeMachines(fabric, (machines) => ({
    machines: machines.filter((other) => other.name !== name),
    result: undefined,
  }));
}

/** After a stop, a kill or a reboot: makes what is listed and not there, devices included. What runs is left alone. */
export async function restoreMachines(ports: DevicePorts, fabric: Fabric): Promise<void> {
  for (const machine of readMachines(fabric)) {
    if (!(await isWhole(ports, fabric, machine))) await makeMachine(ports, fabric, machine);
    else if (machine.kind === 'site' && machine.device === 'strongswan' && !deviceRuns(ports, fabric, machine.name))
      await startDevice(ports, fabric, machine);
  }
}

/** Removes the kernel objects and daemons of all; the list stays, so that `restoreMachines` can make them again. */
export async function unmakeMachines(ports: DevicePorts, fabric: Fabric): Promise<void> {
  const problems: unknown[] = [];
  for (const machine of readMachines(fabric)) {
    try {
      await unmakeMachine(ports, fabric, machine);
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0)
    throw new AggregateError(problems, `could not remove ${problems.length} of the lab's machines`, { cause: problems[0] });
}

async function isWhole(ports: DevicePorts, fabric: Fabric, machine: Machine): Promise<boolean> {
  const namespaces = namespacesOf(fabric, machine);
  if (!namespaces.every(namespaceExists)) return false;
  const { hub } = hubOf(fabric, machine);
  const { code } = await ports.run(['ip', '-n', hub, 'link', 'show', `s${machine.link}`], { okCodes: [0, 1, 255] });
  return code === 0;
}

export function namespacesOf(fabric: Fabric, machine: Machine): readonly string[] {
  if (machine.kind === 'client') return [clientNamespace(fabric, machine.name)];
  if (machine.kind === 'nat') return [natNamespace(fabric, machine.name)];
  const { device, host } = siteNamespaces(fabric, machine.name);
  return [device, host];
}

async function makeMachine(ports: DevicePorts, fabric: Fabric, machine: Machine): Promise<void> {
  await unmakeMachine(ports, fabric, machine);
  if (machine.kind === 'client') {
    const namespace = clientNamespace(fabric, machine.name);
    await addNamespace(ports, namespace, { forwards: false });
    await attach(ports, fabric, machine, namespace);
  } else if (machine.kind === 'nat') {
    const namespace = natNamespace(fabric, machine.name);
    await addNamespace(ports, namespace, { forwards: true });
    await attach(ports, fabric, machine, namespace);
    await loadNat(ports, fabric, machine);
  } else {
    await makeSite(ports, fabric, machine);
  }
}

async function makeSite(ports: DevicePorts, fabric: Fabric, site: Site): Promise<void> {
  const { device, host } = siteNamespaces(fabric, site.name);
  const addresses = siteAddresses(site);
  await addNamespace(ports, device, { forwards: true });
  await addNamespace(ports, host, { forwards: false });
  await attach(ports, fabric, site, device);
  await ipBatch(ports, device, [
    ['link', 'add', 'lan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host],
    ...site.prefixes.map((prefix, index) => ['address', 'add', withLength(addresses.device[index] ?? '', prefix), 'dev', 'lan']),
    ['link', 'set', 'lan', 'up'],
    // A border device never sends private destinations to its provider: without a tunnel they go nowhere.
    ...privatePrefixes.map((prefix) => ['route', 'add', 'unreachable', prefix, 'metric', 4000]),
  ]);
  await ipBatch(ports, host, [
    ['address', 'add', withLength(addresses.host, site.prefixes[0] ?? ''), 'dev', 'eth0'],
    ['link', 'set', 'eth0', 'up'],
    ['route', 'add', 'default', 'via', addresses.device[0] ?? '', 'dev', 'eth0'],
  ]);
  await ports.run(inside(device, ['nft', '-f', '-']), { input: sharedInternet });
  // What lets a network engineer see what a router sees.
  await ports.run(inside(device, ['sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']));
  if (site.device === 'strongswan') await startDevice(ports, fabric, site);
}

async function unmakeMachine(ports: DevicePorts, fabric: Fabric, machine: Machine): Promise<void> {
  if (machine.kind === 'site') await stopDevice(ports, fabric, machine.name);
  await removeLink(ports, hubOf(fabric, machine).hub, machine.link);
  for (const namespace of namespacesOf(fabric, machine).toReversed()) await removeNamespace(ports, namespace);
  rmSync(deviceRunDirectory(fabric, machine.name), { recursive: true, force: true });
}

/** RFC 1918 and RFC 6598. */
const privatePrefixes = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
/**
 * Who has a private address shares the device's public one on the Internet, as behind any border device, and keeps its own towards private
 * ones: with the kernel's ESP what goes into a tunnel passes here too, and under another address no IPsec policy would take it.
 */
const sharedInternet = `table ip lab {
  set private {
    typeof ip saddr; flags interval;
    elements = { ${privatePrefixes.join(', ')} }
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "public" ip saddr @private ip daddr != @private masquerade
  }
}
`;

function withLength(address: string, prefix: string): string {
  return `${address}/${prefix.split('/')[1] ?? ''}`;
}

function checkPrefix(prefix: string): void {
  const cidr = parseCidr(prefix);
  if (cidr === undefined || cidr.family !== 4 || cidr.length > 28)
    throw new LabError(`'${prefix}' can't be a site's prefix: an IPv4 prefix of at most 28 bits, like 192.168.0.0/24`);
}

function refuseTaken(machines: readonly Machine[], name: string): void {
  const taken = machines.find((machine) => machine.name === name);
  if (taken !== undefined) throw new LabError(`there is already a ${taken.kind} '${name}'`);
}
