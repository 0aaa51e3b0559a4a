/** When the kernel takes two routes, or two rules, for the same one. Whether one is as wanted in everything else is for whoever wants it. */
import type { IpRoute, IpRule } from './reading.ts';

/** Routes of a table are told apart by destination and metric (and tos, which we never set); `route replace` changes the rest in place. */
export function isSameRouteKey(a: IpRoute, b: IpRoute): boolean {
  return a.destination === b.destination && a.table === b.table && a.metric === b.metric;
}

/** A rule has no other identity than all it says; its protocol only tells who made it. */
export function isSameRule(a: IpRule, b: IpRule): boolean {
  const isSameMatch = a.source === b.source && a.destination === b.destination && a.inputDevice === b.inputDevice;
  return isSameMatch && a.priority === b.priority && a.table === b.table;
}
