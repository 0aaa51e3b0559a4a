/**
 * VGW-OPS-006: what all tunnels of an instance may carry together, each way, where the plan says so. Pure. Counted are the packets inside
 * tunnels, as they are forwarded; what is over the rate is dropped and counted. Not of single tunnels, and not a queue.
 */
import type { EngineObservation, InstancePlan } from '@sallyport/model';

/** As much as a full rate brings in this time may come at once: TCP needs about a round trip's worth. */
const burstMs = 100;
/** A packet has to fit. */
const leastBurst = 16_384;
/** In the rules' comments, by which their counters are read. */
const [toSites, fromSites] = ['bandwidth to sites', 'bandwidth from sites'];

export function bandwidthRules({ bandwidth }: Pick<InstancePlan, 'bandwidth'>): readonly string[] {
  if (bandwidth === undefined) return [];
  const rate = Math.floor(bandwidth.bitsPerSecond / 8);
  const burst = Math.max(leastBurst, Math.floor((rate * burstMs) / 1000));
  const over = `limit rate over ${rate} bytes/second burst ${burst} bytes counter drop`;
  return [`oifname "t*" ${over} comment "${toSites}"`, `iifname "t*" ${over} comment "${fromSites}"`];
}

/** @param packets of the table that stands, by comment; empty when it was loaded just now. */
export function bandwidthView(
  { bandwidth }: Pick<InstancePlan, 'bandwidth'>,
  packets: Readonly<Record<string, number>>,
): Pick<EngineObservation, 'bandwidth'> {
  if (bandwidth === undefined) return {};
  const { bitsPerSecond } = bandwidth;
  return { bandwidth: { bitsPerSecond, droppedToSites: packets[toSites] ?? 0, droppedFromSites: packets[fromSites] ?? 0 } };
}
