/**
 * What a user should know of the tag `sallyport:bandwidth`: that a gateway has dropped packets for it, and that it does nothing where it is not a
 * gateway's. The limit itself is the agent's filter (docs/adr/0048-a-gateways-bandwidth-is-policed.md).
 */
import type { EngineObservation } from '@sallyport/model';
import { bandwidthTag, types } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { listRecords } from '../store/records.ts';
import type { Condition } from './conditions.ts';

/** @param resource the gateway, @param role of the instance. */
export function bandwidthConditions(
  place: { readonly resource: string; readonly host: string; readonly role: string },
  engines: readonly EngineObservation[],
): readonly Condition[] {
  const { role, ...about } = place;
  return engines.flatMap(({ bandwidth }) => {
    if (bandwidth === undefined || bandwidth.droppedToSites + bandwidth.droppedFromSites === 0) return [];
    const { bitsPerSecond, droppedToSites, droppedFromSites } = bandwidth;
    const text = `instance ${role} may carry ${bitsPerSecond / 1e6} Mbit/s each way and has dropped what was over it since its filter was loaded: ${droppedToSites} packets to sites, ${droppedFromSites} from sites`;
    return [{ code: 'BandwidthExceeded', severity: 'note' as const, title: 'Packets over the bandwidth were dropped', text, ...about }];
  });
}

/** On resource groups too: in Azure they hand no tags on. */
export function tagConditions({ resources, store }: ArmContext): readonly Condition[] {
  const others = resources.all().filter(({ type }) => type.toLowerCase() !== types.virtualNetworkGateway.toLowerCase());
  return [...others, ...listRecords(store, 'group')].flatMap(({ id, name, tags }) => {
    // Names of tags are compared without case, as in Azure.
    if (!Object.keys(tags).some((key) => key.toLowerCase() === bandwidthTag)) return [];
    const text = `its tag ${bandwidthTag} has no effect: only a virtual network gateway has a bandwidth`;
    return [{ code: 'TagNotInEffect', severity: 'warning' as const, title: `A tag of ${name} is not in effect`, text, resource: id }];
  });
}
