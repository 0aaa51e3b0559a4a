/**
 * Carries out one change of diff.ts over VICI. The order makes a crash at any line harmless: the mark (the key's id) goes
 * first and comes back last, so an unfinished change is simply seen as still to do.
 */
import type { ViciSession } from '@sallyport/protocols';
import type { Change } from './diff.ts';
import { encodedConnection, keyId, type MarkedKey } from './mark.ts';
import type { OwnCertificate } from './own-certificate.ts';
import type { RenderedConnection } from './render.ts';

export type Desired = {
  readonly rendered: RenderedConnection;
  /** Any of these is right; the first is loaded when none is. */
  readonly keys: readonly [MarkedKey, ...MarkedKey[]];
  readonly certificate?: OwnCertificate;
};

/** @throws ViciError when charon refuses a part; what was done stays done and is completed next time. */
export async function applyChange(session: ViciSession, change: Change, desired: Desired | undefined): Promise<void> {
  // A standing SA may have to prove its key at any moment; cut short, it is done again.
  if (change.kind !== 'reload') for (const id of change.staleKeyIds) await session.unloadShared(id);
  switch (change.kind) {
    case 'sweepKey':
      return;
    case 'remove':
      await session.unloadConnection(change.name);
      await endSas(session, change.name);
      return;
    case 'add':
    case 'reload':
    case 'replace': {
      if (desired === undefined) throw new Error(`nothing rendered for ${change.name}`);
      const { rendered, keys, certificate } = desired;
      if (certificate !== undefined) await loadCertificate(session, certificate);
      await session.loadEncoded(encodedConnection(rendered));
      if (change.kind === 'replace') await endSas(session, rendered.name);
      await loadKey(session, rendered, keys[0]);
      if (change.kind === 'reload') for (const id of change.staleKeyIds) await session.unloadShared(id);
    }
  }
}

/** Loading again what is there changes nothing. Issuers are for the peer to follow; which authority counts is the connection's own. */
async function loadCertificate(session: ViciSession, { issuers, privateKey }: OwnCertificate): Promise<void> {
  for (const issuer of issuers) await session.loadCertificate('NONE', issuer);
  await session.loadPrivateKey(privateKey);
}

/** Unloads private keys that no connection has any more. Certificates are public, and stay until charon ends. */
export async function sweepPrivateKeys(session: ViciSession, wanted: Iterable<Desired>): Promise<void> {
  const kept = new Set([...wanted].flatMap(({ certificate }) => certificate?.keyId ?? []));
  for (const id of await session.privateKeyIds()) if (!kept.has(id)) await session.unloadPrivateKey(id);
}

export async function loadKey(session: ViciSession, { name, keyOwners }: RenderedConnection, { mark, key }: MarkedKey): Promise<void> {
  await session.loadShared({ id: keyId(name, mark), key, owners: keyOwners });
}

/** Tells the peer and does not wait for its answer: a silent peer must not hold up the others. */
async function endSas(session: ViciSession, name: string): Promise<void> {
  await session.terminate({ ike: name, force: true, timeoutMs: 0 });
}
