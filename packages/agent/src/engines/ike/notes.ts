/** What is worth knowing of a tunnel that works: no fault, but the first thing to look at when it one day does not. Pure. */
import type { ConnectionObservation, IkeSaObservation } from '@sallyport/model';
import type { CharonSa } from './observe.ts';
import { isIkeUp } from './status.ts';

type Note = NonNullable<ConnectionObservation['notes']>[number];

export function notesOf(sas: readonly CharonSa[]): readonly Note[] {
  const newest = sas.findLast(({ sa }) => isIkeUp(sa))?.sa;
  const nat = newest === undefined ? undefined : natNote(newest);
  return nat === undefined ? [] : [nat];
}

/**
 * VGW-PEER-005. What IKE tells of a NAT are hashes of addresses (RFC 7296 §2.23), and a device that wants its ESP in UDP in any case sends wrong
 * ones: from the hash alone nobody can tell. Another port or another name of the peer can't be anything but a NAT.
 */
function natNote(sa: IkeSaObservation): Note | undefined {
  if (sa.isPeerBehindNat !== true) return undefined;
  const seen = `${sa.remoteAddress} port ${sa.remotePort}`;
  const identity = sa.peerIdentity ?? '';
  const isOtherAddress = /^[\d.]+$|:/.test(identity) && identity !== sa.remoteAddress;
  if (isOtherAddress || !standardPorts.has(sa.remotePort)) {
    const named = identity === '' || identity === sa.remoteAddress ? '' : ` and calls itself ${identity}`;
    return { code: 'NatBetween', message: `a NAT is between: the peer is seen at ${seen}${named}` };
  }
  return {
    code: 'PeerEncapsulates',
    message: `peer ${seen} says that it is behind a NAT, by nothing but the hash of its address: a NAT, or a device that always has its ESP in UDP`,
  };
}

const standardPorts: ReadonlySet<number> = new Set([500, 4500]);
