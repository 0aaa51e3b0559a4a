/**
 * Which SAs of one connection are too many: IKE SAs and CHILD SAs. When both ends begin at once, each completes the other's exchange and two stand side
 * by side; charon ends one of them only if it saw the first established before it answered the second, and in IKEv1 often not at
 * all. Some peers then ask for their child also in the IKE SA that we began. IKEv1 has no rekeying but a new quick mode beside the old one
 * (RFC 2409 §5.5). What may be ended sooner is crossing.ts. Pure; ending them is supervise.ts.
 */
import type { ChildSaObservation, IkeSaObservation } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { isChildUp, isIkeUp } from './status.ts';

/** charon's own delay before it ends what a newer SA replaces is 10 s, and a reauthentication has two SAs for as long. */
const settledSeconds = 15;
/** Established within this time of each other, both ends can't tell which is the newer. */
export const sameMomentSeconds = 2;
/** charon's state of a CHILD SA that another has replaced. */
const rekeyed = 'REKEYED';

export type DuplicateSas = {
  readonly ended: readonly CharonSa[];
  /** Nothing is ended before the peer has shown that it has this one. */
  readonly unproven?: CharonSa;
};

/**
 * All but one of the SAs that have long been up together. None while a new one may still replace an old one by itself.
 * @param isAnswered whether the peer was asked for its proof of an SA, and gave one (proofs.ts).
 */
export function duplicateSas(sas: readonly CharonSa[], isAnswered: (one: CharonSa) => boolean): DuplicateSas {
  const up = sas.filter(({ sa }) => isIkeUp(sa));
  if (up.length < 2 || up.some(({ sa }) => sa.establishedSeconds < settledSeconds)) return { ended: [] };
  // The newest, or a peer that lost its state would be left with an SA it does not know. Of equals both ends choose the same.
  const equals = newestOf(up, ({ sa }) => sa.establishedSeconds).toSorted((a, b) => (spis(a.sa) < spis(b.sa) ? -1 : 1));
  const [kept] = equals;
  const bothSince = Math.min(...up.map(({ sa }) => sa.establishedSeconds));
  if (kept !== undefined && equals.length > 1 && !isAnswered(kept) && !isProven(kept.sa, bothSince)) return { ended: [], unproven: kept };
  return { ended: up.filter((one) => one !== kept) };
}

/**
 * IKEv2: whether the peer has used this SA since both stand, for a packet or for an exchange. INITIAL_CONTACT in ours has it end its own without a word
 * (RFC 7296 §2.4), when ours comes after its own was established.
 */
function isProven({ version, childSas }: IkeSaObservation, bothSince: number): boolean {
  const since = bothSince - sameMomentSeconds - 1;
  const children = childSas.filter(isChildUp);
  return version === 1 || children.length === 0 || children.some((child) => child.installedSeconds <= since || quietOf(child) <= since);
}

function quietOf({ packetsIn, quietSeconds }: ChildSaObservation): number {
  return packetsIn === 0 ? Infinity : (quietSeconds ?? Infinity);
}

/**
 * IKEv2: all but one of the CHILD SAs with the same selectors that have long stood in one IKE SA, as both ends see it (docs/adr/0047). None where the
 * connection has two IKE SAs: the children go with the one that is ended.
 */
export function duplicateChildren(sas: readonly CharonSa[]): readonly ChildSaObservation[] {
  const [only, ...more] = sas.filter(({ sa }) => isIkeUp(sa));
  if (only === undefined || more.length > 0 || only.sa.version === 1 || only.isCreatingChild) return [];
  const alike = Map.groupBy(only.sa.childSas.filter(isChildUp), selectorsOf);
  return [...alike.values()].flatMap((children) => {
    // While one is rekeyed its successor stands beside it.
    if (children.some(({ state, installedSeconds }) => state !== 'INSTALLED' || installedSeconds < settledSeconds)) return [];
    const kept = keptOf(only.sa, children);
    return children.filter((one) => one !== kept);
  });
}

/** The newest: both ends send on it, so that ending the others loses no packet. */
function keptOf(sa: IkeSaObservation, children: readonly ChildSaObservation[]): ChildSaObservation | undefined {
  const newest = newestOf(children, ({ installedSeconds }) => installedSeconds);
  const later = newest.filter((one) => !isOfIkeAuth(sa, one));
  // Of two that crossed each end has another for the newer; the SPIs are the same on both.
  return (later.length === 0 ? newest : later).toSorted((a, b) => (childSpis(a) < childSpis(b) ? -1 : 1))[0];
}

/** The child that came with the IKE SA is older than any other on both ends, if only by the moment that no clock tells. */
function isOfIkeAuth(sa: IkeSaObservation, child: ChildSaObservation): boolean {
  // charon numbers its CHILD SAs as they come.
  const isFirst = sa.childSas.every(({ uniqueId }) => Number(child.uniqueId) <= Number(uniqueId));
  // An IKE SA that was rekeyed is younger than its children.
  return isFirst && Math.abs(sa.establishedSeconds - child.installedSeconds) <= 1;
}

/**
 * IKEv1: CHILD SAs in whose place there is another: the peer sends on it, or has had time to. Where both are of one child of its configuration charon calls the
 * older REKEYED and keeps it until it expires; what we asked for and what a peer asked for are two (docs/adr/0031), and both count as installed.
 */
export function supersededChildren(sas: readonly CharonSa[]): readonly ChildSaObservation[] {
  const children = sas.filter(({ sa }) => sa.version === 1 && isIkeUp(sa)).flatMap(({ sa }) => sa.childSas);
  const up = children.filter(isChildUp);
  const standing = children.filter((child) => isChildUp(child) || child.state === rekeyed);
  return standing.filter((old) => up.some((other) => selectorsOf(old) === selectorsOf(other) && isInPlaceOf(other, old)));
}

/** charon numbers them when a quick mode begins, and two that cross end in either order: the numbers only part equals. */
function isInPlaceOf(other: ChildSaObservation, old: ChildSaObservation): boolean {
  const youngerBy = old.installedSeconds - other.installedSeconds;
  if (youngerBy < -sameMomentSeconds) return false;
  if (old.state === rekeyed || youngerBy > sameMomentSeconds) return other.packetsIn > 0 || other.installedSeconds >= settledSeconds;
  if (Number(other.uniqueId) <= Number(old.uniqueId)) return false;
  // Of two that are about equally old, only one that the peer has left; each end could take the other for it otherwise.
  return other.packetsIn > 0 && (other.quietSeconds ?? Infinity) < (old.quietSeconds ?? Infinity);
}

function newestOf<T>(all: readonly T[], ageOf: (one: T) => number): readonly T[] {
  const newest = Math.min(...all.map(ageOf));
  return all.filter((one) => ageOf(one) - newest <= sameMomentSeconds);
}

export function selectorsOf({ localSelectors, remoteSelectors }: ChildSaObservation): string {
  return `${localSelectors.toSorted().join()} ${remoteSelectors.toSorted().join()}`;
}

export function spis({ initiatorSpi, responderSpi }: IkeSaObservation): string {
  return `${initiatorSpi}${responderSpi}`;
}

/** Either end has the other's inbound for its outbound. */
function childSpis({ inboundSpi, outboundSpi }: ChildSaObservation): string {
  return [inboundSpi, outboundSpi].toSorted().join('');
}
