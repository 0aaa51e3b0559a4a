/** Routes and rules of the fabric: when a route is as wanted, and the line for a rule. Pure. What is done about them is diff.ts. */
import { batchLine, isSameRouteKey } from '@sallyport/protocols';
import type { IpRoute, IpRule } from '@sallyport/protocols';

export function isSameRoute(desired: IpRoute, observed: IpRoute): boolean {
  return (
    isSameRouteKey(desired, observed) &&
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

export function ruleLine(verb: 'add' | 'delete', rule: IpRule): string {
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
