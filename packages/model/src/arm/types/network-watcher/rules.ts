/**
 * The resource type networkWatchers: at most one per subscription and region, as in Azure. What it does are its actions in the control plane.
 * Source: https://learn.microsoft.com/azure/network-watcher/network-watcher-create
 */
import type { JsonObject } from '../../../json.ts';
import { parseResourceId } from '../../resource-id.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { networkWatcherProperties, networkWatcherTop, type NetworkWatcherAllocated, type NetworkWatcherProperties } from './schema.ts';

export const networkWatcherRules = defineType<NetworkWatcherProperties, NetworkWatcherProperties, NetworkWatcherAllocated, JsonObject>({
  type: types.networkWatcher,
  children: [],
  isPlanned: false,
  top: networkWatcherTop,
  properties: networkWatcherProperties,
  complete: (properties, top) => ({ properties, top }),
  validate: (candidate, _existing, { lookup }) => {
    const other = lookup
      .list(types.networkWatcher)
      .find(
        ({ id, location }) =>
          location === candidate.location &&
          id.toLowerCase() !== candidate.id.toLowerCase() &&
          parseResourceId(id)?.subscriptionId === parseResourceId(candidate.id)?.subscriptionId,
      );
    return when(other !== undefined, () =>
      refuse(
        'NW-001',
        'NetworkWatcherCountLimitReached',
        `Cannot create more than 1 network watchers for this subscription in this region: ${other?.id ?? ''} is there.`,
        'location',
      ),
    );
  },
  allocate: () => ({}),
  validateDelete: () => [],
  references: () => [],
  view: () => ({ runningOperationIds: [] }),
});
