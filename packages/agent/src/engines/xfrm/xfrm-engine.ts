/**
 * ESP for one gateway instance: a tunnel interface `t<ifId>` per connection, and whatever charon needs to find its XFRM.
 * Two implementations, `kernel.ts` and `xfrmd.ts`; charon and the routes can't tell them apart. Keys and policies are
 * charon's business, through NETLINK_XFRM.
 */
import type { ApplyFailure, InstancePlan } from '@sallyport/model';
import type { InstanceEngine } from '../engine.ts';

export type XfrmEngine = InstanceEngine & {
  readonly kind: 'kernel' | 'xfrmd';
  /** The packet filter has to clamp TCP MSS; otherwise the tunnel interface does. */
  readonly leavesMssToFilter: boolean;
  /** For charon's process. */
  readonly charonEnvironment: (namespace: string) => Readonly<Record<string, string>>;
  /** After charon's start: whether it really talks to this engine. An empty list when it does. */
  readonly verify: (instance: InstancePlan, signal: AbortSignal) => Promise<readonly ApplyFailure[]>;
};

export function tunnelDevice(ifId: number): string {
  return `t${ifId}`;
}
