/**
 * Which SAs of one connection are too many: IKE SAs, and in IKEv1 CHILD SAs. When both ends begin at once, each completes the other's exchange and two stand side
 * by side; charon ends one of them only if it saw the first established before it answered the second, and in IKEv1 often not at
 * all. IKEv1 has no rekeying but a new quick mode beside the old one (RFC 2409 §5.5). Pure; ending them is supervise.ts.
 */
import type { ChildSaObservation, IkeSaObservation } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { isChildUp, isIkeUp } from './status.ts';

/** charon's own delay before it ends what a newer SA replaces is 10 s, and a reauthentication has two SAs for as long. */
const settledSeconds = 15;
/** Established within this time of each other, both ends can't tell which is the newer. */
const sameMomentSeconds = 2;

/** All but one of the SAs that have long been up together. None while a new one may still replace an old one by itself. */
export function duplicateSas(sas: readonly CharonSa[]): readonly CharonSa[] {
  const up = sas.filter(({ sa }) => isIkeUp(sa));
  if (up.length < 2 || up.some(({ sa }) => sa.establishedSeconds < settledSeconds)) return [];
  const newest = Math.min(...up.map(({ sa }) => sa.establishedSeconds));
  const equallyNew = up.filter(({ sa }) => sa.establishedSeconds - newest <= sameMomentSeconds);
  // The newest, or a peer that lost its state would be left with an SA it does not know. Of equals both ends choose the same.
  const [kept] = equallyNew.toSorted((a, b) => (spis(a.sa) < spis(b.sa) ? -1 : 1));
  return up.filter((one) => one !== kept);
}

/**
 * IKEv1: CHILD SAs in whose place the peer began another, on which it sends now. charon ends the older by itself where both are of one child of
 * its configuration; what we asked for and what a peer asked for are two (docs/adr/0031).
 */
export function supersededChildren(sas: readonly CharonSa[]): readonly ChildSaObservation[] {
  const children = sas.filter(({ sa }) => sa.version === 1 && isIkeUp(sa)).flatMap(({ sa }) => sa.childSas.filter(isChildUp));
  return children.filter((old) => children.some((other) => selectorsOf(old) === selectorsOf(other) && isInPlaceOf(other, old)));
}

function isInPlaceOf(other: ChildSaObservation, old: ChildSaObservation): boolean {
  // charon numbers its CHILD SAs as they come.
  if (other.packetsIn === 0 || Number(other.uniqueId) < Number(old.uniqueId)) return false;
  // Of two that are about equally old, only one that the peer has left; each end could take the other for it otherwise.
  const isPlainlyNewer = old.installedSeconds - other.installedSeconds > sameMomentSeconds;
  return isPlainlyNewer || (other.quietSeconds ?? Infinity) < (old.quietSeconds ?? Infinity);
}

function selectorsOf({ localSelectors, remoteSelectors }: ChildSaObservation): string {
  return `${localSelectors.toSorted().join()} ${remoteSelectors.toSorted().join()}`;
}

function spis({ initiatorSpi, responderSpi }: IkeSaObservation): string {
  return `${initiatorSpi}${responderSpi}`;
}
