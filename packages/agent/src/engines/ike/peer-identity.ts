/**
 * What a peer calls itself (VGW-PEER-004). Azure's gateway knows a device by the address it comes from and by the shared key, whatever identity it
 * shows: a device behind a NAT shows its private address, or a name. charon knows it by identity, so the identity is learned: a peer that
 * was refused for it alone is expected under it from then on, while its connection is down. The key stays the proof, and stays the
 * connection's own: an identity that another connection expects is not learned, for charon could not tell their keys apart.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { LogLine } from '@sallyport/protocols';

export type PeerIdentities = {
  /** @returns whether it changes what is to be expected. */
  readonly onLog: (line: LogLine) => boolean;
  /** What the peer at an address called itself when it was last refused. */
  readonly shownFrom: (address: string) => Shown | undefined;
  /** Whether the peer refused us since: it may not be called so any more. */
  readonly isDoubted: (connection: string) => boolean;
  readonly forget: (connection: string, address: string) => void;
};

export type Shown = {
  readonly identity: string;
  /** Which identity of ours it asked for; undefined when it did not say. */
  readonly asked: string | undefined;
};

/** Strangers can make charon log. */
const remembered = 512;

/** IKEv2 names both ends, IKEv1 only the peer's. */
const looking = /^looking for .*peer configs matching (\S+?)(?:\[(.*)\])?\.\.\.(\S+)\[(.*)\]$/;
/** IKEv2; IKEv1, where the key has already proved itself. */
const refused = /^no matching peer config found|^no .*peer config found|^found \d+ matching configs?, but none allows/;

export function createPeerIdentities(): PeerIdentities {
  const looked = new Map<string, Shown & { readonly address: string }>();
  const shown = new Map<string, Shown>();
  const doubted = new Set<string>();
  return {
    onLog: ({ connection, ikeSaId, message }) => {
      if (connection !== undefined && message.startsWith('received AUTHENTICATION_FAILED')) {
        const isNew = !doubted.has(connection);
        doubted.add(connection);
        return isNew;
      }
      if (ikeSaId === undefined) return false;
      const found = looking.exec(message);
      if (found !== null) {
        const [, , asked, address = '', identity = ''] = found;
        keep(looked, ikeSaId, { address, identity, asked: asked === '%any' ? undefined : asked });
        return false;
      }
      const last = refused.test(message) ? looked.get(ikeSaId) : undefined;
      if (last === undefined || last.identity === '') return false;
      keep(shown, last.address, { identity: last.identity, asked: last.asked });
      return true;
    },
    shownFrom: (address) => shown.get(address),
    isDoubted: (connection) => doubted.has(connection),
    forget: (connection, address) => {
      doubted.delete(connection);
      shown.delete(address);
    },
  };
}

export type IdentityFacts = {
  /** The peer's address, resolved. */
  readonly address: string;
  /** As charon has the connection now. */
  readonly loaded: { readonly address: string; readonly identity: string } | undefined;
  readonly shown: Shown | undefined;
  readonly isUp: boolean;
  readonly isDoubted: boolean;
  /** Whether another connection of the gateway expects it. */
  readonly isTaken: (identity: string) => boolean;
};

/** Under which identity to expect a peer. */
export function identityToExpect({ ike }: Pick<TunnelPlan, 'ike'>, facts: IdentityFacts): string {
  const { address, loaded, shown } = facts;
  if (ike.remoteId !== '%any' && ike.remoteId !== ike.remoteAddress) return ike.remoteId;
  const isForUs = shown !== undefined && (shown.asked === undefined || shown.asked === ike.localId);
  if (isForUs && !facts.isUp && !facts.isTaken(shown.identity)) return shown.identity;
  // One that was learned stays, also when a host name has another address now.
  const isLearned = loaded !== undefined && loaded.identity !== '' && loaded.identity !== loaded.address && !facts.isTaken(loaded.identity);
  return isLearned && (facts.isUp || !facts.isDoubted) ? loaded.identity : address;
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= remembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
