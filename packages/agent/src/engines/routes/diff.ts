/** What to change so that tunnel routes are as rendered. Pure. Adds and replacements first; unchanged routes are never touched. */
import type { ResourceId } from '@sallyport/model';
import { batchLine, isSameRouteKey, routeWords } from '@sallyport/protocols';
import type { IpRoute, NamespaceReading } from '@sallyport/protocols';
import { tunnelProtocol } from './render.ts';
import type { TunnelRoute } from './render.ts';

export type RouteAction = { readonly line: string; readonly connection: ResourceId | undefined };

export function diffTunnelRoutes(desired: readonly TunnelRoute[], reading: NamespaceReading): readonly RouteAction[] {
  const ours = reading.routes.filter((route) => route.protocol === tunnelProtocol);
  return [
    ...desired
      .filter((route) => !ours.some((other) => isEqual(route, other)))
      .map((route) => ({ line: batchLine('route', 'replace', ...routeWords(route)), connection: route.connection })),
    ...ours
      .filter((route) => !desired.some((other) => isSameRouteKey(other, route)))
      .map((route) => ({ line: batchLine('route', 'delete', ...routeWords(route)), connection: undefined })),
  ];
}

function isEqual(desired: IpRoute, observed: IpRoute): boolean {
  return (
    isSameRouteKey(desired, observed) &&
    desired.type === observed.type &&
    desired.source === observed.source &&
    desired.nextHops[0]?.device === observed.nextHops[0]?.device
  );
}
