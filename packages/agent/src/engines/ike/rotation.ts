/**
 * A connection whose shared key is being rotated may use two keys, of which one is loaded at a time: charon would verify a peer
 * against both, yet sign with the first only, and the peer with the other would refuse that (docs/adr/0037). So when the
 * peer turns out to have the other key, the keys change places. Which is loaded is read back from charon, never remembered.
 */
import { viciRead, type ViciSession } from '@sallyport/protocols';
import { loadKey } from './apply.ts';
import type { Known } from './desired.ts';
import { keyId } from './mark.ts';
import type { CharonSa } from './observe.ts';
import type { Finding } from './reasons.ts';
import { isIkeUp } from './status.ts';

/** Never while an IKE SA is up: that one has proved its key, and whoever failed is somebody else. */
export function mustTurn({ keys }: Known, sas: readonly CharonSa[], finding: Finding | undefined): boolean {
  return keys.length > 1 && finding?.code === 'WrongKey' && !sas.some(({ sa }) => isIkeUp(sa));
}

/** Unloads the key there is and loads the other. A crash in between leaves a connection without a key, which the next pass loads anew. */
export async function turnKey(session: ViciSession, known: Known, peerAddress: string): Promise<void> {
  const { rendered, keys } = known;
  const current = await loadedKey(session, known);
  const next = keys.find((other) => other !== current) ?? keys[0];
  if (current !== undefined) await session.unloadShared(keyId(rendered.name, current.mark));
  await endAttempts(session, rendered.name, peerAddress);
  await loadKey(session, rendered, next);
}

/** The version of the key that is loaded, for connections that may use two. */
export async function keyVersionInUse(session: ViciSession, known: Known): Promise<number | undefined> {
  return known.keys.length > 1 ? (await loadedKey(session, known))?.version : undefined;
}

async function loadedKey(session: ViciSession, { rendered, keys }: Known): Promise<Known['keys'][number] | undefined> {
  const loaded = new Set(await session.sharedKeyIds());
  return keys.find(({ mark }) => loaded.has(keyId(rendered.name, mark)));
}

/** Exchanges under way have the old key in them (IKEv1 derives its keys from it), and would fail again and again. */
async function endAttempts(session: ViciSession, connection: string, peerAddress: string): Promise<void> {
  for (const { name, body } of await session.listSas()) {
    const isOurs = name === connection || (name === '(unnamed)' && viciRead.text(body, 'remote-host') === peerAddress);
    const ikeId = viciRead.text(body, 'uniqueid');
    if (isOurs && ikeId !== undefined) await session.terminate({ ikeId, force: true, timeoutMs: 0 });
  }
}
