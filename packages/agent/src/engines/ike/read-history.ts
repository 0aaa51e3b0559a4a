/** Histories of tunnels as they are on disk, for who asks: the control plane, and `sallyport history`, also while no agent runs. */
import { join } from 'node:path';
import type { HostPlan, IkeHistoryEntry, ResourceId } from '@sallyport/model';
import { resourceKey, resourceName } from '@sallyport/model';
import { readFileIfPresent } from '../../link/files.ts';
import type { HostPaths } from '../engine.ts';
import { historyDirectory, readHistory } from './history.ts';

export type TunnelHistory = { readonly connection: ResourceId; readonly entries: readonly IkeHistoryEntry[] };

/** @param wanted ids, or bare names. */
export function readHistories(
  paths: Pick<HostPaths, 'stateDirectory'>,
  plan: Pick<HostPlan, 'instances'>,
  wanted: readonly string[],
): readonly TunnelHistory[] {
  const keys = new Set(wanted.map((name) => (name.includes('/') ? resourceKey(name) : name.toLowerCase())));
  return plan.instances.flatMap(({ namespace, tunnels }) =>
    tunnels
      .filter(({ connection }) => keys.has(resourceKey(connection)) || keys.has(resourceName(connection).toLowerCase()))
      .map(({ connection, name }) => ({ connection, entries: readHistory(historyDirectory(paths, namespace), name) })),
  );
}

/** By the plan this host stored last. */
export function readStoredHistories(paths: Pick<HostPaths, 'stateDirectory'>, wanted: readonly string[]): readonly TunnelHistory[] {
  const stored = readFileIfPresent(join(paths.stateDirectory, 'plan.json'));
  if (stored === undefined) return [];
  const { plan } = JSON.parse(stored) as { readonly plan: HostPlan }; // written by plan-store.ts
  return readHistories(paths, plan, wanted);
}
