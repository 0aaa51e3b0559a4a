/** The desired state of the lab fabric as data: what `render.ts` makes of a plan and `diff.ts` compares with reality. */
import type { ResourceId } from '@sallyport/model';
import type { IpRoute, IpRule } from '@sallyport/protocols';
import type { MarkedTable } from '../marked-table.ts';

export type DeviceState = {
  readonly name: string;
  readonly isBridge: boolean;
  /** Bridge this is a port of. */
  readonly master?: string;
  readonly alias?: string;
  /** With mask. */
  readonly addresses: readonly string[];
  readonly resource: ResourceId | undefined;
};

export type RouteState = IpRoute & { readonly resource: ResourceId | undefined };

export type NamespaceState = {
  /** Without the fabric's prefix. */
  readonly namespace: string;
  /** Whom a failure of the namespace as a whole concerns. */
  readonly resources: readonly ResourceId[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceState[];
  readonly routes: readonly RouteState[];
  readonly rules: readonly IpRule[];
  /** Packet filter and NAT. */
  readonly table?: MarkedTable;
};

/** A veth pair: `l<linkId>` in the router's namespace, `device` in the node's. */
export type PairState = {
  readonly name: string;
  /**
   * Interface index of the router's end. Two ends that happen to have the same index in their namespaces look to the
   * kernel like no pair, and it then reports their carrier up to 2 s late: a bridge port forwards nothing so long.
   * Source: linkwatch_urgent_event() in net/core/link_watch.c; measured: 1–2 s against 3 ms.
   */
  readonly index: number;
  readonly routerNamespace: string;
  readonly nodeNamespace: string;
  readonly device: string;
  readonly alias: string;
  readonly resource: ResourceId;
};

export type FabricState = { readonly namespaces: readonly NamespaceState[]; readonly pairs: readonly PairState[] };
