/**
 * Where the outer leg of a machine ends: in the public network, or behind a NAT router; its address there, and how it is attached.
 * What a NAT router does is nat.ts.
 */
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { addressNumber, readMachines, routerOf } from './lab-file.ts';
import type { Machine, Nat } from './lab-file.ts';
import { attachTo, namespaceOf, waitForPublicNetwork } from './namespaces.ts';
import type { NetworkPorts } from './namespaces.ts';
import { natInside, natNamespace } from './nat.ts';

/** @throws LabError when there is none of this name. */
export function findNat(machines: readonly Machine[], name: string): Nat {
  const found = machines.find((machine) => machine.name === name);
  if (found?.kind !== 'nat') throw new LabError(`there is no NAT router '${name}'`);
  return found;
}

/** The lowest free address of its private network, from the eleventh on. */
export function freeBehind(nat: Nat, machines: readonly Machine[]): string {
  const taken = new Set(machines.map(({ publicAddress }) => publicAddress));
  const { prefix } = natInside(nat);
  const free = Array.from({ length: 240 }, (_, index) => addressNumber(prefix, 11 + index)).find((address) => !taken.has(address));
  if (free === undefined) throw new LabError(`no free address left behind NAT router ${nat.name}`);
  return free;
}

/** The namespace that a machine's outer leg is attached to, and the router there. */
export function hubOf(fabric: Fabric, machine: Machine): { readonly hub: string; readonly router: string } {
  if (machine.kind !== 'site' || machine.nat === undefined) return { hub: namespaceOf(fabric, 'public'), router: routerOf(machine.kind) };
  const nat = findNat(readMachines(fabric), machine.nat);
  return { hub: natNamespace(fabric, nat.name), router: natInside(nat).router };
}

export async function attach(ports: NetworkPorts, fabric: Fabric, machine: Machine, namespace: string): Promise<void> {
  await waitForPublicNetwork(fabric, ports.clock);
  const { hub, router } = hubOf(fabric, machine);
  await attachTo(ports, hub, { namespace, link: machine.link, address: machine.publicAddress, router });
}
