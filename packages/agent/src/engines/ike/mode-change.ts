/**
 * Which SAs may stay when `connectionMode` changes. charon's connection of mode Default differs from that of ResponderOnly in what only our own
 * starts need: how often they are tried, what follows a dead peer, the children that we ask for. An SA that the peer opened has the child that accepts,
 * and Default has that child too; what its own copy of the connection lacks, the supervision does (docs/adr/0055). Pure.
 */
import type { TunnelPlan } from '@sallyport/model';
import { comesUpOnTraffic, isAnyToAny } from './render.ts';

/** As it was in the mode before; undefined where the SAs of none may stay. Not the other way: an SA of Default starts by itself after a dead peer. */
export function beforeModeChange(tunnel: TunnelPlan): TunnelPlan | undefined {
  const { ike, esp } = tunnel;
  // Where traffic starts it a trap has to be set.
  if (!ike.initiates || !ike.responds || comesUpOnTraffic(tunnel)) return undefined;
  // The child that accepts anything had the name of the only one that we would ask for, and would be taken for it.
  if (esp.acceptsOtherSelectors && esp.selectors.length === 1 && !isAnyToAny(esp)) return undefined;
  return { ...tunnel, ike: { ...ike, initiates: false } };
}
