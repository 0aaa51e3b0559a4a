/**
 * What a user built in the lab, in `DIR/lab.json`: sites, clients and NAT routers with their addresses. Written before the kernel
 * objects are made and removed after them, so nothing can exist that is not listed. No secrets: a device's key is in its own
 * configuration file (device.ts).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addressAt, containsAddress, formatAddress, parseAddress, parseCidr } from '@sallyport/model';
import { readOwnFile, writeWholeFile } from '@sallyport/runtime';
import { lockDataDirectory } from './data-lock.ts';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';

export type Site = {
  readonly kind: 'site';
  readonly name: string;
  /** The public end of its veth pair is `s<link>` in the public namespace. */
  readonly link: number;
  /** Of the device's outer leg. Behind a NAT it is a private one, and the world sees the NAT's. */
  readonly publicAddress: string;
  /** Name of the NAT router it is behind. */
  readonly nat?: string;
  /** Behind the device, which has the first address of each. */
  readonly prefixes: readonly string[];
  /** `none`: the device's namespace is the user's to configure. */
  readonly device: 'none' | 'strongswan';
  /** The connection a device was configured for. */
  readonly connection?: string;
};
export type Client = { readonly kind: 'client'; readonly name: string; readonly link: number; readonly publicAddress: string };
/** A router whose one public address the sites behind it share; nat.ts. */
export type Nat = {
  readonly kind: 'nat';
  readonly name: string;
  readonly link: number;
  readonly publicAddress: string;
  /** Where UDP 500 and 4500 of its public address go; without it only flows from inside come back. */
  readonly forwardsTo?: string;
};
export type Machine = Site | Client | Nat;

/** Documentation prefixes (RFC 5737). The gateways' public addresses come from the third, 198.51.100.0/24. */
export const pools = { site: '203.0.113.0/24', nat: '203.0.113.0/24', client: '192.0.2.0/24' } as const;

/** The router's address in a pool: its first. */
export function routerOf(kind: Machine['kind']): string {
  return addressNumber(pools[kind], 1);
}

export function addressNumber(prefix: string, index: number): string {
  const cidr = parseCidr(prefix);
  if (cidr === undefined) throw new LabError(`'${prefix}' is not a prefix like 192.168.0.0/24`);
  return formatAddress(addressAt(cidr, index));
}

export function readMachines(fabric: Pick<Fabric, 'dataDirectory'>): readonly Machine[] {
  const file = join(fabric.dataDirectory, 'lab.json');
  if (!existsSync(file)) return [];
  const parsed = readOwnFile(file, JSON.parse, 'remove it, and add sites and clients again') as { machines: readonly Machine[] }; // written by us only
  return parsed.machines;
}

export function findMachine(fabric: Pick<Fabric, 'dataDirectory'>, name: string): Machine | undefined {
  return readMachines(fabric).find((machine) => machine.name === name);
}

/** Changes the list; one process at a time. */
export async function changeMachines<T>(
  fabric: Pick<Fabric, 'dataDirectory'>,
  change: (machines: readonly Machine[]) => { readonly machines: readonly Machine[]; readonly result: T },
): Promise<T> {
  using _lock = await lockDataDirectory(fabric.dataDirectory, 'lab');
  const { machines, result } = change(readMachines(fabric));
  writeWholeFile(join(fabric.dataDirectory, 'lab.json'), `${JSON.stringify({ machines }, undefined, 2)}\n`);
  return result;
}

/** Lowest link number that nobody has. */
export function freeLink(machines: readonly Machine[]): number {
  const taken = new Set(machines.map(({ link }) => link));
  let link = 1;
  while (taken.has(link)) link += 1;
  return link;
}

/** The wanted address if it is free and of the pool, else the lowest free from the eleventh on. */
export function chooseAddress(kind: Machine['kind'], machines: readonly Machine[], wanted: string | undefined): string {
  const pool = pools[kind];
  const taken = new Set(machines.map(({ publicAddress }) => publicAddress));
  if (wanted !== undefined) {
    const [cidr, address] = [parseCidr(pool), parseAddress(wanted)];
    if (cidr === undefined || address === undefined || !containsAddress(cidr, address) || wanted === routerOf(kind))
      throw new LabError(`a ${kind}'s public address must be in ${pool} and not be the router's ${routerOf(kind)}; ${wanted} is not`);
    if (taken.has(wanted)) throw new LabError(`the public address ${wanted} is taken`);
    return wanted;
  }
  for (let index = 11; index < 255; index += 1) {
    const address = addressNumber(pool, index);
    if (!taken.has(address)) return address;
  }
  throw new LabError(`no free public address left in ${pool}`);
}

/** Names become parts of namespace names. */
export function checkName(name: string): void {
  if (!/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name) || name.endsWith('-host'))
    throw new LabError(`'${name}' can't be a name: lower-case letters, digits and inner hyphens, at most 40, and not ending in -host`);
}
