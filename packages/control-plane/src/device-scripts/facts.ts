/**
 * What a device script is filled from: one connection as its hosts have it in force, seen from the device. Types only;
 * connection-facts.ts reads them, families/ writes them in a vendor's language.
 */
import type { EspProposal, IkeProposal } from '@sallyport/model';

export type DeviceScriptFacts = {
  /** Resource names, for comments and for objects on the device. */
  readonly connection: string;
  readonly gateway: string;
  readonly localNetworkGateway: string;
  /** One per gateway instance that holds a tunnel of the connection. Never empty. */
  readonly tunnels: readonly DeviceTunnel[];
  /** What the local network gateway says the device is reached at, and therefore its IKE identity. */
  readonly site: { readonly type: 'address' | 'fqdn'; readonly value: string };
  readonly ikeVersion: 1 | 2;
  /** One each, in force on the gateway and possible on the device. */
  readonly ike: IkeProposal;
  readonly esp: EspProposal;
  readonly ikeLifetimeSeconds: number;
  readonly espLifetimeSeconds: number;
  readonly espLifetimeKilobytes: number;
  /** The gateway's timeout, and how often the device should ask to notice as soon. */
  readonly deadPeer: { readonly timeoutSeconds: number; readonly intervalSeconds: number; readonly retries: number };
  /** False when the gateway answers nobody (`connectionMode` InitiatorOnly): the device must wait for it. */
  readonly deviceInitiates: boolean;
  /** The gateway is policy-based and ends an idle tunnel: the device starts it when traffic asks, not to keep it up. */
  readonly startsOnTraffic: boolean;
  /** Any to any: routes decide what goes through. Else the pairs of prefixes, `local` being the device's side. */
  readonly selectors: 'any' | readonly SelectorPair[];
  readonly vnetPrefixes: readonly string[];
  readonly sitePrefixes: readonly string[];
  readonly sharedKey: string;
  readonly mtu: number;
  readonly mss: number;
  /** Only when the connection speaks BGP. */
  readonly bgp?: DeviceBgp;
};

export type DeviceTunnel = {
  readonly gatewayAddress: string;
  /** Where this instance speaks BGP; set exactly when `bgp` is. */
  readonly gatewayBgpAddress?: string;
};

export type SelectorPair = { readonly local: string; readonly remote: string };

export type DeviceBgp = { readonly gatewayAsn: number; readonly siteAsn: number; readonly siteAddress: string };

/** The pairs of prefixes a device without interfaces for tunnels needs, whatever the gateway negotiates. */
export function prefixPairs(facts: Pick<DeviceScriptFacts, 'selectors' | 'sitePrefixes' | 'vnetPrefixes'>): readonly SelectorPair[] {
  if (facts.selectors !== 'any') return facts.selectors;
  return facts.sitePrefixes.flatMap((local) => facts.vnetPrefixes.map((remote) => ({ local, remote })));
}
