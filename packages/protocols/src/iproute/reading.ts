/**
 * Typed reading of one network namespace from `ip -j -d -N -batch -` (iproute2 6.1): interfaces with addresses, every
 * routing table, policy rules. Three documents from one process. Not a netlink client, and IPv6 is left out: nothing of
 * ours has any. Numbers, not names: `-N` keeps /etc/iproute2 from changing what we read.
 */

/** stdin of `ip -j -d -N -batch -` whose output `parseReading` takes. */
export const readingBatch = 'addr show\nroute show table all\nrule show\n';

export type IpLink = {
  readonly name: string;
  readonly index: number;
  /** `veth`, `bridge`, `tun`, `xfrm`; undefined for `lo` and hardware. */
  readonly kind?: string;
  readonly isUp: boolean;
  readonly mtu: number;
  /** The bridge it is a port of. */
  readonly master?: string;
  readonly alias?: string;
  /** Of an XFRM interface. */
  readonly ifId?: number;
  /** Of an XFRM interface: the one its outer packets leave by. */
  readonly lower?: string;
  /** IPv4 with mask: `10.1.0.1/24`. */
  readonly addresses: readonly string[];
};

export type IpRouteType = 'unicast' | 'local' | 'broadcast' | 'blackhole' | 'unreachable' | 'prohibit' | 'other';

export type IpNextHop = { readonly gateway?: string; readonly device?: string };

export type IpRoute = {
  readonly type: IpRouteType;
  /** With mask, also hosts and the default: `10.1.0.4/32`, `0.0.0.0/0`. */
  readonly destination: string;
  readonly table: number;
  /** rtm_protocol: 2 is the kernel's. */
  readonly protocol: number;
  readonly metric: number;
  /** Source address of our own packets that take this route (`src`). */
  readonly source?: string;
  /** None for blackholes; several for ECMP. */
  readonly nextHops: readonly IpNextHop[];
};

export type IpRule = {
  readonly priority: number;
  readonly source: string;
  /** One host's address; absent: any. */
  readonly destination?: string;
  /** `iif`: only packets that came in there. */
  readonly inputDevice?: string;
  readonly table: number;
  readonly protocol: number;
};

export type NamespaceReading = {
  readonly links: readonly IpLink[];
  readonly routes: readonly IpRoute[];
  readonly rules: readonly IpRule[];
};

/** @throws IprouteError when the output is not what iproute2 prints for `readingBatch`. */
export function parseReading(stdout: string): NamespaceReading {
  const documents = stdout.split('\n').filter((line) => line.trim() !== '');
  const [links, routes, rules] = documents;
  if (links === undefined || routes === undefined || rules === undefined || documents.length !== 3)
    throw new IprouteError(`expected three JSON documents from ip, got ${documents.length}`);
  return {
    links: records(links).map(parseLink),
    routes: records(routes).flatMap(parseRoute),
    rules: records(rules).map(parseRule),
  };
}

function parseRule(rule: Fields): IpRule {
  const inputDevice = text(rule, 'iif');
  const destination = text(rule, 'dst');
  return {
    priority: number(rule, 'priority'),
    source: text(rule, 'src') ?? 'all',
    table: Number(text(rule, 'table') ?? 0),
    protocol: Number(text(rule, 'protocol') ?? 0),
    ...(destination === undefined ? {} : { destination }),
    ...(inputDevice === undefined ? {} : { inputDevice }),
  };
}

/** Names of `ip -j netns list`; an empty list prints nothing at all. */
export function parseNamespaceNames(stdout: string): readonly string[] {
  return stdout.trim() === '' ? [] : records(stdout).flatMap((record) => text(record, 'name') ?? []);
}

export class IprouteError extends Error {
  override readonly name = 'IprouteError';
}

type Fields = Readonly<Record<string, unknown>>;

function parseLink(link: Fields): IpLink {
  const linkInfo = fields(link, 'linkinfo');
  const ifId = fields(linkInfo, 'info_data')['if_id'];
  const kind = text(linkInfo, 'info_kind');
  const master = text(link, 'master');
  const alias = text(link, 'ifalias');
  const lower = kind === 'xfrm' ? text(link, 'link') : undefined;
  return {
    name: text(link, 'ifname') ?? '',
    index: number(link, 'ifindex'),
    isUp: list(link, 'flags').includes('UP'),
    mtu: number(link, 'mtu'),
    addresses: list(link, 'addr_info')
      .map(asFields)
      .filter((address) => address['family'] === 'inet')
      .map((address) => `${text(address, 'local') ?? ''}/${number(address, 'prefixlen')}`),
    ...(kind === undefined ? {} : { kind }),
    ...(master === undefined ? {} : { master }),
    ...(alias === undefined ? {} : { alias }),
    ...(ifId === undefined ? {} : { ifId: Number(ifId) }),
    ...(lower === undefined ? {} : { lower }),
  };
}

/** RTN_* of linux/rtnetlink.h. */
const routeTypes: Readonly<Record<string, IpRouteType>> = {
  '1': 'unicast',
  '2': 'local',
  '3': 'broadcast',
  '6': 'blackhole',
  '7': 'unreachable',
  '8': 'prohibit',
};

function parseRoute(route: Fields): readonly IpRoute[] {
  const destination = text(route, 'dst') ?? '';
  if (destination.includes(':')) return [];
  const several = list(route, 'nexthops').map(asFields);
  const hops = several.length > 0 ? several : [route];
  const source = text(route, 'prefsrc');
  return [
    {
      type: routeTypes[text(route, 'type') ?? '1'] ?? 'other',
      destination: withMask(destination),
      table: Number(text(route, 'table') ?? 254),
      protocol: Number(text(route, 'protocol') ?? 0),
      metric: number(route, 'metric'),
      ...(source === undefined ? {} : { source }),
      nextHops: hops.map(parseNextHop).filter((hop) => hop.device !== undefined || hop.gateway !== undefined),
    },
  ];
}

function parseNextHop(hop: Fields): IpNextHop {
  const gateway = text(hop, 'gateway');
  const device = text(hop, 'dev');
  return { ...(gateway === undefined ? {} : { gateway }), ...(device === undefined ? {} : { device }) };
}

function withMask(destination: string): string {
  if (destination === 'default') return '0.0.0.0/0';
  return destination.includes('/') ? destination : `${destination}/32`;
}

function records(document: string): readonly Fields[] {
  const parsed: unknown = JSON.parse(document);
  if (!Array.isArray(parsed)) throw new IprouteError('expected a JSON array from ip');
  // iproute2 prints `{}` for entries it filtered out.
  return parsed.map(asFields).filter((record) => Object.keys(record).length > 0);
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function fields(of: Fields, key: string): Fields {
  return asFields(of[key]);
}

function list(of: Fields, key: string): readonly unknown[] {
  const value = of[key];
  return Array.isArray(value) ? value : [];
}

function text(of: Fields, key: string): string | undefined {
  const value = of[key];
  return typeof value === 'string' ? value : undefined;
}

function number(of: Fields, key: string): number {
  const value = of[key];
  return typeof value === 'number' ? value : 0;
}
