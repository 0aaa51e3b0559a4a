/** Reads the planned namespaces of the lab fabric: one process each, two with a packet filter. Not the orphans: those are known by their run folders. */
import { isAbsent, readNamespace } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { inParallel } from '../../reconcile/in-parallel.ts';
import { observeTable } from '../marked-table.ts';
import type { ObservedFabric } from './diff.ts';
import type { FabricState } from './state.ts';

export type FabricReading = {
  readonly observed: ObservedFabric;
  /** Namespaces that are there and could not be read, with the reason. */
  readonly unreadable: ReadonlyMap<string, string>;
};

export async function observeFabric(context: CommandContext, desired: FabricState): Promise<FabricReading> {
  const unreadable = new Map<string, string>();
  const readings = await inParallel(desired.namespaces, 4, async ({ namespace, sysctls, table: desired }) => {
    try {
      const [read, filter] = await Promise.all([
        readNamespace(context, namespace, Object.keys(sysctls)),
        desired === undefined ? undefined : observeTable(context, namespace),
      ]);
      return [[namespace, { ...read, table: filter?.table }] as const];
    } catch (error) {
      if (!isAbsent(error)) unreadable.set(namespace, error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  return { observed: new Map(readings.flat()), unreadable };
}
