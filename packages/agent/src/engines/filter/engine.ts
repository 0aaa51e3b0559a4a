/** nftables of one gateway instance. A namespace takes its tables along when it goes, so there is nothing to remove. */
import type { EngineObservation, InstancePlan } from '@sallyport/model';
import type { TableReading } from '@sallyport/protocols';
import type { InstanceEngine } from '../engine.ts';
import { writeSysctls } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { isLoaded, loadTable, observeTable } from '../marked-table.ts';
import { bandwidthView } from './bandwidth.ts';
import { renderFilter } from './render.ts';

const forwarding = 'net.ipv4.ip_forward';

/** @param clampsMss whether tunnel interfaces leave TCP MSS to us. */
export function createFilterEngine(context: CommandContext, clampsMss: boolean): InstanceEngine {
  /** What the last pass found, for observations between passes. */
  const views = new Map<string, EngineObservation>();
  /** @returns what the table that stands has counted: it is read in every pass anyway. */
  const reconcile = async (instance: InstancePlan): Promise<TableReading['packets']> => {
    const desired = renderFilter(instance, clampsMss);
    const { table, sysctls } = await observeTable(context, instance.namespace, [forwarding]);
    const stands = isLoaded(desired, table);
    if (!stands) await loadTable(context, instance.namespace, desired);
    // Only ever behind a loaded filter.
    if (sysctls[forwarding] !== '1') await writeSysctls(context, instance.namespace, { [forwarding]: '1' });
    return stands ? (table?.packets ?? {}) : {};
  };
  return {
    name: 'filter',
    reconcile: async (instance) => {
      try {
        const packets = await reconcile(instance);
        views.set(instance.namespace, { name: 'filter', isHealthy: true, ...bandwidthView(instance, packets) });
        return [];
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        views.set(instance.namespace, { name: 'filter', isHealthy: false, detail });
        throw error;
      }
    },
    observe: (instance) => {
      const view = views.get(instance.namespace);
      return Promise.resolve({ engines: view === undefined ? [] : [view], connections: [] });
    },
    remove: (namespace) => {
      views.delete(namespace);
      return Promise.resolve();
    },
  };
}
