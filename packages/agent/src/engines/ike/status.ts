/** Whether a tunnel is up, what has to be started so that it gets up, and what should not be there. Pure. */
import { contains, parseCidr } from '@sallyport/model';
import type { ChildSaObservation, ConnectionStatus, IkeSaObservation, TunnelPlan } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { anywhere, type RenderedChild } from './render.ts';

/** States in which an SA carries traffic; while it is rekeyed the old one still does. */
const ikeUp: ReadonlySet<string> = new Set(['ESTABLISHED', 'REKEYING']);
const childUp: ReadonlySet<string> = new Set(['INSTALLED', 'REKEYING', 'UPDATING']);
const childComing: ReadonlySet<string> = new Set(['CREATED', 'INSTALLING', 'RETRYING']);

export function isIkeUp(sa: IkeSaObservation): boolean {
  return ikeUp.has(sa.state);
}

/** Our own attempt, to which the peer has not said anything yet: it has no SPI of the peer's. */
function isUnanswered(sa: IkeSaObservation): boolean {
  return sa.isInitiator && (sa.state === 'CREATED' || sa.state === 'CONNECTING') && /^0*$/.test(sa.responderSpi);
}

/**
 * Of a connection's SAs, those attempts of ours that its peer has made needless: it has not answered them, and has come by itself. A main mode
 * made anew holds the children from its beginning, and ends them with itself: only children of another IKE SA make it needless.
 */
export function needlessAttempts(sas: readonly CharonSa[]): readonly CharonSa[] {
  const up = sas.filter(({ sa }) => isIkeUp(sa));
  const carries = up.some(({ sa }) => sa.childSas.some(isChildUp));
  return up.length === 0 ? [] : sas.filter(({ sa }) => isUnanswered(sa) && (carries || sa.childSas.length === 0));
}

/**
 * SAs that the end opened which `connectionMode` does not let open one, without those that only follow another: either end may make an SA anew, and is the
 * initiator of the new one. An attempt of ours that was answered is left to finish, so that its end is heard by a peer that may have it already. IKEv1 makes a
 * main mode anew by opening another: ours are left alone there.
 * @param isOpened whether an SA was seen to come of exchanges of its own (crossing.ts): one that is older than the agent stands.
 */
export function unaskedSas(
  sas: readonly CharonSa[],
  { initiates, responds }: Pick<TunnelPlan['ike'], 'initiates' | 'responds'>,
  isOpened: (uniqueId: string) => boolean,
): readonly CharonSa[] {
  return sas.filter(({ sa }) => {
    if (sa.isInitiator ? initiates || sa.version === 1 : responds) return false;
    if (sa.state === 'CONNECTING' || sa.state === 'CREATED') return !sa.isInitiator || isUnanswered(sa);
    return sa.state !== 'DELETING' && isOpened(sa.uniqueId);
  });
}

/**
 * An IKEv1 SA whose main mode was to be made anew, and was not: the peer refused, and its children are gone with the new SA. charon leaves it
 * in this state, and begins no child in it, until its lifetime ends.
 */
export function stalledSas(sas: readonly CharonSa[]): readonly CharonSa[] {
  const stalled = sas.filter(({ sa }) => sa.version === 1 && sa.state === 'REKEYING' && sa.childSas.length === 0);
  return sas.length === stalled.length ? stalled : [];
}

export function isChildUp(child: ChildSaObservation): boolean {
  return childUp.has(child.state);
}

/**
 * Connected with an established IKE SA and a child SA installed; several SAs of one connection are no fault. While IKEv1 makes a main mode
 * anew its children, which carry packets all the time, are already those of the new IKE SA.
 */
export function connectionStatus(sas: readonly CharonSa[], hasReason: boolean): ConnectionStatus {
  const mayCarry = ({ sa }: CharonSa): boolean => isIkeUp(sa) || (sa.version === 1 && sa.state === 'CONNECTING');
  if (sas.some(({ sa }) => isIkeUp(sa)) && sas.some((one) => mayCarry(one) && one.sa.childSas.some(isChildUp))) return 'Connected';
  return hasReason ? 'NotConnected' : 'Connecting';
}

/**
 * Children of one connection that nobody is bringing up, by name. None while charon is at work on the connection, so that
 * there is never more than one start of a connection under way; none that a peer brought up.
 */
export function missingChildren(required: readonly RenderedChild[], sas: readonly CharonSa[]): readonly string[] {
  if (sas.some(({ sa, isCreatingChild }) => sa.state === 'CREATED' || sa.state === 'CONNECTING' || (isIkeUp(sa) && isCreatingChild)))
    return [];
  const children = sas.filter(({ sa }) => isIkeUp(sa)).flatMap(({ sa }) => sa.childSas);
  const present = children.filter((child) => isChildUp(child) || childComing.has(child.state));
  return required.filter((wanted) => !present.some((child) => covers(child, wanted))).map((child) => child.name);
}

/**
 * Any to any is one tunnel whose peer may narrow it: where the peer opened one already, the tunnel is there. Of several pairs each is
 * there when a child carries all of it.
 */
function covers(child: ChildSaObservation, wanted: RenderedChild): boolean {
  if (child.name === wanted.name || isAnything(wanted)) return true;
  return holdsAll(child.localSelectors, wanted.local) && holdsAll(child.remoteSelectors, wanted.remote);
}

function isAnything({ local, remote }: RenderedChild): boolean {
  return local.join() === anywhere && remote.join() === anywhere;
}

function holdsAll(selectors: readonly string[], wanted: readonly string[]): boolean {
  // Selectors of a protocol or of a range are no prefixes, and hold none.
  const present = selectors.flatMap((selector) => parseCidr(selector) ?? []);
  return wanted.every((prefix) => {
    const cidr = parseCidr(prefix);
    return cidr !== undefined && present.some((other) => contains(other, cidr));
  });
}
