/**
 * Secrets by reference. A version never changes its value, so a copy is as good as the control plane's: memory first, then
 * the 0600 file, then the network. Copies that no plan mentions are removed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { secretReferences } from '@sallyport/model';
import type { HostPlan, SecretReference } from '@sallyport/model';
import { Secret, writeWholeFile } from '@sallyport/runtime';
import type { HostPaths } from '../engines/engine.ts';
import { readFileIfPresent } from './files.ts';

export type SecretStore = {
  /** @throws LinkError when it is nowhere to be had. */
  readonly secret: (reference: SecretReference) => Promise<Secret>;
  readonly prune: (plan: HostPlan) => void;
};

/** @param keepsCopies false keeps secrets in memory only; after a restart the host then needs the control plane. */
export function openSecretStore(
  paths: Pick<HostPaths, 'stateDirectory'>,
  fetch: (reference: SecretReference) => Promise<Secret>,
  keepsCopies: boolean,
): SecretStore {
  const directory = join(paths.stateDirectory, 'secrets');
  const known = new Map<string, Secret>();
  return {
    secret: async (reference) => {
      const name = fileName(reference);
      const remembered = known.get(name);
      if (remembered !== undefined) return remembered;
      const copy = readFileIfPresent(join(directory, name));
      const secret = copy === undefined ? await fetch(reference) : new Secret(copy);
      if (copy === undefined && keepsCopies) writeWholeFile(join(directory, name), secret.reveal());
      known.set(name, secret);
      return secret;
    },
    prune: (plan) => {
      const used = new Set(secretReferences(plan).map(fileName));
      for (const name of [...known.keys(), ...filesIn(directory)]) {
        if (used.has(name)) continue;
        known.delete(name);
        rmSync(join(directory, name), { force: true });
      }
    },
  };
}

function fileName(reference: SecretReference): string {
  return `${createHash('sha256').update(reference.id).digest('hex').slice(0, 40)}-${reference.version}`;
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // node:fs throws these
    throw error;
  }
}
