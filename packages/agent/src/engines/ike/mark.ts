/**
 * How we know what is loaded. VICI gives back neither secrets nor most members of a connection, but it does list the ids
 * of shared keys. So a connection's key is loaded under the id `<connection>#<mark>`, last of all its steps, and the mark is
 * a keyed digest of everything rendered, the key and the reset epoch included. Read back from charon itself, it can't be
 * stale: a charon that restarted has no marks, a half-done change has none either. Pure.
 *
 * The digest is keyed because charon logs ids of keys it loads, and a plain digest would let readers guess the key.
 */
import { createHmac } from 'node:crypto';
import { EncodedMessage, encodeMessage } from '@sallyport/protocols';
import type { RenderedConnection } from './render.ts';

/** A shared key and the mark under which it is loaded. */
export type MarkedKey = {
  readonly mark: string;
  /** Raw bytes. */
  readonly key: Uint8Array;
  /** Of the secret. */
  readonly version: number;
  /** Loaded under this mark, the connection is loaded anew and its SAs stay (mode-change.ts). Made only when it is asked for. */
  readonly markBefore?: () => string;
};

/** What a mark depends on beside the connection. */
export type MarkSecret = { readonly key: string; readonly resetEpoch: number; readonly markKey: Uint8Array };

export function markOf(connection: RenderedConnection, secret: MarkSecret): string {
  const more = encodeMessage({ owners: connection.keyOwners, key: secret.key, resetEpoch: `${secret.resetEpoch}` });
  return createHmac('sha256', secret.markKey).update(encodedConnection(connection).bytes).update(more).digest('hex').slice(0, 32);
}

const encoded = new WeakMap<RenderedConnection, EncodedMessage>();

/** As it is loaded, made once: what is marked and what is sent are the same bytes. */
export function encodedConnection(connection: RenderedConnection): EncodedMessage {
  const message = encoded.get(connection) ?? new EncodedMessage({ [connection.name]: connection.body });
  encoded.set(connection, message);
  return message;
}

export function keyId(connection: string, mark: string): string {
  return `${connection}#${mark}`;
}

/** undefined for a key that is not ours. */
export function parseKeyId(id: string): { readonly connection: string; readonly mark: string } | undefined {
  const [connection = '', mark, ...more] = id.split('#');
  return mark === undefined || more.length > 0 ? undefined : { connection, mark };
}
