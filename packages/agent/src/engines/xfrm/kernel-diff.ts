/** XFRM interfaces of one instance: what to change so that there is one per tunnel. Pure. ip-link(8), type xfrm. */
import type { InstancePlan, ResourceId, TunnelPlan } from '@sallyport/model';
import { batchLine } from '@sallyport/protocols';
import type { IpLink, NamespaceReading } from '@sallyport/protocols';
import { outerLeg, type OuterLeg } from '../outer-leg.ts';
import { tunnelDevice } from './xfrm-engine.ts';

export type DeviceAction = { readonly line: string; readonly connection: ResourceId | undefined };

export function diffXfrmInterfaces(instance: InstancePlan, reading: NamespaceReading): readonly DeviceAction[] {
  const existing = reading.links.filter((link) => /^t\d+$/.test(link.name));
  const planned = new Set(instance.tunnels.map((tunnel) => tunnelDevice(tunnel.ifId)));
  return [
    ...instance.tunnels.flatMap((tunnel) =>
      tunnelLines(
        tunnel,
        outerLeg(instance, tunnel),
        existing.find((link) => link.name === tunnelDevice(tunnel.ifId)),
      ).map((line) => ({ line, connection: tunnel.connection })),
    ),
    ...existing
      .filter((link) => !planned.has(link.name))
      .map((link) => ({ line: batchLine('link', 'delete', link.name), connection: undefined })),
  ];
}

/** @param leg the interface of its outer packets: the kernel sends them nowhere else. */
function tunnelLines(tunnel: TunnelPlan, leg: OuterLeg, existing: IpLink | undefined): readonly string[] {
  const device = tunnelDevice(tunnel.ifId);
  const isOurs = existing?.kind === 'xfrm' && existing.ifId === tunnel.ifId && (existing.lower ?? leg) === leg;
  const settings = [...(isOurs && existing.mtu === tunnel.mtu ? [] : ['mtu', tunnel.mtu]), ...(isOurs && existing.isUp ? [] : ['up'])];
  return [
    // A leftover of another kind, or with another if_id or leg, can't be changed in place.
    ...(existing !== undefined && !isOurs ? [batchLine('link', 'delete', device)] : []),
    ...(isOurs ? [] : [batchLine('link', 'add', 'name', device, 'type', 'xfrm', 'dev', leg, 'if_id', tunnel.ifId)]),
    ...(settings.length === 0 ? [] : [batchLine('link', 'set', 'dev', device, ...settings)]),
  ];
}
