/**
 * Which IKE SAs of one connection are too many. When both ends begin at once, each completes the other's exchange and two stand side
 * by side; charon ends one of them only if it saw the first established before it answered the second, and in IKEv1 often not at
 * all. Pure; ending them is supervise.ts.
 */
import type { IkeSaObservation } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { isIkeUp } from './status.ts';

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

function spis({ initiatorSpi, responderSpi }: IkeSaObservation): string {
  return `${initiatorSpi}${responderSpi}`;
}
