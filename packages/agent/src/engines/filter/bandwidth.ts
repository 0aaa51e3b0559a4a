/**
 * VGW-OPS-006: what all tunnels of an instance may carry together, each way, where the plan says so. Pure. Counted are the packets inside
 * tunnels, as they are forwarded; what is over the rate is dropped and counted. Not of single tunnels, and not a queue.
 */
import type { InstancePlan } from '@sallyport/model';

/** As much as a full rate brings in this time may come at once: TCP needs about a round trip's worth. */
const burstMs = 100;
/** A packet has to fit. */
const leastBurst = 16_384;

export function bandwidthRules({ bandwidth }: Pick<InstancePlan, 'bandwidth'>): readonly string[] {
  if (bandwidth === undefined) return [];
  const rate = Math.floor(bandwidth.bitsPerSecond / 8);
  const burst = Math.max(leastBurst, Math.floor((rate * burstMs) / 1000));
  const over = `limit rate over ${rate} bytes/second burst ${burst} bytes counter drop`;
  return [`oifname "t*" ${over} comment "bandwidth to sites"`, `iifname "t*" ${over} comment "bandwidth from sites"`];
}
