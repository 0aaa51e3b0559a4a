/**
 * One network namespace of the fake host: interfaces, addresses, routes, rules, kernel parameters, nftables tables, with the
 * kernel's own side effects (connected routes come with an address, routes go with their interface). Not a network: no
 * packet moves.
 */
import { formatCidr, parseCidr } from '@sallyport/model';
import { isSameRouteKey, isSameRule } from '@sallyport/protocols';
import type { IpRoute, IpRule } from '@sallyport/protocols';

export type FakeLink = {
  readonly name: string;
  readonly index: number;
  readonly kind: string;
  isUp: boolean;
  mtu: number;
  master?: string;
  alias?: string;
  ifId?: number;
  readonly addresses: string[];
  /** The other end of a veth pair. */
  peer?: { readonly namespace: FakeNamespace; readonly name: string };
};

/** What the kernel answers to a refused request; printed by `ip` after its prefix. */
export class KernelRefusal extends Error {
  override readonly name = 'KernelRefusal';
}

export class FakeNamespace {
  readonly links = new Map<string, FakeLink>();
  routes: IpRoute[] = [];
  rules: IpRule[] = [
    { priority: 0, source: 'all', table: 255, protocol: 2 },
    { priority: 32766, source: 'all', table: 254, protocol: 2 },
    { priority: 32767, source: 'all', table: 253, protocol: 2 },
  ];
  readonly sysctls = new Map<string, string>();
  /** Chains with rules as loaded, by table name. */
  readonly tables = new Map<string, readonly { readonly name: string; readonly rules: readonly string[] }[]>();

  constructor() {
    this.addLink({ name: 'lo', kind: '', mtu: 65536 });
  }

  addLink(link: { readonly name: string; readonly kind: string; readonly mtu?: number; readonly index?: number }): FakeLink {
    const index = link.index ?? Math.max(0, ...[...this.links.values()].map((other) => other.index).filter((used) => used < 100_000)) + 1;
    if (this.links.has(link.name) || [...this.links.values()].some((other) => other.index === index))
      throw new KernelRefusal('File exists');
    const added: FakeLink = { name: link.name, index, kind: link.kind, isUp: false, mtu: link.mtu ?? 1500, addresses: [] };
    this.links.set(link.name, added);
    return added;
  }

  link(name: string): FakeLink {
    const found = this.links.get(name);
    if (found === undefined) throw new KernelRefusal(`Cannot find device "${name}"`);
    return found;
  }

  deleteLink(name: string): void {
    const link = this.link(name);
    this.links.delete(name);
    this.routes = this.routes.filter((route) => !route.nextHops.some((hop) => hop.device === name));
    for (const other of this.links.values()) if (other.master === name) delete other.master;
    if (link.peer?.namespace.links.has(link.peer.name) === true) link.peer.namespace.deleteLink(link.peer.name);
  }

  setUp(name: string): void {
    const link = this.link(name);
    if (link.isUp) return;
    link.isUp = true;
    if (name === 'lo' && link.addresses.length === 0) link.addresses.push('127.0.0.1/8');
    for (const address of link.addresses) this.#addConnected(name, address);
  }

  addAddress(name: string, address: string): void {
    const link = this.link(name);
    if (link.addresses.includes(address)) throw new KernelRefusal('File exists');
    link.addresses.push(address);
    if (link.isUp) this.#addConnected(name, address);
  }

  deleteAddress(name: string, address: string): void {
    const link = this.link(name);
    const at = link.addresses.indexOf(address);
    if (at < 0) throw new KernelRefusal('Cannot assign requested address');
    link.addresses.splice(at, 1);
    const host = address.split('/')[0];
    this.routes = this.routes.filter((route) => route.source !== host);
  }

  replaceRoute(wanted: IpRoute): void {
    const nextHops = wanted.nextHops.map((hop) => {
      if (hop.device !== undefined && !this.link(hop.device).isUp) throw new KernelRefusal('Device for nexthop is not up');
      if (hop.gateway === undefined) return hop;
      const through = this.#deviceTowards(hop.gateway, hop.device);
      if (through === undefined) throw new KernelRefusal('Nexthop has invalid gateway');
      return { gateway: hop.gateway, device: through };
    });
    if (
      wanted.source !== undefined &&
      ![...this.links.values()].some((link) => link.addresses.some((a) => a.split('/')[0] === wanted.source))
    )
      throw new KernelRefusal('Invalid prefsrc address');
    this.routes = [...this.routes.filter((route) => !isSameRouteKey(route, wanted)), { ...wanted, nextHops }];
  }

  deleteRoute(wanted: IpRoute): void {
    const remaining = this.routes.filter((route) => !(isSameRouteKey(route, wanted) && route.protocol === wanted.protocol));
    if (remaining.length === this.routes.length) throw new KernelRefusal('No such process');
    this.routes = remaining;
  }

  addRule(rule: IpRule): void {
    if (this.rules.some((other) => isSameRule(other, rule))) throw new KernelRefusal('File exists');
    this.rules = [...this.rules, rule].toSorted((a, b) => a.priority - b.priority);
  }

  deleteRule(rule: IpRule): void {
    if (!this.rules.some((other) => isSameRule(other, rule))) throw new KernelRefusal('No such file or directory');
    this.rules = this.rules.filter((other) => !isSameRule(other, rule));
  }

  #addConnected(device: string, address: string): void {
    const cidr = parseCidr(address);
    const source = address.split('/')[0] ?? '';
    const common = { protocol: 2, metric: 0, source, nextHops: [{ device }] };
    this.routes.push({ type: 'local', destination: `${source}/32`, table: 255, ...common });
    if (cidr === undefined || cidr.length === 32 || device === 'lo') return;
    this.routes.push({ type: 'unicast', destination: formatCidr(cidr), table: 254, ...common });
  }

  /** The interface a neighbour is on: only directly connected ones count, as for the kernel. */
  #deviceTowards(gateway: string, device: string | undefined): string | undefined {
    const address = parseCidr(`${gateway}/32`);
    const routes = this.routes.filter((route) => {
      const prefix = parseCidr(route.destination);
      const direct = route.type === 'unicast' && route.nextHops.length === 1 && route.nextHops[0]?.gateway === undefined;
      if (!direct || prefix === undefined || address === undefined) return false;
      return address.address >> BigInt(32 - prefix.length) === prefix.address >> BigInt(32 - prefix.length);
    });
    const devices = routes.flatMap((route) => route.nextHops[0]?.device ?? []);
    return device === undefined ? devices[0] : devices.find((candidate) => candidate === device);
  }
}
