/** The fake host as text, in an order that does not depend on how it came about: for comparing and for reading. */
import type { IpRoute } from '@sallyport/protocols';
import type { Namespaces } from './fake-ip.ts';
import type { FakeLink, FakeNamespace } from './fake-namespace.ts';

export function printNamespaces(namespaces: Namespaces): string {
  const names = [...namespaces.keys()].toSorted();
  return names.map((name) => `namespace ${name}\n${indent(printNamespace(namespaces.get(name)))}`).join('');
}

function printNamespace(namespace: FakeNamespace | undefined): readonly string[] {
  if (namespace === undefined) return [];
  return [
    ...[...namespace.links.values()].map(printLink).toSorted(),
    // The local table says what the addresses say already.
    ...namespace.routes
      .filter((route) => route.type !== 'local')
      .map(printRoute)
      .toSorted(),
    ...namespace.rules.filter((rule) => rule.protocol !== 2).map(printRule),
    ...[...namespace.sysctls].map(([key, value]) => `sysctl ${key} = ${value}`).toSorted(),
    ...[...namespace.tables].flatMap(([table, chains]) => [
      `table inet ${table}`,
      ...chains.flatMap((chain) => [`  chain ${chain.name}`, ...chain.rules.map((rule) => `    ${rule}`)]),
    ]),
  ];
}

function printRule({ priority, source, destination, inputDevice, table }: FakeNamespace['rules'][number]): string {
  const to = destination === undefined ? '' : ` to ${destination}`;
  return `rule ${priority} from ${source}${to}${inputDevice === undefined ? '' : ` iif ${inputDevice}`} table ${table}`;
}

function printLink(link: FakeLink): string {
  return [
    `link ${link.name}`,
    ...(link.kind === '' ? [] : [link.kind]),
    ...(link.ifId === undefined ? [] : [`if_id ${link.ifId}`]),
    link.isUp ? 'up' : 'down',
    ...(link.mtu === 1500 || link.name === 'lo' ? [] : [`mtu ${link.mtu}`]),
    ...(link.master === undefined ? [] : [`port of ${link.master}`]),
    ...(link.alias === undefined ? [] : [`to ${link.alias}`]),
    ...link.addresses.toSorted(),
  ].join(' ');
}

function printRoute(route: IpRoute): string {
  const hops = route.nextHops.map((hop) => [...(hop.gateway === undefined ? [] : ['via', hop.gateway]), 'dev', hop.device ?? ''].join(' '));
  return [
    'route',
    ...(route.type === 'unicast' ? [] : [route.type]),
    route.destination,
    ...hops.toSorted(),
    ...(route.metric === 0 ? [] : [`metric ${route.metric}`]),
    ...(route.table === 254 ? [] : [`table ${route.table}`]),
    ...(route.source === undefined || route.protocol === 2 ? [] : [`src ${route.source}`]),
  ].join(' ');
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
