/**
 * Which of two IKEv2 SAs that crossed can be ended at once, and how, so that both ends keep the same and no packet is lost: docs/adr/0036. What is not
 * known well enough is left to the slow rule of duplicates.ts. Pure; ending it is supervise.ts.
 *
 * charon has `unique = replace`: as responder it ends an SA that it already saw established, ten seconds later. We must not end the other one. Ours
 * tells by the order in which both came up. The peer's, if it is one, may have seen its own first whenever ours came up last.
 */
import type { LogLine } from '@sallyport/protocols';
import { sameMomentSeconds, selectorsOf, spis } from './duplicates.ts';
import type { CharonSa } from './observe.ts';
import { isChildUp } from './status.ts';

/** The peer has heard our answer by then, once lost and sent again, and what it sends tells which SA it has chosen. */
const calmSeconds = 2;
/** Of one instance: older ones are asked for no more. */
const remembered = 1000;

/** The order in which IKE SAs had their first child, which charon's listing tells by the second only. */
export type Arrivals = {
  readonly onLog: (line: Pick<LogLine, 'ikeSaId' | 'message'>) => void;
  /** A new charon's numbers begin anew. */
  readonly clear: () => void;
  /** Undefined when one of them was not seen to come. */
  readonly isBefore: (one: string, other: string) => boolean | undefined;
};

export function createArrivals(): Arrivals {
  const order = new Set<string>();
  return {
    onLog: ({ ikeSaId, message }) => {
      if (ikeSaId === undefined || !/^CHILD_SA \S+ established with/.test(message)) return;
      order.add(ikeSaId);
      const [oldest] = order;
      if (order.size > remembered && oldest !== undefined) order.delete(oldest);
    },
    clear: () => order.clear(),
    isBefore: (one, other) => {
      const all = [...order];
      const [first, second] = [all.indexOf(one), all.indexOf(other)];
      return first < 0 || second < 0 ? undefined : first < second;
    },
  };
}

export type Crossed = {
  readonly ended: CharonSa;
  /** Gone at once, not when the peer has answered: we send on it, and the peer does not. */
  readonly atOnce: boolean;
};

export function crossedSa(sas: readonly CharonSa[], isBefore: Arrivals['isBefore']): Crossed | undefined {
  const [ours, theirs] = [sas.find(({ sa }) => sa.isInitiator), sas.find(({ sa }) => !sa.isInitiator)];
  if (ours === undefined || theirs === undefined || sas.length > 2 || !haveCrossed(ours, theirs)) return undefined;
  const isOursFirst = isBefore(ours.sa.uniqueId, theirs.sa.uniqueId);
  if (isOursFirst === undefined) return undefined;
  // The peer's charon could still end its own, so only the end that began the kept one ends the other unasked.
  const isOursKept = !isOursFirst && (spis(ours.sa) < spis(theirs.sa) || isLeftFor(theirs, ours));
  if (isOursKept) return { ended: theirs, atOnce: false };
  // What the peer sends on it has, and has had last: charon ends the one before.
  return isLeftFor(ours, theirs) ? { ended: ours, atOnce: true } : undefined;
}

function haveCrossed(ours: CharonSa, theirs: CharonSa): boolean {
  const both = [ours, theirs];
  if (both.some(({ sa, isCreatingChild }) => sa.version === 1 || sa.state !== 'ESTABLISHED' || isCreatingChild)) return false;
  if (both.some(({ sa }) => sa.establishedSeconds < calmSeconds)) return false;
  if (Math.abs(ours.sa.establishedSeconds - theirs.sa.establishedSeconds) > sameMomentSeconds) return false;
  const [one, other] = both.map(({ sa }) => sa.childSas.filter(isChildUp).map(selectorsOf).toSorted().join());
  return one !== '' && one === other;
}

/** Every child of `kept` has packets of the peer's now, and none of the other has. */
function isLeftFor(left: CharonSa, kept: CharonSa): boolean {
  const quiet = ({ sa }: CharonSa): readonly number[] =>
    sa.childSas.filter(isChildUp).map(({ packetsIn, quietSeconds }) => (packetsIn === 0 ? Infinity : (quietSeconds ?? Infinity)));
  return quiet(kept).every((seconds) => seconds < calmSeconds) && quiet(left).every((seconds) => seconds >= calmSeconds);
}
