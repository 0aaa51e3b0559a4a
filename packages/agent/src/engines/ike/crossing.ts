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

/** How IKE SAs came, as far as charon's listing does not tell: it has their age by the second only, and calls whoever made one anew its initiator. */
export type Arrivals = {
  readonly onLog: (line: Pick<LogLine, 'ikeSaId' | 'message'>) => void;
  /** A new charon's numbers begin anew. */
  readonly clear: () => void;
  /** It came of exchanges of its own, seen here; not as the successor of an SA that was rekeyed (RFC 7296 §2.18). */
  readonly isOpened: (one: string) => boolean;
  /** Which had its first child first. Undefined when one of them was not seen to come. */
  readonly isBefore: (one: string, other: string) => boolean | undefined;
};

export function createArrivals(): Arrivals {
  const [order, opened] = [new Set<string>(), new Set<string>()];
  return {
    onLog: ({ ikeSaId, message }) => {
      if (ikeSaId !== undefined && /^CHILD_SA \S+ established with/.test(message)) remember(order, ikeSaId);
      const [, openedId] = /^IKE_SA \S+\[(\d+)\] established between/.exec(message) ?? [];
      if (openedId !== undefined) remember(opened, openedId);
    },
    clear: () => [order, opened].forEach((ids) => ids.clear()),
    isOpened: (one) => opened.has(one),
    isBefore: (one, other) => {
      const all = [...order];
      const [first, second] = [all.indexOf(one), all.indexOf(other)];
      return first < 0 || second < 0 ? undefined : first < second;
    },
  };
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  const [oldest] = ids;
  if (ids.size > remembered && oldest !== undefined) ids.delete(oldest);
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
