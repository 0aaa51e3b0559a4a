/**
 * IKEv1: when our own CHILD SA follows one that the peer began. charon would make that one anew with everything that we accept, in one group
 * (RFC 2409 §5.5), which a peer without PFS refuses; then the tunnel would be gone with its lifetime (docs/adr/0056). Asked for once, a while before charon
 * does: a peer that refuses what we offer, too, is left to charon. Ending the former is duplicates.ts. Pure but for its own memory.
 */
import type { ChildSaObservation, TunnelPlan } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { acceptingChild, type RenderedChild } from './render.ts';
import { isChildUp, isIkeUp, missingChildren } from './status.ts';

export type Successors = {
  /** Children to be asked for now, by name. What is told is not told again. */
  readonly due: (tunnel: TunnelPlan, required: readonly RenderedChild[], sas: readonly CharonSa[]) => readonly string[];
};

/** Before charon's own soft limits: enough for a quick mode, and for the former to be ended when nothing is sent (duplicates.ts). */
const aheadShare = 0.05;
const aheadSeconds = 20;
/** charon's own is at 0.85 to 0.9 of a lifetime in octets (render.ts). */
const fullShare = 0.8;

export function createSuccessors(): Successors {
  /** By connection: SPIs of the children that were to be followed. */
  const asked = new Map<string, ReadonlySet<string>>();
  return {
    due: (tunnel, required, sas) => {
      const aged = agedChildren(tunnel, sas);
      const before = asked.get(tunnel.name);
      if (aged.length === 0) asked.delete(tunnel.name);
      if (aged.every(({ inboundSpi }) => before?.has(inboundSpi))) return [];
      const without = sas.map((one) => ({ ...one, sa: { ...one.sa, childSas: one.sa.childSas.filter((child) => !aged.includes(child)) } }));
      const names = missingChildren(required, without);
      if (names.length > 0) asked.set(tunnel.name, new Set(aged.map(({ inboundSpi }) => inboundSpi)));
      return names;
    },
  };
}

function agedChildren({ name, ike, esp }: TunnelPlan, sas: readonly CharonSa[]): readonly ChildSaObservation[] {
  if (ike.version !== 1) return [];
  const ahead = Math.max(aheadSeconds, esp.lifetimeSeconds * aheadShare);
  const full = esp.lifetimeKilobytes === 0 ? Infinity : esp.lifetimeKilobytes * 1024 * fullShare;
  return sas
    .filter(({ sa }) => isIkeUp(sa))
    .flatMap(({ sa }) => sa.childSas)
    .filter((child) => child.name === acceptingChild(name) && isChildUp(child))
    .filter(({ rekeySeconds, bytesIn, bytesOut }) => (rekeySeconds ?? 0) <= ahead || Math.max(bytesIn, bytesOut) >= full);
}
