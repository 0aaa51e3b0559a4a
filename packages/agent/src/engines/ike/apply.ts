/**
 * Carries out one change of diff.ts over VICI. The order makes a crash at any line harmless: the mark (the key's id) goes
 * first and comes back last, so an unfinished change is simply seen as still to do.
 */
import type { ViciSession } from '@sallyport/protocols';
import type { Change } from './diff.ts';
import { keyId } from './mark.ts';
import type { RenderedConnection } from './render.ts';

export type Desired = {
  readonly rendered: RenderedConnection;
  readonly mark: string;
  /** Raw bytes of the shared key. */
  readonly key: Uint8Array;
};

/** @throws ViciError when charon refuses a part; what was done stays done and is completed next time. */
export async function applyChange(session: ViciSession, change: Change, desired: Desired | undefined): Promise<void> {
  for (const id of change.staleKeyIds) await session.unloadShared(id);
  switch (change.kind) {
    case 'sweepKey':
      return;
    case 'remove':
      await session.unloadConnection(change.name);
      await endSas(session, change.name);
      return;
    case 'replace': {
      if (desired === undefined) throw new Error(`nothing rendered for ${change.name}`);
      const { rendered, mark, key } = desired;
      await session.loadConnection(rendered.name, rendered.body);
      await endSas(session, rendered.name);
      await session.loadShared({ id: keyId(rendered.name, mark), key, owners: rendered.keyOwners });
    }
  }
}

/** Tells the peer and does not wait for its answer: a silent peer must not hold up the others. */
async function endSas(session: ViciSession, name: string): Promise<void> {
  await session.terminate({ ike: name, force: true, timeoutMs: 0 });
}
