/**
 * What to do so that namespaces become as planned. Pure. Additions before removals, except where a name or a veth end is
 * taken by something that is not what the plan means: that goes first.
 */
import type { ResourceId } from '@sallyport/model';
import { batchLine, isSameRouteKey, isSameRule, routeWords } from '@sallyport/protocols';
import type { IpLink, IpRule, NamespaceReading, TableReading } from '@sallyport/protocols';
import { isLoaded } from '../marked-table.ts';
import type { MarkedTable } from '../marked-table.ts';
import { kernelRoutes, mainRule } from './kernel-routes.ts';
import { fabricProtocol } from './render.ts';
import { isSameRoute, ruleLine, usesGateway } from './routes-and-rules.ts';
import type { DeviceState, FabricState, NamespaceState, PairState } from './state.ts';

/** One line for `ip -batch`, with whom its failure concerns; undefined concerns everybody in the namespace. */
export type Action = { readonly line: string; readonly resource: ResourceId | undefined };
export type NamespaceActions = { readonly namespace: string; readonly actions: readonly Action[] };

export type ObservedNamespace = {
  readonly reading: NamespaceReading;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly table: TableReading | undefined;
};
/** By namespace name without prefix; a namespace that is not there is not in it. */
export type ObservedFabric = ReadonlyMap<string, ObservedNamespace>;

export type FabricActions = {
  readonly namespaces: readonly string[];
  readonly sysctls: readonly { readonly namespace: string; readonly settings: Readonly<Record<string, string>> }[];
  /** Before any route: what may not pass must not pass for a moment. */
  readonly tables: readonly { readonly namespace: string; readonly table: MarkedTable }[];
  /** Veth ends that stand in the way. */
  readonly stale: readonly NamespaceActions[];
  readonly pairs: readonly PairState[];
  readonly configure: readonly NamespaceActions[];
  readonly surplus: readonly NamespaceActions[];
};

const nothing: ObservedNamespace = { reading: { links: [], routes: [], rules: [] }, sysctls: {}, table: undefined };

export function diffFabric(desired: FabricState, observed: ObservedFabric): FabricActions {
  const missingPairs = desired.pairs.filter((pair) => !isStanding(pair, observed));
  const stale = staleEnds(missingPairs, observed);
  // What is about to be deleted or made anew is treated as not there.
  const remaining = new Map([...observed].map(([namespace, state]) => [namespace, without(state, namespace, stale)]));
  const of = (state: NamespaceState): ObservedNamespace => remaining.get(state.namespace) ?? nothing;
  return {
    namespaces: desired.namespaces.map((state) => state.namespace).filter((namespace) => !observed.has(namespace)),
    sysctls: desired.namespaces.flatMap((state) => {
      const read = observed.get(state.namespace)?.sysctls;
      // A key that could not be read is one this kernel does not have.
      const settings = Object.fromEntries(
        Object.entries(state.sysctls).filter(([key, value]) => read === undefined || (read[key] ?? value) !== value),
      );
      return Object.keys(settings).length === 0 ? [] : [{ namespace: state.namespace, settings }];
    }),
    tables: desired.namespaces.flatMap(({ namespace, table }) =>
      table === undefined || isLoaded(table, observed.get(namespace)?.table) ? [] : [{ namespace, table }],
    ),
    stale: stale.map(({ namespace, names }) => ({
      namespace,
      actions: names.map((name) => ({ line: batchLine('link', 'delete', name), resource: undefined })),
    })),
    pairs: missingPairs,
    configure: desired.namespaces.map((state) => ({ namespace: state.namespace, actions: configure(state, of(state)) })).filter(hasActions),
    surplus: desired.namespaces.map((state) => ({ namespace: state.namespace, actions: surplus(state, of(state)) })).filter(hasActions),
  };
}

function hasActions(entry: NamespaceActions): boolean {
  return entry.actions.length > 0;
}

function isStanding(pair: PairState, observed: ObservedFabric): boolean {
  const near = linkOf(observed.get(pair.routerNamespace), pair.name);
  return near?.alias === pair.alias && linkOf(observed.get(pair.nodeNamespace), pair.device) !== undefined;
}

type Ends = { readonly namespace: string; readonly names: readonly string[] };

function staleEnds(pairs: readonly PairState[], observed: ObservedFabric): readonly Ends[] {
  const ends = pairs.flatMap((pair) => [
    { namespace: pair.routerNamespace, name: pair.name },
    { namespace: pair.nodeNamespace, name: pair.device },
  ]);
  const present = ends.filter((end) => linkOf(observed.get(end.namespace), end.name) !== undefined);
  const namespaces = [...new Set(present.map((end) => end.namespace))];
  return namespaces.map((namespace) => ({ namespace, names: present.filter((end) => end.namespace === namespace).map((end) => end.name) }));
}

function without(state: ObservedNamespace, namespace: string, stale: readonly Ends[]): ObservedNamespace {
  const names = stale.find((ends) => ends.namespace === namespace)?.names ?? [];
  if (names.length === 0) return state;
  const { links, routes, rules } = state.reading;
  return {
    ...state,
    reading: {
      rules,
      links: links.filter((link) => !names.includes(link.name)),
      routes: routes.filter((route) => !route.nextHops.some((hop) => hop.device !== undefined && names.includes(hop.device))),
    },
  };
}

function linkOf(observed: ObservedNamespace | undefined, name: string): IpLink | undefined {
  return observed?.reading.links.find((link) => link.name === name);
}

function configure(state: NamespaceState, observed: ObservedNamespace): readonly Action[] {
  const { routes, rules } = observed.reading;
  const missingRules = (wanted: readonly IpRule[]): readonly Action[] =>
    wanted
      .filter((rule) => !rules.some((other) => isSameRule(rule, other)))
      .map((rule) => ({ line: ruleLine('add', rule), resource: undefined }));
  return [
    // First, for gateways of routes are looked up by it. A new namespace has it.
    ...(observed === nothing ? [] : missingRules([mainRule])),
    // Bridges first: their ports name them.
    ...state.devices
      .toSorted((a, b) => Number(b.isBridge) - Number(a.isBridge))
      .flatMap((device) => configureDevice(device, linkOf(observed, device.name))),
    ...[...state.devices.flatMap((device) => kernelRoutes(device, linkOf(observed, device.name))), ...state.routes]
      .filter((route) => !routes.some((other) => isSameRoute(route, other)))
      // A route on the device a gateway is reached through comes before the routes through that gateway.
      .toSorted((a, b) => Number(usesGateway(a)) - Number(usesGateway(b)))
      .map((route) => ({ line: batchLine('route', 'replace', ...routeWords(route)), resource: route.resource })),
    ...missingRules(state.rules),
  ];
}

function configureDevice(device: DeviceState, observed: IpLink | undefined): readonly Action[] {
  const settings = [
    ...(device.alias === undefined || observed?.alias === device.alias ? [] : ['alias', device.alias]),
    ...(device.master === undefined || observed?.master === device.master ? [] : ['master', device.master]),
    ...(observed?.isUp === true ? [] : ['up']),
  ];
  const lines = [
    ...(device.isBridge && observed === undefined
      ? [batchLine('link', 'add', 'name', device.name, 'type', 'bridge', 'forward_delay', 0)]
      : []),
    ...(settings.length === 0 ? [] : [batchLine('link', 'set', 'dev', device.name, ...settings)]),
    ...device.addresses
      .filter((address) => observed?.addresses.includes(address) !== true)
      .map((address) => batchLine('address', 'add', address, 'dev', device.name)),
  ];
  return lines.map((line) => ({ line, resource: device.resource }));
}

function surplus(state: NamespaceState, observed: ObservedNamespace): readonly Action[] {
  const { links, routes, rules } = observed.reading;
  const lines = [
    ...routes
      .filter((route) => route.protocol === fabricProtocol && !state.routes.some((other) => isSameRouteKey(route, other)))
      .map((route) => batchLine('route', 'delete', ...routeWords(route))),
    ...rules
      .filter((rule) => rule.protocol === fabricProtocol && !state.rules.some((other) => isSameRule(rule, other)))
      .map((rule) => ruleLine('delete', rule)),
    ...state.devices.flatMap((device) =>
      (linkOf(observed, device.name)?.addresses ?? [])
        .filter((address) => !device.addresses.includes(address) && !address.startsWith('127.'))
        .map((address) => batchLine('address', 'delete', address, 'dev', device.name)),
    ),
    ...links
      .filter((link) => /^[lb]\d+$/.test(link.name) && !state.devices.some((device) => device.name === link.name))
      .map((link) => batchLine('link', 'delete', link.name)),
  ];
  return lines.map((line) => ({ line, resource: undefined }));
}
