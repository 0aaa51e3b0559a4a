/** Routes and rules of the fabric: when two are the same one, and the line for a rule. Pure. What is done about them is diff.ts. */
import { batchLine } from '@sallyport/protocols';
import type { IpRoute } from '@sallyport/protocols';
import type { NamespaceState } from './state.ts';

type Rule = NamespaceState['rules'][number];

/** The kernel tells routes of a table apart by destination and metric; the rest is replaced in place. */
export function isSameKey(a: IpRoute, b: IpRoute): boolean {
  return a.destination === b.destination && a.table === b.table && a.metric === b.metric;
}

export function isSameRoute(desired: IpRoute, observed: IpRoute): boolean {
  return (
    isSameKey(desired, observed) &&
    desired.type === observed.type &&
    desired.protocol === observed.protocol &&
    (desired.source === undefined || desired.source === observed.source) &&
    desired.nextHops.length === observed.nextHops.length &&
    desired.nextHops.every((hop) =>
      observed.nextHops.some((other) => hop.gateway === other.gateway && (hop.device === undefined || hop.device === other.device)),
    )
  );
}

export function usesGateway(route: IpRoute): boolean {
  return route.nextHops.some((hop) => hop.gateway !== undefined);
}

export function isSameRule(a: Rule, b: Rule): boolean {
  const isSameMatch = a.source === b.source && a.destination === b.destination && a.inputDevice === b.inputDevice;
  return isSameMatch && a.priority === b.priority && a.table === b.table;
}

export function ruleLine(verb: 'add' | 'delete', rule: Rule): string {
  const to = rule.destination === undefined ? [] : ['to', rule.destination];
  const input = rule.inputDevice === undefined ? [] : ['iif', rule.inputDevice];
  return batchLine(
    'rule',
    verb,
    'priority',
    rule.priority,
    'from',
    rule.source,
    ...to,
    ...input,
    'table',
    rule.table,
    'protocol',
    rule.protocol,
  );
}
