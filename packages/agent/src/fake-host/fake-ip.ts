/** `ip` on the fake host: exactly the lines the agent issues (see namespace-commands.ts and the engines), and its JSON. */
import type { IpRoute, IpRouteType } from '@sallyport/protocols';
import { FakeNamespace, KernelRefusal } from './fake-namespace.ts';
import type { FakeLink } from './fake-namespace.ts';

export type Namespaces = Map<string, FakeNamespace>;

/** Result of a batch as `ip -force -batch -` gives it. */
export function runIpBatch(namespaces: Namespaces, current: FakeNamespace | undefined, input: string): { code: number; stderr: string } {
  const stderr: string[] = [];
  for (const [index, line] of input.split('\n').entries()) {
    if (line === '') continue;
    try {
      runIpLine(namespaces, current, line.split(' '));
    } catch (error) {
      if (!(error instanceof KernelRefusal)) throw error;
      stderr.push(`RTNETLINK answers: ${error.message}\nCommand failed -:${index + 1}\n`);
    }
  }
  return { code: stderr.length === 0 ? 0 : 1, stderr: stderr.join('') };
}

function runIpLine(namespaces: Namespaces, current: FakeNamespace | undefined, words: readonly string[]): void {
  const [object = '', verb = '', ...rest] = words;
  const name = rest[0] ?? '';
  switch (`${object} ${verb}`) {
    case 'netns add':
      if (namespaces.has(name)) throw new KernelRefusal('File exists');
      namespaces.set(name, new FakeNamespace());
      return;
    case 'netns delete':
      deleteNamespace(namespaces, name);
      return;
    case 'link add':
      return addLink(namespaces, current, rest);
    case 'link delete':
      return inside(current, words).deleteLink(name);
    case 'link set':
      return setLink(inside(current, words), rest);
    case 'address add':
      return inside(current, words).addAddress(option(rest, 'dev'), name);
    case 'address delete':
      return inside(current, words).deleteAddress(option(rest, 'dev'), name);
    case 'route replace':
      return inside(current, words).replaceRoute(parseRouteWords(rest));
    case 'route delete':
      return inside(current, words).deleteRoute(parseRouteWords(rest));
    case 'rule add':
    case 'rule delete': {
      const rule = {
        priority: Number(option(rest, 'priority')),
        source: option(rest, 'from'),
        table: Number(option(rest, 'table')),
        protocol: Number(option(rest, 'protocol')),
        ...(rest.includes('to') ? { destination: option(rest, 'to') } : {}),
        ...(rest.includes('iif') ? { inputDevice: option(rest, 'iif') } : {}),
      };
      return verb === 'add' ? inside(current, words).addRule(rule) : inside(current, words).deleteRule(rule);
    }
    default:
      throw new Error(`the fake host does not know "ip ${words.join(' ')}"`);
  }
}

function deleteNamespace(namespaces: Namespaces, name: string): void {
  const namespace = namespaces.get(name);
  if (namespace === undefined) throw new KernelRefusal(`Cannot remove namespace file "/run/netns/${name}": No such file or directory`);
  for (const link of namespace.links.keys()) namespace.deleteLink(link);
  namespaces.delete(name);
}

function addLink(namespaces: Namespaces, current: FakeNamespace | undefined, words: readonly string[]): void {
  const { head, tail: peerWords } = splitAt(words, 'peer');
  const name = option(head, 'name');
  if (option(head, 'type') === 'bridge') {
    inside(current, words).addLink({ name, kind: 'bridge' });
    return;
  }
  if (option(head, 'type') === 'xfrm') {
    inside(current, words).link(option(head, 'dev'));
    inside(current, words).addLink({ name, kind: 'xfrm' }).ifId = Number(option(head, 'if_id'));
    return;
  }
  if (option(head, 'type') !== 'veth') throw new Error(`the fake host does not know "ip link add ${words.join(' ')}"`);
  const [near, far] = [namespaceOf(namespaces, option(head, 'netns')), namespaceOf(namespaces, option(peerWords, 'netns'))];
  const farName = option(peerWords, 'name');
  if (far.links.has(farName)) throw new KernelRefusal('File exists');
  const end = near.addLink({ name, kind: 'veth', index: Number(option(head, 'index')) });
  const other = far.addLink({ name: farName, kind: 'veth' });
  end.peer = { namespace: far, name: farName };
  other.peer = { namespace: near, name };
}

function setLink(namespace: FakeNamespace, words: readonly string[]): void {
  const link = namespace.link(option(words, 'dev'));
  for (let at = 2; at < words.length; at += 1) {
    const [word, value = ''] = [words[at], words[at + 1]];
    if (word === 'up') namespace.setUp(link.name);
    else if (word === 'alias') link.alias = value;
    else if (word === 'master') link.master = namespace.link(value).name;
    else if (word === 'mtu') link.mtu = Number(value);
    else throw new Error(`the fake host does not know "ip link set ${words.join(' ')}"`);
    if (word !== 'up') at += 1;
  }
}

const typedRoutes: readonly IpRouteType[] = ['local', 'blackhole', 'unreachable', 'prohibit'];

function parseRouteWords(words: readonly string[]): IpRoute {
  const type = typedRoutes.find((candidate) => candidate === words[0]) ?? 'unicast';
  const [destination = '', ...rest] = type === 'unicast' ? words : words.slice(1);
  const [head, ...several] = splitAll(rest, 'nexthop');
  const hops = (several.length > 0 ? several : [head ?? []]).map((hop) => ({
    ...(hop.includes('via') ? { gateway: option(hop, 'via') } : {}),
    ...(hop.includes('dev') ? { device: option(hop, 'dev') } : {}),
  }));
  return {
    type,
    destination,
    table: rest.includes('table') ? Number(option(rest, 'table')) : 254,
    protocol: Number(option(rest, 'protocol')),
    metric: rest.includes('metric') ? Number(option(rest, 'metric')) : 0,
    ...(rest.includes('src') ? { source: option(rest, 'src') } : {}),
    nextHops: hops.filter((hop) => hop.gateway !== undefined || hop.device !== undefined),
  };
}

/** The three documents of `readingBatch`. */
export function printReading(namespace: FakeNamespace): string {
  const links = [...namespace.links.values()].map(printLink);
  return `${[links, namespace.routes.map(printRoute), namespace.rules.map(printRule)].map((document) => JSON.stringify(document)).join('\n')}\n`;
}

function printLink(link: FakeLink): object {
  return {
    ifindex: link.index,
    ifname: link.name,
    flags: link.isUp ? ['BROADCAST', 'UP', 'LOWER_UP'] : ['BROADCAST'],
    mtu: link.mtu,
    ...(link.master === undefined ? {} : { master: link.master }),
    ...(link.alias === undefined ? {} : { ifalias: link.alias }),
    ...(link.kind === '' ? {} : { linkinfo: { info_kind: link.kind, ...ifIdData(link) } }),
    addr_info: link.addresses.map((address) => ({
      family: 'inet',
      local: address.split('/')[0],
      prefixlen: Number(address.split('/')[1]),
    })),
  };
}

/** iproute2 prints it as a hexadecimal string. */
function ifIdData({ ifId }: FakeLink): { readonly info_data?: object } {
  return ifId === undefined ? {} : { info_data: { if_id: `0x${ifId.toString(16)}` } };
}

/** RTN_* of linux/rtnetlink.h. */
const typeNumbers: Readonly<Record<IpRouteType, string>> = {
  unicast: '1',
  local: '2',
  broadcast: '3',
  blackhole: '6',
  unreachable: '7',
  prohibit: '8',
  other: '0',
};

function printRoute(route: IpRoute): object {
  const hops = route.nextHops.map((hop) => ({ ...(hop.gateway === undefined ? {} : { gateway: hop.gateway }), dev: hop.device }));
  return {
    type: typeNumbers[route.type],
    dst: route.destination === '0.0.0.0/0' ? 'default' : route.destination.replace(/\/32$/, ''),
    ...(hops.length > 1 ? { nexthops: hops } : hops[0]),
    table: String(route.table),
    protocol: String(route.protocol),
    ...(route.metric === 0 ? {} : { metric: route.metric }),
    ...(route.source === undefined ? {} : { prefsrc: route.source }),
    flags: [],
  };
}

function printRule(rule: FakeNamespace['rules'][number]): object {
  const destination = rule.destination === undefined ? {} : { dst: rule.destination };
  const input = rule.inputDevice === undefined ? {} : { iif: rule.inputDevice };
  return {
    priority: rule.priority,
    src: rule.source,
    ...destination,
    ...input,
    table: String(rule.table),
    protocol: String(rule.protocol),
  };
}

function inside(current: FakeNamespace | undefined, words: readonly string[]): FakeNamespace {
  if (current === undefined) throw new Error(`"ip ${words.join(' ')}" would change the host's own namespace`);
  return current;
}

function namespaceOf(namespaces: Namespaces, name: string): FakeNamespace {
  const found = namespaces.get(name);
  if (found === undefined) throw new KernelRefusal(`Invalid "netns" value "${name}"`);
  return found;
}

function option(words: readonly string[], name: string): string {
  const value = words[words.indexOf(name) + 1];
  if (!words.includes(name) || value === undefined) throw new Error(`the fake host misses "${name}" in "${words.join(' ')}"`);
  return value;
}

function splitAt(words: readonly string[], word: string): { readonly head: readonly string[]; readonly tail: readonly string[] } {
  const at = words.indexOf(word);
  return at < 0 ? { head: words, tail: [] } : { head: words.slice(0, at), tail: words.slice(at + 1) };
}

function splitAll(words: readonly string[], word: string): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const one of words)
    if (one === word) parts.push([]);
    else parts.at(-1)?.push(one);
  return parts;
}
